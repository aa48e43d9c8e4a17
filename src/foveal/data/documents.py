"""The annotation files of a folder: each is parsed once, and belongs to the format that knows it.

A format says of the content of a file, not of its name, whether it is its own (`take`), and keeps what it
needs of it. So a file belongs to one format at most, a set in several formats is parsed once, and what
belongs to none can be named.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from foveal.data.encodings import content_of, decoded, sure_text
from foveal.data.file_tree import Tree
from foveal.data.unread import named
from foveal.data.xml_parsing import parse_xml
from foveal.data.yaml_parsing import LARGEST_YAML, yaml_value
from foveal.errors import DataError
from foveal.files import json_value
from foveal.wording import count

# Rows of a table that are looked at to tell what it is.
_HEAD = 50


class Takes(Protocol):
    """What this module asks of a format; see :class:`foveal.data.formats.table.Format`."""

    @property
    def name(self) -> str:
        """As the table calls it."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Of the files that it keeps something of."""

    @property
    def take(self) -> Callable[[Any, str], Any] | None:
        """Given a file's content and name: what the format keeps of it, None where it is not its own."""


@dataclass
class Documents:
    """The parsed files of a folder.

    Attributes
    ----------
    kept : dict of str to dict
        For each format what it keeps of its files, by their paths relative to the folder.
    broken : dict of str to str
        The files that cannot be parsed, each with the reason as a sentence.
    strange : dict of str to str
        The files that belong to no format, each with what it is.
    """

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)

    def of(self, format: str) -> dict[str, Any]:
        """What a format keeps of its files."""
        return self.kept.get(format, {})


def parse_documents(tree: Tree, formats: Iterable[Takes], files: Iterable[str] | None = None) -> Documents:
    """Parse the annotation files of a folder, each once.

    Parameters
    ----------
    tree : Tree
    formats : iterable of Format
        The first that takes a file has it.
    files : iterable of str, optional
        The files to look at; by default all.

    Returns
    -------
    Documents
    """
    documents = Documents()
    takers = [format for format in formats if format.take is not None]
    for file in tree.files if files is None else files:
        suffix = file[file.rfind(".") :].lower()
        parse = PARSERS.get(suffix)
        asked = [format for format in takers if suffix in format.suffixes]
        if parse is None or not asked:
            continue
        path = tree.path(file)
        try:
            content = parse(path)
            _hand_out(content, file, asked, documents)
        except DataError as error:
            documents.broken[file] = str(error)
        except MemoryError:
            documents.broken[file] = f"{path} cannot be read: there is too little memory for it."
    return documents


def _hand_out(content: Any, file: str, asked: Iterable[Takes], documents: Documents) -> None:
    """Give parsed content to the first format whose own it is."""
    for format in asked:
        assert format.take is not None
        kept = format.take(content, file)
        if kept is not None:
            documents.kept.setdefault(format.name, {})[file] = kept
            return
    documents.strange[file] = described(content)


def described(content: Any) -> str:
    """What parsed content is, for one who expected something else."""
    tool = named(content)
    return f"{_kind(content)}, as of {tool}" if tool else _kind(content)


def _kind(content: Any) -> str:
    if isinstance(content, Element):
        return f"XML whose root is <{local_name(content)}>"
    if isinstance(content, Table):
        return (
            f"a table with the columns {', '.join(content.columns[:8])}"
            if content.columns
            else "an empty table"
        )
    if isinstance(content, dict):
        return f"an object with the keys {_keys(content)}" if content else "an empty object"
    if isinstance(content, list):
        first = (
            f", the first with the keys {_keys(content[0])}"
            if content and isinstance(content[0], dict)
            else ""
        )
        return f"a list of {count(len(content), 'entry', 'entries')}{first}"
    return f"a single {type(content).__name__}"


def _keys(content: dict[Any, Any]) -> str:
    return ", ".join(str(key)[:40] for key in islice(content, 6))


# -- parsers --------------------------------------------------------------------------------------------


def text_of(path: Path) -> str:
    """The text of a file; see :func:`foveal.data.encodings.decoded`.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    return decoded(content_of(path))


def parse_json(path: Path) -> Any:
    """The value of a JSON file in any of Unicode's encodings.

    Raises
    ------
    DataError
        If it is not JSON, nested deeper than anything real, or cannot be read.
    """
    content = content_of(path)
    if not content[:1].strip() and not content.strip():
        raise DataError(f"{path} is empty.")
    text = sure_text(content)
    if text is None:
        raise DataError(f"{path} is in no encoding of Unicode's, as JSON has to be: save it as UTF-8.")
    # The text is all that is needed of it by now.
    del content
    try:
        return json_value(text)
    except ValueError as error:
        raise DataError(f"{path} is not well-formed JSON ({error}).") from error


def parse_json_lines(path: Path) -> list[Any]:
    """The values of a file with one JSON value a line.

    Raises
    ------
    DataError
        If a line is not JSON, or the file cannot be read.
    """
    values = []
    # JSON's texts hold separators that str.splitlines takes for the end of a line.
    for number, line in enumerate(io.StringIO(text_of(path), newline=None), 1):
        if not line.strip():
            continue
        try:
            values.append(json_value(line))
        except ValueError as error:
            raise DataError(f"Line {number} of {path} is not well-formed JSON ({error}).") from error
    return values


def local_name(element: Element) -> str:
    """The tag of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def parse_yaml(path: Path) -> Any:
    """The value of a YAML file; see :func:`foveal.data.yaml_parsing.yaml_value`.

    Raises
    ------
    DataError
        If it is not YAML or cannot be read.
    """
    content = content_of(path, largest=LARGEST_YAML)
    return yaml_value(content, decoded(content), str(path))


@dataclass(frozen=True)
class Table:
    """A CSV file: the words of its first line, and its rows.

    Attributes
    ----------
    path : pathlib.Path
    columns : list of str
        The words of the first line, which may be a row like the others.
    head : list of list of str
        The first rows, the first line among them.
    delimiter : str
    """

    path: Path
    columns: list[str]
    head: list[list[str]]
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that is not empty, the first line among them, with the number of its line.

        Raises
        ------
        DataError
            If the file is not CSV or cannot be read.
        """
        for line, row in self.exact_rows():
            yield line, [word.strip() for word in row]

    def exact_rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows with what is blank at the ends of words, as a program wrote them."""
        # A line ends as CSV's end, not wherever str.splitlines sees one: words hold other separators.
        lines = io.StringIO(text_of(self.path), newline="")
        # Of several blanks all but one only align the columns.
        blanks = self.delimiter == " "
        reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=blanks)
        try:
            for row in reader:
                # Excel's "sep=;" says what parts the columns.
                if reader.line_num == 1 and row and row[0].lower() == "sep=":
                    continue
                if any(word.strip() for word in row):
                    yield reader.line_num, row
        except csv.Error as error:
            raise DataError(f"Line {reader.line_num} of {self.path} is not CSV ({error}).") from error


def parse_table(path: Path) -> Table:
    """A CSV file, its columns separated by whatever its first line has most of.

    Raises
    ------
    DataError
        If it is not CSV or cannot be read.
    """
    first, _, rest = text_of(path).partition("\n")
    # A decimal comma is no reason to part columns by commas.
    delimiter = max(";\t|,", key=first.count)
    # Blanks part columns where nothing else does and the first two lines have as many words.
    words = len(first.split())
    second = rest.partition("\n")[0]
    if words > 2 and words == len(second.split()) and not any(mark in first + second for mark in ";\t|,"):
        delimiter = " "
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        delimiter = first[4]
    table = Table(path, [], [], delimiter)
    head = [row for _, row in islice(table.rows(), _HEAD)]
    return Table(path, head[0] if head else [], head, delimiter)


#: How files are parsed, by their suffixes in lower case.
PARSERS: dict[str, Callable[[Path], Any]] = {
    ".json": parse_json,
    ".jsonl": parse_json_lines,
    ".xml": parse_xml,
    ".yaml": parse_yaml,
    ".yml": parse_yaml,
    ".csv": parse_table,
    ".tsv": parse_table,
}
