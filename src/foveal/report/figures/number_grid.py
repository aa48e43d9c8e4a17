"""Small arrays as cells with their numbers in them: pixels in grey, other numbers in blue and orange."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.windows import Pair, pair
from foveal.report.figures.canvas import GRID, INK, MUTED, SERIES, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import look_at

POSITIVE, NEGATIVE = SERIES[0], SERIES[1]
# What is looked at: to be told from grey pixels and from both colours of numbers.
MARK = SERIES[3]
# At most so opaque, a colour leaves the ink on it readable on light pages and on dark ones.
_STRONGEST = 0.5
_SMALLEST_TEXT = 4.6
# A letter's width and a cell's usable part, in terms of the size of letters and of the cell.
_LETTER, _USABLE = 0.62, 0.77
MOST_CELLS = 64
# Around and between several grids, and for a title above one; in inches.
MARGIN, GAP, TITLE = 0.12, 0.62, 0.3
LARGEST_CELL = 0.5


class NumberSheet:
    """A figure whose axes are measured in inches, from the upper left corner, and cover it all.

    Parameters
    ----------
    width, height : float
        In inches.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes
    """

    def __init__(self, width: float, height: float) -> None:
        self.figure = new_figure(width, height)
        # Nothing is left to arrange.
        self.figure.set_layout_engine("none")
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.clear()

    def clear(self) -> None:
        """Bare axes in inches."""
        self.axes.clear()
        self.axes.set_axis_off()
        look_at(self.axes, 0, 0, *self.figure.get_size_inches())

    def draw(
        self,
        values: NDArray[Any],
        corner: tuple[float, float],
        cell: float,
        *,
        pixels: bool = False,
        strongest: float | None = None,
        texts: list[list[str]] | None = None,
    ) -> None:
        """Draw an array on a sheet.

        Parameters
        ----------
        values : ndarray of shape (R, C)
            NaN leaves a cell empty.
        corner : (float, float)
            Left and upper end, in inches.
        cell : float
            The side of a cell, in inches.
        pixels : bool
            Grey levels, from black for the lowest number (0, for bytes) to white; else blue for what is above
            0 and orange for what is below, the stronger the farther.
        strongest : float, optional
            The magnitude of the strongest colour, or white; by default the largest there is.
        texts : list of lists of str, optional
            What is written in the cells that are not empty; by default the numbers.
        """
        from matplotlib.colors import to_rgb

        rows, columns = values.shape
        left, top = corner
        numbers = np.where(np.isfinite(values), values, 0).astype(np.float64)
        colors = np.zeros((rows, columns, 4))
        if pixels:
            low, high = _range_of_grey(values, strongest)
            grey = np.clip((numbers - low) / (high - low), 0, 1)
            colors[..., :3], colors[..., 3] = grey[..., None], 1.0
        else:
            most = strongest or np.abs(numbers).max() or 1.0
            colors[..., :3] = np.where((numbers < 0)[..., None], to_rgb(NEGATIVE), to_rgb(POSITIVE))
            colors[..., 3] = _STRONGEST * np.clip(np.abs(numbers) / most, 0, 1)
        colors[np.isnan(values.astype(np.float64)), 3] = 0
        extent = (left, left + columns * cell, top + rows * cell, top)
        self.axes.imshow(colors, extent=extent, interpolation="nearest", aspect="auto", zorder=1)
        for i in range(rows + 1):
            self.axes.plot([extent[0], extent[1]], [top + i * cell] * 2, color=GRID, linewidth=0.7, zorder=2)
        for j in range(columns + 1):
            self.axes.plot([left + j * cell] * 2, [extent[3], extent[2]], color=GRID, linewidth=0.7, zorder=2)
        texts = format_numbers(values) if texts is None else texts
        size = fitting_size(texts, cell)
        if not size:
            return
        for i in range(rows):
            for j in range(columns):
                if colors[i, j, 3] == 0 and np.isnan(float(values[i, j])):
                    continue
                # On a pixel, which has its own grey on any page, the ink is not the page's.
                ink = ("#000000" if colors[i, j, 0] > 0.45 else "#ffffff") if pixels else INK
                self.write(texts[i][j], left + (j + 0.5) * cell, top + (i + 0.5) * cell, size, ink)

    def draw_padding(
        self, values: NDArray[Any], pads: tuple[int, int], corner: tuple[float, float], cell: float, text: str
    ) -> None:
        """Dashed cells around an array whose padded upper left corner lies at ``corner``."""
        (down, across), (rows, columns) = pads, values.shape
        size = fitting_size(format_numbers(values), cell)
        for i in range(rows + 2 * down):
            for j in range(columns + 2 * across):
                if down <= i < down + rows and across <= j < across + columns:
                    continue
                left, top = corner[0] + j * cell, corner[1] + i * cell
                dashes = {"linestyle": (0, (2, 2)), "alpha": 0.7, "zorder": 1}
                self.frame((left, top, cell, cell), MUTED, 0.5, **dashes)
                if size:
                    self.write(text, left + cell / 2, top + cell / 2, size, MUTED)

    def frame(
        self, box: tuple[float, float, float, float], color: str = MARK, width: float = 2.2, **look: Any
    ) -> None:
        """A frame: left, top, width and height in inches."""
        from matplotlib.patches import Rectangle

        left, top, across, down = box
        line: Any = {"edgecolor": color, "linewidth": width, "zorder": 4, "joinstyle": "miter"} | look
        self.axes.add_patch(Rectangle((left, top), across, down, facecolor="none", **line))

    def frame_cells(
        self,
        corner: tuple[float, float],
        cell: float,
        first: tuple[int, int],
        size: tuple[int, int] = (1, 1),
        color: str = MARK,
        width: float = 2.2,
    ) -> None:
        """A frame around so many rows and columns of a grid, from a row and a column on."""
        left, top = corner[0] + first[1] * cell, corner[1] + first[0] * cell
        self.frame((left, top, size[1] * cell, size[0] * cell), color, width)

    def write(
        self,
        text: str,
        x: float,
        y: float,
        size: float = TEXT_SIZE,
        color: str = INK,
        *,
        align: str = "center",
    ) -> None:
        """Words at a place of the sheet, their middle at its height."""
        if text:
            self.axes.text(
                x, y, text, fontsize=size, color=color, ha=align, va="center_baseline", zorder=5,
                parse_math=False,
            )  # fmt: skip

    def point_right(self, x: float, y: float, length: float) -> None:
        """An arrow that ends at x + length."""
        arrow = {"arrowstyle": "-|>", "color": MUTED, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        self.axes.annotate("", xy=(x + length, y), xytext=(x, y), arrowprops=arrow)


def looks_like_pixels(values: NDArray[Any]) -> bool:
    """Whether an array is shown in grey: bytes, or nothing below 0."""
    return bool(values.dtype == np.uint8 or np.nanmin(values) >= 0)


def format_numbers(values: NDArray[Any]) -> list[list[str]]:
    """Each number as it is written in its cell: all of one array with as many decimals.

    Examples
    --------
    >>> format_numbers(np.array([[1, -20], [3, 4]]))
    [['1', '−20'], ['3', '4']]
    >>> format_numbers(np.array([[0.125, 1.0]]))
    [['0.12', '1.00']]
    """
    known = values[np.isfinite(values)].astype(np.float64)
    if np.array_equal(known, np.rint(known)):
        decimals = 0
    else:
        decimals = 2 if np.abs(known).max() < 10 else 1 if np.abs(known).max() < 1000 else 0
    return [[format_number(float(v), decimals) for v in row] for row in values]


def format_number(value: float, decimals: int | None = None) -> str:
    """A number with a real minus sign; infinities as signs, nothing for NaN."""
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is None:
        decimals = 0 if value == round(value) else 2 if abs(value) < 10 else 1
    text = f"{abs(value):.{decimals}f}"
    return "−" + text if value < 0 and float(text) else text


def fitting_size(texts: list[list[str]], cell: float) -> float:
    """The size of letters, in points, in which the longest text fits into a cell; 0 where none does."""
    longest = max((len(text) for row in texts for text in row), default=0)
    size = min(TEXT_SIZE + 0.5, 72 * cell * 0.5, 72 * cell * _USABLE / (_LETTER * max(longest, 1)))
    return size if size >= _SMALLEST_TEXT else 0.0


def shape_of(values: NDArray[Any]) -> str:
    """Rows × columns, in words."""
    return f"{values.shape[0]} × {values.shape[1]}"


def title_width(title: str) -> float:
    """The room that a title needs, in inches."""
    return max(1.4, 0.076 * len(title))


def setting_of(name: str, value: Pair, usual: Pair) -> str:
    """A setting for a title; nothing where it is the usual one."""
    rows, columns = pair(value)
    if (rows, columns) == pair(usual):
        return ""
    return f", {name} {rows}" if rows == columns else f", {name} {rows} and {columns}"


def check_cells(values: NDArray[Any], name: str) -> None:
    """Refuse what cannot be drawn as cells."""
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{name} must have the shape (H, W) and numbers; it has {values.shape}.")
    if max(values.shape) > MOST_CELLS:
        raise ValueError(
            f"{name} is drawn cell by cell and may have {MOST_CELLS} rows and columns; it has "
            f"{values.shape[0]} and {values.shape[1]}: make it smaller or cut a part out."
        )


def _range_of_grey(values: NDArray[Any], strongest: float | None) -> tuple[float, float]:
    if values.dtype == np.uint8:
        return 0.0, 255.0
    known = values[np.isfinite(values)].astype(np.float64)
    low = min(0.0, float(known.min(initial=0.0)))
    high = float(known.max(initial=low)) if strongest is None else strongest
    return low, high if high > low else low + 1.0
