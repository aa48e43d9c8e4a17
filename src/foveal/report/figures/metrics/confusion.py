"""What is taken for what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import name_axes, new_axes, say_instead
from foveal.report.figures.canvas import (
    ACCENT,
    FULL_WIDTH,
    HALF_WIDTH,
    INK,
    MOST_CLASSES,
    TEXT_SIZE,
    WRONG,
    largest,
    new_figure,
)
from foveal.report.figures.cells import add_cell_key, draw_cells
from foveal.report.wording import shorten


def draw_confusion(matrix: ArrayLike, names: Sequence[str], *, background: bool = False) -> Figure:
    """A confusion matrix: counts in cells, right ones in blue and wrong ones in orange.

    Parameters
    ----------
    matrix : array-like of shape (K, K), or (K + 1, K + 1) with ``background``
        Rows are the truth, columns what was predicted.
    names : sequence of K str
    background : bool
        Whether the last row (boxes that match no object) and the last column (objects that nothing
        was said of) stand for the background.

    Returns
    -------
    matplotlib.figure.Figure
        The stronger a cell, the more of its row it is; below is a key. A cell of the last row, boxes that
        match no object, is shaded by its share of all that was predicted to be its class: of its own row
        it would be the more, the fewer there are. With more than 20 classes, the 20 with the most examples
        and most often predicted; the others are added up as "other classes".

    Raises
    ------
    ValueError
        If the matrix has another shape.

    Examples
    --------
    >>> figure = draw_confusion([[8, 1, 1], [0, 5, 0], [2, 0, 0]], ["cat", "dog"], background=True)
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['cat', 'dog', 'no match']
    """
    counts = np.asarray(matrix, dtype=np.float64)
    side = len(names) + int(background)
    if counts.shape != (side, side):
        raise ValueError(
            f"The confusion matrix has shape {counts.shape}, but {len(names)} names"
            f"{' and the background' if background else ''} need {(side, side)}."
        )
    shown, title = [shorten(name, 20) for name in names], ""
    if len(names) > MOST_CLASSES:
        counts, frequent = _fold(counts, len(names), background)
        shown = [*(shown[k] for k in frequent), "other classes"]
        title = f"The {MOST_CLASSES} most frequent of {len(names)} classes"
    rows = [*shown, "no match"] if background else shown
    columns = [*shown, "missed"] if background else shown
    if not len(names):
        return say_instead("There are no classes.")
    size = HALF_WIDTH, max(3.2, 1.9 + 0.33 * len(rows))
    if len(rows) > 9:
        size = min(FULL_WIDTH, 2.6 + 0.42 * len(rows)), min(8.0, 2.0 + 0.4 * len(rows))
    figure = new_figure(*size)
    axes = new_axes(figure, grid=None)
    totals = counts.sum(axis=1, keepdims=True)
    shades = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    wrong = ~np.eye(len(counts), dtype=bool)
    if background:
        predicted = counts.sum(axis=0)
        np.divide(counts[-1], predicted, out=shades[-1], where=predicted > 0)
    small = len(rows) > 12
    texts = [[f"{v:,.0f}" if v else ("" if small else "·") for v in row] for row in counts]
    if background:
        # Nothing can be predicted rightly about the background: there is no such count.
        shades[-1, -1], texts[-1][-1] = np.nan, ""
    size_of_text = TEXT_SIZE - 2 if small else TEXT_SIZE
    draw_cells(axes, shades, texts, rows, columns, wrong=wrong, text_size=size_of_text)
    if background:
        for line in (axes.axhline, axes.axvline):
            line(len(rows) - 1.5, color=INK, linewidth=1, alpha=0.5)
    name_axes(axes, "predicted", "true", title)
    share = "0 to 100 % of the row" + (" (no match: of the column)" if background else "")
    add_cell_key(figure, [(ACCENT, f"right, {share}"), (WRONG, "wrong, likewise")])
    return figure


def _fold(
    counts: NDArray[np.float64], classes: int, background: bool
) -> tuple[NDArray[np.float64], list[int]]:
    """Add up all but the most frequent classes as one."""
    weight = counts[:classes].sum(axis=1) + counts[:, :classes].sum(axis=0)
    shown = largest(weight.tolist())
    target = np.full(len(counts), len(shown))
    target[shown] = np.arange(len(shown))
    if background:
        target[-1] = len(shown) + 1
    size = len(shown) + 1 + int(background)
    folded = np.zeros((size, size))
    np.add.at(folded, (target[:, None], target[None, :]), counts)
    return folded, shown
