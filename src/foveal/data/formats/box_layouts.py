"""Which of the usual layouts four numbers of a box are, told by all boxes of a set together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Finding
from foveal.data.file_tree import Tree
from foveal.data.formats.records import Record
from foveal.errors import DataError, ImageError
from foveal.images import probe

Layout = Literal["corners", "sides", "centres", "spans"]

#: As sentences call them.
CALLED: dict[Layout, str] = {
    "corners": "x1, y1, x2, y2",
    "sides": "x, y, width, height",
    "centres": "centre x, centre y, width, height",
    "spans": "x1, x2, y1, y2",
}
# A layout fits where no more of the boxes than this share are turned inside out or stick out of their image.
_MISFITS = 0.05
# So many of a set's numbers lie between 0 and 1 at least where they are shares of the images' sizes.
_SHARES = 0.9
# Images whose headers are looked at to tell a layout.
_LOOKED_AT = 500


@dataclass(frozen=True)
class Verdict:
    """The layout that fits best, and the others that fit the boxes as well."""

    layout: Layout
    also: tuple[Layout, ...] = ()


def corners_of(numbers: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """The corners ``x1, y1, x2, y2`` of boxes that are written in a layout.

    Parameters
    ----------
    numbers : ndarray of shape (N, 4), float64
    layout : {"corners", "sides", "centres", "spans"}

    Returns
    -------
    ndarray of shape (N, 4), float64

    Examples
    --------
    >>> corners_of(np.array([[10.0, 5.0, 20.0, 20.0]]), "sides")
    array([[10.,  5., 30., 25.]])
    """
    if layout == "spans":
        return numbers[:, [0, 2, 1, 3]]
    if layout == "corners":
        return numbers
    first, sides = numbers[:, :2], numbers[:, 2:]
    if layout == "centres":
        first = first - sides / 2
    return np.concatenate([first, first + sides], axis=1)


def are_shares(numbers: NDArray[np.float64]) -> bool:
    """Whether boxes are written in shares of their images' sizes rather than in pixels.

    Parameters
    ----------
    numbers : ndarray of shape (N, 4), float64
        Of the whole set: one box tells nothing. A few that stick out do no harm.
    """
    return numbers.size > 0 and float(np.mean(np.abs(numbers) <= 1)) >= _SHARES


def layout_of(
    numbers: NDArray[np.float64], sizes: NDArray[np.float64], candidates: Sequence[Layout]
) -> Verdict:
    """Which layout makes boxes that lie in their images.

    Parameters
    ----------
    numbers : ndarray of shape (N, 4), float64
        All boxes of the set, in pixels or shares.
    sizes : ndarray of shape (N, 2), float64
        Width and height of each box's image in the same units; NaN where it is not known.
    candidates : sequence of {"corners", "sides", "centres", "spans"}
        The likeliest first.

    Returns
    -------
    Verdict
    """
    wrong = {layout: _misfits(corners_of(numbers, layout), sizes) for layout in candidates}
    fitting = [layout for layout in candidates if wrong[layout] <= _MISFITS]
    if fitting:
        return Verdict(fitting[0], tuple(fitting[1:]))
    best = min(candidates, key=lambda layout: wrong[layout])
    return Verdict(best, tuple(o for o in candidates if o != best and wrong[o] < 2 * wrong[best]))


def as_usual(verdict: Verdict, usual: Layout | None, file: str, mend: str) -> Finding | None:
    """What is to be said of a layout that the boxes told.

    Parameters
    ----------
    verdict : Verdict
    usual : str or None
        The layout that the file's format documents: it counts where others fit as well, with a note.
    file : str
    mend : str
        What makes the layout sure, as the beginning of a sentence.

    Raises
    ------
    DataError
        If several layouts fit and none of them is usual.
    """
    called, also = CALLED[verdict.layout], " or ".join(CALLED[layout] for layout in verdict.also)
    if not also:
        if usual in (None, verdict.layout):
            return None
        assert usual is not None
        text = f"The boxes are {called}, not {CALLED[usual]} as is usual: only so do they fit."
        return Finding("table-columns", "warning", file, text, f"{mend} to make it sure.")
    if verdict.layout == usual:
        text = f"The boxes are read as {called}, as is usual; all would fit as {also} too."
        return Finding("table-columns", "note", file, text, f"{mend} to make it sure.")
    raise DataError(
        f"The boxes of {file} may be {called} or {also}: they fit as each, and nothing tells. {mend}."
    )


def _misfits(boxes: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """The share of the boxes that are empty, turned inside out or stick out by more than a little."""
    if not len(boxes):
        return 0.0
    slack = np.where(sizes > 1, np.maximum(2, 0.02 * sizes), 0.02)
    # Comparisons with NaN are False: of an image whose size is not known only the order counts.
    wrong = (boxes[:, 2:] <= boxes[:, :2]) | (boxes[:, :2] < -slack) | (boxes[:, 2:] > sizes + slack)
    return float(np.mean(wrong.any(axis=1)))


def sizes_of(tree: Tree, records: Sequence[Record]) -> NDArray[np.float64]:
    """The sizes of the records' images, as they say themselves, else from the headers of some of the images.

    Returns
    -------
    ndarray of shape (N, 2), float64
        NaN where a size is not known.
    """
    sizes = np.array([(r.width, r.height) for r in records], np.float64).reshape(-1, 2)
    sizes[~(sizes > 0).all(axis=1)] = np.nan
    unknown = [i for i, r in enumerate(records) if r.image is not None and np.isnan(sizes[i, 0])]
    for i in unknown[:: max(1, len(unknown) // _LOOKED_AT)]:
        try:
            info = probe(tree.path(records[i].image or ""))
        except ImageError:
            continue
        sizes[i] = info.width, info.height
    return sizes
