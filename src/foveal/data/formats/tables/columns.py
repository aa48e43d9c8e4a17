"""Which column of a table says what: read off the words of its first line, else off what stands in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from foveal.data.documents import Table
from foveal.data.file_tree import is_image
from foveal.data.formats.box_layouts import Layout
from foveal.data.formats.split_lists import normalise
from foveal.data.formats.tables import words as called
from foveal.data.formats.tables.cells import NOTHING, boxes_in, number_of, outline_in
from foveal.data.formats.tables.words import Words, all_of, is_known, plain


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are, by their numbers.

    Attributes
    ----------
    header : bool or None
        Whether the first line names them; None where only the images' names can tell.
    images, names : tuple of int
        Those that may name the image, and the class; the likeliest first.
    box : tuple of int
        Four, in the order of the layout; empty where no columns are.
    layout : str or None
        None where the columns' names do not tell.
    text : int or None
        One that holds whole boxes as text; outlines where ``outlined``.
    outline : tuple of int
        x and y of corners by turns; the box is what they span.
    size : tuple of int
        Width and height of the image, where there are such.
    one_hot : tuple of int
        One a class, each 0 or 1.
    named : bool
        Whether the words of the first line told all this, not what stands in the columns.
    masks : bool
        Whether there are masks as run lengths, and nothing else.
    """

    header: bool | None
    images: tuple[int, ...]
    names: tuple[int, ...]
    box: tuple[int, ...] = ()
    layout: Layout | None = None
    text: int | None = None
    outlined: bool = False
    outline: tuple[int, ...] = ()
    size: tuple[int, ...] = ()
    split: int | None = None
    is_val: int | None = None
    crowd: int | None = None
    difficult: int | None = None
    score: int | None = None
    one_hot: tuple[int, ...] = ()
    named: bool = False
    masks: bool = False

    @property
    def has_boxes(self) -> bool:
        """Whether there are boxes, or classes of whole images only."""
        return bool(self.box or self.outline) or self.text is not None


def columns_of(table: Table) -> Columns | None:
    """What the columns of a table are; None where it is none of images.

    Parameters
    ----------
    table : Table

    Returns
    -------
    Columns or None
    """
    words = [plain(word) for word in table.columns]
    numeric = any(number_of(word) is not None for word in table.columns if word.strip())
    files = any(is_image(word) for word in table.columns)
    said = any(is_known(word) for word in words)
    if said and not files and (not numeric or any(word in called.IMAGES for word in words)):
        return _by_names(table, words)
    return _by_content(table, header=False if numeric or files else None)


def _by_names(table: Table, words: list[str]) -> Columns | None:
    ask = Words(words)
    if ask.exact("regionshapeattributes", "regioncount") is not None:
        return None  # VIA's own
    images = tuple(i for name in called.IMAGES for i, word in enumerate(words) if word == name)
    names = [i for name in called.NAMES for i, word in enumerate(words) if word == name]
    if not images:
        # Columns of file names, whatever they are called: `name,label`.
        images = tuple(i for i in range(len(words)) if _are_files(_filled(table.head[1:], i)))
    names = [i for i in names if i not in images[:1]]
    outline = _outline_columns(ask)
    box, layout, size = _box_columns(ask)
    if outline:
        box, layout = (), None
    text, outlined = None, False
    if not box and not outline:
        text, outlined = _text_column(table, words, {*images})
        layout = _text_layout(table, words, text) if text is not None else None
    split, is_val = _split_column(table, ask, {*images, *names, *box}), ask.exact(*called.IS_VAL)
    known = {*images, *names, *box, *size, *outline, text, split, is_val}
    left = [i for i in range(len(words)) if i not in known and words[i]]
    columns = Columns(
        header=True,
        images=images,
        names=tuple(i for i in names if i not in (text, *box, *size, *outline)),
        box=box,
        layout=layout,
        text=text,
        outlined=outlined,
        outline=outline,
        size=size,
        split=split,
        is_val=is_val,
        crowd=ask.exact(*called.CROWD),
        difficult=ask.exact(*called.DIFFICULT),
        score=ask.exact(*called.SCORES),
        named=True,
    )
    if columns.has_boxes:
        # Beside boxes the column that names the image may be called anything.
        return columns if images else replace(columns, images=tuple(left)) if left else None
    if any(word in called.MASKS for word in words):
        return replace(columns, names=(), masks=True) if images else None
    if not images:
        # ClassId,Name: what numbers mean; or two words of which only the images tell.
        return Columns(None, (0, 1), (1, 0)) if len(words) == 2 else None
    return _labels(table, columns, left)


def _labels(table: Table, columns: Columns, left: list[int]) -> Columns | None:
    """The columns of a table of whole images: one with the class, or one a class."""
    rows = table.head[1:]

    def binary(i: int) -> bool:
        cells = [row[i] for row in rows if len(row) > i]
        return bool(cells) and all(number_of(cell) in (0, 1) for cell in cells)

    ones = [i for i in (*left, *columns.names) if binary(i)]
    single = all(sum(number_of(row[i]) == 1 for i in ones if len(row) > i) == 1 for row in rows)
    if len(ones) >= 2 and (not columns.names or (single and len(ones) == len(left) + len(columns.names))):
        return replace(columns, names=(), one_hot=tuple(sorted(ones)))
    if columns.names:
        return columns
    if len(left) == 1:
        return replace(columns, names=(left[0],))
    others = columns.images[1:]
    if not left and len(others) == 1:
        return replace(columns, images=columns.images[:1], names=others)
    # Which of several is the class has to be said: the reader does.
    return columns if left else None


def _box_columns(ask: Words) -> tuple[tuple[int, ...], Layout | None, tuple[int, ...]]:
    """The columns of a box, their layout, and the columns of the image's size."""
    image = ask.pair(called.WIDTH, called.HEIGHT)
    whole = all_of(ask.exact("width"), ask.exact("height"))
    right, bottom = ask.one(*called.RIGHT), ask.one(*called.BOTTOM)
    left, top = ask.one(*called.LEFT), ask.one(*called.TOP)
    if ask.one("x0") is not None and ask.one("x2") is None:  # x0, y0, x1, y1
        left, top, right, bottom = (ask.one(name) for name in ("x0", "y0", "x1", "y1"))
    if corners := all_of(left, top, right, bottom):
        return corners, "corners", image or whole
    sides = ask.pair(called.W, called.H) or ask.pair(["width"], ["height"])
    size = image or (() if set(whole) & set(sides) else whole)
    if sides and (centre := ask.pair(called.CENTRE_X, called.CENTRE_Y)):
        return (*centre, *sides), "centres", size
    if sides and (first := all_of(left, top)):
        return (*first, *sides), "sides", size
    if sides and (first := ask.pair(called.X, called.Y)):
        # x and y are the upper left corner, unless the boxes fit as centres alone.
        return (*first, *sides), None, size
    return (), None, image or whole


def _outline_columns(ask: Words) -> tuple[int, ...]:
    pairs = [all_of(ask.one(f"x{n}"), ask.one(f"y{n}")) for n in range(1, 9)]
    found = tuple(place for pair in pairs for place in pair)
    return found if len(found) >= 6 else ()


def _text_column(table: Table, words: list[str], images: set[int]) -> tuple[int | None, bool]:
    """The column that holds whole boxes as text, and whether it holds outlines in their place."""
    places = [i for i in range(len(words)) if i not in images and words[i] not in called.MASKS]
    for i in sorted(places, key=lambda i: words[i] not in called.BOXES):
        cells = _filled(table.head[1:], i)
        if words[i] in called.OUTLINES and _most(cells, outline_in):
            return i, True
        if _most(cells, boxes_in) or (words[i] in called.BOXES and any(map(boxes_in, cells))):
            return i, False
    # Boxes that are not understood are told line by line; the table is none of whole images.
    for i in places:
        if words[i].startswith(("bbox", "boundingbox")) and _most(_filled(table.head[1:], i), _is_text):
            return i, False
    return None, False


def _is_text(cell: str) -> str | None:
    return cell if number_of(cell) is None else None


def _text_layout(table: Table, words: list[str], text: int) -> Layout | None:
    """The layout of boxes in a column of text, as far as its name or its cells tell."""
    if any(cell.startswith(("{", "[{")) for cell in _filled(table.head[1:], text)):
        return "sides"  # with x, y, width and height by their names
    return called.BOXES.get(words[text])


def _are_files(cells: list[str]) -> bool:
    return bool(cells) and all(is_image(cell) for cell in cells)


def _split_column(table: Table, ask: Words, others: set[int]) -> int | None:
    """The column that says of each image which part it is in."""
    said = ask.exact(*called.SPLITS)
    for i in [*([] if said is None else [said]), *(i for i in range(len(ask.words)) if i not in others)]:
        cells = _filled(table.head[1:], i)
        if cells and all(_split_word(cell) for cell in cells):
            return i
    return None


def _filled(rows: list[list[str]], column: int) -> list[str]:
    return [row[column] for row in rows if len(row) > column and row[column].lower() not in NOTHING]


def _most(cells: list[str], read: Callable[[str], object]) -> bool:
    """Whether most of some cells can be read; a few may be broken."""
    return bool(cells) and 3 * sum(read(cell) is not None for cell in cells) >= 2 * len(cells)


def _by_content(table: Table, *, header: bool | None) -> Columns | None:
    """The columns of a table whose first line does not name them."""
    rows = table.head if header is False else table.head[1:]
    count = len(table.columns)
    if not rows or count < 2:
        return None
    cells = [_filled(rows, i) for i in range(count)]
    if cells[0] and all(_split_word(cell) for cell in cells[0]) and count >= 3:
        # Google's AutoML: part, path, class, and up to four corners, of which two may be blank.
        return Columns(header, (1,), (2,), outline=tuple(range(3, 11)) if count >= 11 else (), split=0)
    files = [sum(is_image(cell) for cell in column) for column in cells]
    image = files.index(max(files))
    numeric = [i for i in range(count) if i != image and _most(cells[i], number_of)]
    names = tuple(i for i in range(count) if cells[i] and i not in (image, *numeric))
    if not cells[image]:
        return None
    if not names and len(numeric) == 5:
        names, numeric = (numeric[4],), numeric[:4]
    if len(numeric) == 4:
        return Columns(header, (image,), names, tuple(numeric))
    if (image, *names) == (0, 3) and numeric == [1, 2, 4, 5, 6, 7]:
        return Columns(header, (0,), (3,), (4, 5, 6, 7), size=(1, 2))  # TensorFlow's object detection
    if (image, *names) == (0, 5) and numeric == [1, 2, 3, 4, 6, 7]:
        return Columns(header, (0,), (5,), (1, 2, 3, 4), size=(6, 7))  # SKU-110K
    if (*names, image) == (0, 5) and numeric == [1, 2, 3, 4, 6, 7]:
        return Columns(header, (5,), (0,), (1, 2, 3, 4), size=(6, 7))  # makesense.ai
    if count == 6 and len([column for column in cells if column]) <= 2 and files[image]:
        return Columns(header, (0,), (5,), (1, 2, 3, 4))  # background alone
    if count == 2:
        return Columns(header, (0, 1), (1, 0))
    return None


def _split_word(cell: str) -> bool:
    return normalise(cell) is not None or cell.lower() == "unassigned"
