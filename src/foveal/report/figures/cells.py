"""A table of coloured cells with their numbers: what heat maps are drawn with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import add_legend, name_rows
from foveal.report.figures.canvas import ACCENT, GRID, INK, TEXT_SIZE, WRONG

# At most so opaque, the accent colour leaves the ink on it readable on light pages and on dark ones.
_STRONGEST = 0.55


def draw_cells(
    axes: Axes,
    shades: NDArray[np.float64],
    texts: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    marked: tuple[int, int] | None = None,
    wrong: NDArray[np.bool_] | None = None,
    text_size: float = TEXT_SIZE,
) -> None:
    """Fill axes with cells: the stronger the shade, the more of the accent colour.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    shades : ndarray of shape (R, C)
        From 0 to 1; NaN leaves a cell empty.
    texts : R sequences of C str
    rows, columns : sequences of str
        The names beside the cells, drawn from top to bottom and left to right.
    marked : tuple of two int, optional
        Row and column of a cell to be framed.
    wrong : ndarray of shape (R, C), bool, optional
        Cells that count errors: they are filled with the colour of what is wrong.
    text_size : float
        In points.
    """
    from matplotlib.patches import Rectangle

    for (i, j), shade in np.ndenumerate(shades):
        if np.isfinite(shade):
            color = WRONG if wrong is not None and wrong[i, j] else ACCENT
            opaque = cell_opacity(float(shade))
            if shade <= 0:
                color, opaque = GRID, 0.35
            axes.add_patch(
                Rectangle((j - 0.48, i - 0.48), 0.96, 0.96, facecolor=color, alpha=opaque, linewidth=0)
            )
        if texts[i][j]:
            axes.text(
                j, i, texts[i][j], ha="center", va="center", color=INK, fontsize=text_size, parse_math=False,
                fontweight="bold" if marked == (i, j) else "normal",
            )  # fmt: skip
    if marked is not None:
        corner = marked[1] - 0.48, marked[0] - 0.48
        axes.add_patch(Rectangle(corner, 0.96, 0.96, facecolor="none", edgecolor=INK, linewidth=1.8))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    upright = sum(len(name) for name in columns) > 9 * axes.get_figure().get_figwidth()  # type: ignore[union-attr]
    slanted: Any = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if upright else {}
    axes.set_xticks(range(len(columns)), columns, parse_math=False, color=INK, fontsize=text_size, **slanted)
    name_rows(axes, rows, size=text_size)


def cell_opacity(shade: float) -> float:
    """How opaque a cell of a shade above 0 is: a small one is still seen."""
    return _STRONGEST * min(1.0, max(0.06, shade))


def add_cell_key(figure: Figure, rows: Sequence[tuple[str, str]]) -> None:
    """Below the cells, what their colours mean, each as a row of rising shades.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    rows : sequence of (color, words)
        The words of the shades from 0 to 1.
    """
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.patches import Patch

    shades = (0.1, 0.3, 0.5, 0.75, 1.0)
    handles = [
        tuple(Patch(facecolor=color, alpha=cell_opacity(s), linewidth=0) for s in shades) for color, _ in rows
    ]
    add_legend(
        figure, handles, [words for _, words in rows], location="outside lower left", framealpha=0.0,
        handlelength=4.0, handler_map={tuple: HandlerTuple(ndivide=None, pad=0.0)},
    )  # fmt: skip
