"""YAML as people write it: every scalar a text, and what is nearly YAML where its meaning is certain."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, islice
from typing import Any

from foveal.errors import DataError
from foveal.files.nesting import DEEPEST

#: Bytes of a YAML file: PyYAML reads some 200,000 a second. A file that names the 21,841 classes of the whole
#: ImageNet has 1 MB.
LARGEST_YAML = 4_000_000
# Lists, mappings and texts, those that references repeat counted each time: that file has 44,000.
_MOST_NODES = 1_000_000
# Documents of one file; all but one are beside the point.
_MOST_DOCUMENTS = 100


def yaml_value(content: bytes, text: str, name: str) -> Any:
    r"""The value of a YAML file, every scalar of it as the text that stands there: ``no``, ``007``.

    Of several documents that are mappings the entries are put together, the first counts. Tabs for indents
    and backslashes in double quotes, as in ``"C:\Users"``, are no YAML, and read where their meaning is
    certain. Tags make no objects: those of tuples and texts are read, others refused. What references
    (``*name``) repeat counts each time, and nothing may hold itself.

    Parameters
    ----------
    content : bytes
        Of the file.
    text : str
        The content as text; what could not be decoded is U+FFFD.
    name : str
        The file's, for sentences.

    Raises
    ------
    DataError
        If it is not YAML, or its value is larger or deeper than that of any real file.

    Examples
    --------
    >>> text = "names: [yes, 007]"
    >>> yaml_value(text.encode(), text, "data.yaml")
    {'names': ['yes', '007']}
    """
    import yaml

    if "\ufffd" in text:
        # Letters in comments do no harm; a name in an unknown encoding cannot be told.
        text = content.decode("latin-1")
        said = [line.partition("#")[0] for line in text.splitlines()]
        line = next((number for number, words in enumerate(said, 1) if not words.isascii()), 0)
        if line:
            raise DataError(f"Line {line} of {name} is not UTF-8: save the file as UTF-8.")
    # ASCII's control characters, which editors and systems leave behind, have no place in YAML.
    text = "".join(character for character in text if character >= " " or character in "\t\n\r\x85")
    # The time that PyYAML takes grows with the square of how many brackets are open.
    if max(accumulate((c in "[{") - (c in "]}") for c in text), default=0) > DEEPEST:
        raise DataError(f"{name} is not well-formed YAML (it is nested more than {DEEPEST} deep).")
    try:
        return _value(text)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        first = error
    for repaired in (_escaped(text), *_without_tabs(text)):
        try:
            return _value(repaired)
        except (yaml.YAMLError, ValueError, RecursionError, TypeError):
            continue
    why = " ".join(str(first).replace('in "<unicode string>", ', "at ").split())
    raise DataError(f"{name} is not well-formed YAML ({why}).") from first


def _escaped(text: str) -> str:
    """YAML with the backslashes inside double quotes doubled, where a path of Windows was meant."""
    return re.sub(r'"[^"\n]*"', lambda match: match[0].replace("\\", "\\\\"), text)


def _without_tabs(text: str) -> Iterator[str]:
    """YAML whose indents are blanks instead of tabs, where it says the same for every width of a tab."""
    import yaml

    if "\t" not in text:
        return
    narrow, wide = (_escaped(text.expandtabs(width)) for width in (2, 8))
    try:
        same = _events(narrow) == _events(wide)
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    if same:
        yield narrow


def _events(text: str) -> list[tuple[str, Any, Any]]:
    """What a parser sees; values themselves may repeat each other too often to be compared."""
    import yaml

    events = yaml.parse(text, Loader=yaml.SafeLoader)
    return [(type(e).__name__, getattr(e, "value", None), getattr(e, "anchor", None)) for e in events]


def _value(text: str) -> Any:
    import yaml

    read = islice(yaml.load_all(text, Loader=_text_loader()), _MOST_DOCUMENTS)
    documents = [value for value in read if value not in ("", None)]
    if len(documents) > 1 and all(isinstance(value, dict) for value in documents):
        return {key: value for document in reversed(documents) for key, value in document.items()}
    return documents[0] if documents else None


@cache
def _text_loader() -> Any:
    """A loader of YAML that makes texts, lists and mappings and nothing else."""
    import yaml

    def refused(why: str, event: Any) -> Exception:
        return yaml.composer.ComposerError(None, None, why, event.start_mark)

    class TextLoader(yaml.SafeLoader):
        # Nothing is a number, a date or a reference to be merged.
        yaml_implicit_resolvers = {}  # noqa: RUF012

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self._sizes: dict[Any, int] = {}
            self._nodes = self._depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            """A node, unless with it there are too many, those that references repeat counted each time."""
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            if self._depth > DEEPEST:
                raise refused(f"it is nested more than {DEEPEST} deep", event)
            before = self._nodes
            if isinstance(event, yaml.AliasEvent):
                node = super().compose_node(parent, index)
                if node not in self._sizes:
                    raise refused(f"*{event.anchor} stands inside of what it refers to", event)
                self._nodes += self._sizes[node]
            else:
                self._nodes += 1
                self._depth += 1
                node = super().compose_node(parent, index)
                self._depth -= 1
                self._sizes[node] = self._nodes - before
            if self._nodes > _MOST_NODES:
                raise refused(f"it holds more than {_MOST_NODES:,} values", event)
            return node

        def flatten_mapping(self, node: Any) -> None:
            """Nothing is merged, not even where a tag asks for it: it could repeat itself without end."""

    def text(loader: Any, node: Any) -> str:
        return str(loader.construct_scalar(node))

    def items(loader: Any, node: Any) -> list[Any]:
        return list(loader.construct_sequence(node, deep=True))

    for word in ("null", "bool", "int", "float", "timestamp", "binary"):
        TextLoader.add_constructor(f"tag:yaml.org,2002:{word}", text)
    for word in ("str", "unicode", "int", "float", "bool"):
        TextLoader.add_constructor(f"tag:yaml.org,2002:python/{word}", text)
    for word in ("tuple", "list"):
        TextLoader.add_constructor(f"tag:yaml.org,2002:python/{word}", items)
    return TextLoader
