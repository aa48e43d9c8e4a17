"""The rows of tables: which image, part and class each names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from foveal.data.dataset import Finding, SplitName
from foveal.data.documents import Documents, Table
from foveal.data.file_tree import Match, Tree, join
from foveal.data.formats.split_lists import from_folders, normalise
from foveal.data.formats.tables.cells import NOTHING, YES, number_of
from foveal.data.formats.tables.columns import Columns
from foveal.wording import count

# Rows that are looked at to tell which column names the images.
_TRIED = 200
# Broken lines of one file that get a finding each.
_NAMED = 50
# So many images that are not there get a finding each.
_MISSED = 10


@dataclass(frozen=True)
class Sheet:
    """A table that a format keeps, with what its columns are."""

    table: Table
    columns: Columns


@dataclass
class Rows:
    """What reads the rows of one table.

    Attributes
    ----------
    tree : Tree
    file : str
        Relative to the data folder.
    sheet : Sheet
        With its image's column in the first place.
    findings : list of Finding
    """

    tree: Tree
    file: str
    sheet: Sheet
    findings: list[Finding]
    _matches: dict[str, Match] = field(default_factory=dict)
    _broken: int = 0

    def __post_init__(self) -> None:
        columns = self.sheet.columns
        self.split = split_of(self.file)
        rows = list(self.sheet.table.rows())
        header = columns.header
        tried = rows[bool(header) :][:: max(1, len(rows) // _TRIED)]
        found = {
            i: sum(self.image(row[i]).image is not None for _, row in tried if len(row) > i)
            for i in columns.images
        }
        # max: of equal ones the first, which is the likeliest.
        image = max(columns.images, key=lambda i: found[i])
        self.matched = found[image] / max(1, len(tried))
        if header is None:
            header = bool(rows) and self.image(rows[0][1][image]).image is None
        names = tuple(i for i in columns.names if i != image)
        others = (*(i for i in columns.images if i != image),)
        self.columns = replace(columns, header=header, images=(image, *others), names=names)
        self._rows = rows[bool(header) :]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with the number of its line, as many cells as there are columns."""
        wide = len(self.sheet.table.columns)
        for line, row in self._rows:
            if len(row) != wide:
                if len(row) > wide and any(row[wide:]):
                    self.tell(line, f"has {count(len(row), 'column')} in place of {wide}")
                    continue
                row = [*row, *[""] * (wide - len(row))][:wide]
            yield line, row

    def image(self, name: str) -> Match:
        """The image that a cell names."""
        match = self._matches.get(name)
        if match is None:
            match = Match() if name.lower() in NOTHING else image_in(self.tree, name, self.file)
            self._matches[name] = match
        return match

    def split_in(self, row: Sequence[str]) -> SplitName | None:
        """The part that a row, or else the file's name, puts its image in."""
        columns = self.columns
        if columns.split is not None:
            return normalise(row[columns.split]) or self.split
        if columns.is_val is not None:
            return "val" if row[columns.is_val].lower() in YES else "train"
        return self.split

    def tell(self, line: int, what: str, left_out: str = "line") -> None:
        """Note what is wrong with a line; of many only how many there are."""
        self._broken += 1
        if self._broken <= _NAMED:
            text, action = f"Line {line} {what}.", f"The {left_out} is left out."
            self.findings.append(Finding("broken-object", "error", self.file, text, action))

    def close(self) -> None:
        """Note how many broken lines were not named."""
        if self._broken > _NAMED:
            text = f"{self._broken - _NAMED} further lines are broken."
            self.findings.append(Finding("broken-object", "error", self.file, text, "They are left out."))


def sheets_of(documents: Documents, *formats: str) -> dict[str, Sheet]:
    """The tables that some formats keep; those of a part of the data first, those of several parts last.

    A file without a part of its own may be the union of the others.
    """
    order = ("test", "val", "train", None)
    kept = {file: sheet for name in formats for file, sheet in documents.of(name).items()}
    return {file: kept[file] for file in sorted(kept, key=lambda file: (order.index(split_of(file)), file))}


def split_of(file: str) -> SplitName | None:
    """The part that a table's name or its folder tells."""
    word = _split_word(file)
    return normalise(word) if word else from_folders(file)


def _split_word(file: str) -> str | None:
    # trainLabels.csv
    words = re.findall(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+", file.rpartition("/")[2].rpartition(".")[0])
    return next((word for word in words if normalise(word) is not None), None)


def home_of(file: str) -> str:
    """A file whose nearest images are those of a list: ``train.csv`` speaks of ``train/``."""
    folder, _, name = file.rpartition("/")
    word = _split_word(file)
    return join(join(folder, word.lower()), name) if word else file


def image_in(tree: Tree, name: str, file: str) -> Match:
    """The image that a list names; of several that fit the one in a folder called like the list's part."""
    match = tree.image_named(name, near=home_of(file))
    split = split_of(file)
    if match.image is not None or split is None:
        return match
    fitting = [rival for rival in match.rivals if split in _parts(rival)]
    return Match(fitting[0]) if len(fitting) == 1 else match


def _parts(file: str) -> set[SplitName | None]:
    """The parts that words of its folders' names name: ``WIDER_train/images``."""
    return {normalise(word) for word in re.split(r"[^A-Za-z0-9]+", file.rpartition("/")[0])}


def is_submission(file: str) -> bool:
    """Whether a table shows what is to be handed in at Kaggle, in place of the truth."""
    return "submission" in file.rpartition("/")[2].lower()


def left_out(file: str, reason: str) -> Finding:
    """What is said of a table that is not read though it names images that are here."""
    if is_submission(file):
        return Finding("broken-annotation", "note", file, reason, "The table is left out.")
    return Finding("broken-annotation", "warning", file, reason, "The table is left out.")


def without_missing(
    tree: Tree, file: str, named: Iterable[tuple[str, Match]], findings: list[Finding]
) -> set[str]:
    """The names of images that are not there, where they are many; one finding says how many.

    Of a large set people often have a part of the images. A few are left to be named one by one.
    """
    pairs = list(named)
    missing = [name for name, match in pairs if match.image is None and not match.rivals]
    if len(missing) <= _MISSED or not tree.images:
        return set()
    text = f"{len(missing):,} of {len(pairs):,} pictures are not in the data set, such as {missing[0]}."
    findings.append(Finding("missing-image", "error", file, text, "Their annotations are left out."))
    return set(missing)


# -- classes --------------------------------------------------------------------------------------------


def best_names(rows: Rows, content: Sequence[tuple[int, Sequence[str]]]) -> int | None:
    """The column of the class: of several that may be it, words before numbers, and the usual name first.

    Where two columns of words put the rows in different classes, a finding says which counts.
    """
    names, said = rows.columns.names, rows.sheet.table.columns

    def is_number(i: int) -> bool:
        return all(number_of(row[i]) is not None for _, row in content if row[i].lower() not in NOTHING)

    numbers = {i: is_number(i) for i in names}
    best = min(names, key=lambda i: numbers[i], default=None)
    rivals = [i for i in names if i != best and not numbers[i]]
    if best is None or numbers[best] or not rows.columns.named:
        return best
    for i in rivals:
        pairs = {(row[best], row[i]) for _, row in content}
        # Names of the same classes in another language tell nothing else.
        if len(pairs) > min(len({pair[k] for pair in pairs}) for k in (0, 1)):
            text = f"The columns {said[best]} and {said[i]} both may be the class."
            action = f"{said[best]} counts: take the other's name away to change that."
            rows.findings.append(Finding("table-columns", "note", rows.file, text, action))
    return best
