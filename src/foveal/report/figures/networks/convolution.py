"""One step of a convolution with all its numbers, and all steps as a film."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional.windows import Pair, pair
from foveal.nn.walkthrough import ConvolutionStep, convolution_steps
from foveal.report.figures import Figure
from foveal.report.figures import number_grid as grid
from foveal.report.figures.canvas import FULL_WIDTH, INK, TEXT_SIZE

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation


# In inches.
_SUM, _SMALLEST_KERNEL_CELL = 0.5, 0.4
# More terms than this do not fit into the line of the sum.
_MOST_TERMS = 12


class _Steps:
    """The places of the four grids, and how one step is drawn on them."""

    def __init__(
        self, x: ArrayLike, kernel: ArrayLike | str, stride: Pair, padding: Pair, dilation: Pair, bias: float
    ) -> None:
        if isinstance(kernel, str):
            from foveal.images import filters

            kernel = filters.kernel(kernel)
        self.x, self.kernel = np.asarray(x), np.asarray(kernel)
        grid.check_cells(self.x, "x")
        grid.check_cells(self.kernel, "kernel")
        # In float64: bytes would wrap around.
        cells = self.kernel.astype(np.float64)
        self.steps = convolution_steps(self.x.astype(np.float64), cells, stride, padding, dilation, bias=bias)
        self.bias = bias
        last = self.steps[-1]
        self.output = np.array([step.value for step in self.steps]).reshape(last.row + 1, last.column + 1)
        self.pads = pair(padding)
        self.kernel_texts, part = _in_parts(cells)
        self.output_texts = grid.format_numbers(self.output)
        self.titles = (
            f"input {grid.shape_of(self.x)}" + grid.setting_of("padding", padding, 0),
            f"kernel {grid.shape_of(self.kernel)}" + part + grid.setting_of("dilation", dilation, 1),
            "window × kernel",
            f"output {grid.shape_of(self.output)}" + grid.setting_of("stride", stride, 1),
        )
        self._measure()

    def _measure(self) -> None:
        rows, columns = self.x.shape[0] + 2 * self.pads[0], self.x.shape[1] + 2 * self.pads[1]
        kh, kw = self.kernel.shape
        middle = min(grid.LARGEST_CELL, max(_SMALLEST_KERNEL_CELL, 2.0 / kh))
        middle = min(middle, 2.4 / kh, 2.4 / kw) if max(kh, kw) > 6 else middle
        # Titles stand beside each other and want their room.
        between = max(kw * middle, *(grid.title_width(title) for title in self.titles[1:3]))
        free = FULL_WIDTH - 2 * grid.MARGIN - 2 * grid.GAP - between
        self.cell = min(grid.LARGEST_CELL, free / (columns + self.output.shape[1]), 5.0 / rows)
        self.middle = middle
        wide_in = max(columns * self.cell, grid.title_width(self.titles[0]))
        wide_out = max(self.output.shape[1] * self.cell, grid.title_width(self.titles[3]))
        self.width = 2 * grid.MARGIN + 2 * grid.GAP + wide_in + between + wide_out
        inside = max(rows * self.cell, 2 * kh * middle + grid.TITLE + 0.1, self.output.shape[0] * self.cell)
        self.height = grid.MARGIN + grid.TITLE + inside + _SUM
        self.top = grid.MARGIN + grid.TITLE
        end = grid.MARGIN + wide_in
        self.lefts = (grid.MARGIN, end + grid.GAP, end + between + 2 * grid.GAP)
        self.ends = (end, end + grid.GAP + between)

    def draw(self, sheet: grid.NumberSheet, number: int) -> None:
        """Draw the step with this number, and of the output what is known by then."""
        step = self.steps[number]
        kh = self.kernel.shape[0]
        below = self.top + kh * self.middle + grid.TITLE + 0.1
        lefts = (self.lefts[0], self.lefts[1], self.lefts[1], self.lefts[2])
        for left, y, title in zip(lefts, (self.top, self.top, below, self.top), self.titles, strict=True):
            sheet.write(title, left, y - 0.16, TEXT_SIZE, INK, align="left")
        self._draw_input(sheet, step)
        sheet.draw(self.kernel, (self.lefts[1], self.top), self.middle, texts=self.kernel_texts)
        sheet.draw(step.products, (self.lefts[1], below), self.middle)
        arrow = self.top + kh * self.middle + 0.05
        sheet.point_right(self.ends[0] + 0.14, arrow, grid.GAP - 0.28)
        sheet.point_right(self.ends[1] + 0.14, arrow, grid.GAP - 0.28)
        known = self.output.copy()
        known.ravel()[number + 1 :] = np.nan
        strongest = float(np.abs(self.output).max())
        corner = (self.lefts[2], self.top)
        sheet.draw(known, corner, self.cell, strongest=strongest, texts=self.output_texts)
        sheet.frame_cells(corner, self.cell, (step.row, step.column))
        words = self._sum(step)
        # A long sum is written smaller, so that it ends where the sheet does.
        size = min(TEXT_SIZE, 72 * (self.width - 2 * grid.MARGIN) / (0.56 * len(words)))
        sheet.write(words, self.width / 2, self.height - 0.2, size, INK)

    def _draw_input(self, sheet: grid.NumberSheet, step: ConvolutionStep) -> None:
        left, (down, right) = self.lefts[0], self.pads
        sheet.draw_padding(self.x, self.pads, (left, self.top), self.cell, "0")
        corner = (left + right * self.cell, self.top + down * self.cell)
        sheet.draw(self.x, corner, self.cell, pixels=grid.looks_like_pixels(self.x))
        if np.all(np.diff(step.rows) == 1) and np.all(np.diff(step.columns) == 1):
            first, size = (step.rows[0], step.columns[0]), (len(step.rows), len(step.columns))
            sheet.frame_cells(corner, self.cell, first, size, width=2.6)
            return
        for i in step.rows:
            for j in step.columns:
                sheet.frame_cells(corner, self.cell, (i, j))

    def _sum(self, step: ConvolutionStep) -> str:
        terms = [grid.format_number(float(p)) for p in step.products.ravel()]
        if len(terms) > _MOST_TERMS:
            words = f"the sum of the {len(terms)} products"
        else:
            words = terms[0] + "".join(
                f" − {term[1:]}" if term.startswith("−") else f" + {term}" for term in terms[1:]
            )
        if self.bias:
            bias = grid.format_number(self.bias)
            words += f" − {bias[1:]} (bias)" if bias.startswith("−") else f" + {bias} (bias)"
        if self.bias or len(terms) > 1:
            words += f" = {grid.format_number(step.value)}"
        return f"output[{step.row}, {step.column}] = {words}"


def draw_convolution_step(
    x: ArrayLike,
    kernel: ArrayLike | str,
    step: int = 0,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    *,
    bias: float = 0.0,
) -> Figure:
    """One step of a convolution: the window on the input, the products, the sum in the output.

    Parameters
    ----------
    x : array-like of shape (H, W)
        At most 64 × 64; numbers are written where cells are large enough, up to about 12 × 12. What has
        nothing below 0 is drawn in grey, as pixels.
    kernel : str, or array-like of shape (kh, kw)
        The name of one of :data:`foveal.images.filters.FILTERS`, or numbers.
    step : int, default=0
        Which output, row by row; below 0 from the end. Those after it are not known yet.
    stride, padding, dilation : int or (int, int)
        As in :func:`foveal.nn.convolution_steps`.
    bias : float, default=0.0

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the arrays have other shapes, are too large, or there is no such filter or step.

    Examples
    --------
    >>> figure = draw_convolution_step([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])
    >>> figure.axes[0].texts[-1].get_text()
    'output[0, 0] = 1 + 0 + 0 − 5 = −4'
    """
    drawn = _Steps(x, kernel, stride, padding, dilation, bias)
    if not -len(drawn.steps) <= step < len(drawn.steps):
        raise ValueError(f"There are {len(drawn.steps)} steps, counted from 0; step is {step}.")
    sheet = grid.NumberSheet(drawn.width, drawn.height)
    drawn.draw(sheet, step % len(drawn.steps))
    return sheet.figure


def animate_convolution(
    x: ArrayLike,
    kernel: ArrayLike | str,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    *,
    bias: float = 0.0,
    interval: int = 350,
) -> "FuncAnimation":
    """A kernel that slides over an image, one output a frame.

    Parameters
    ----------
    x, kernel, stride, padding, dilation, bias
        As in :func:`draw_convolution_step`, which also says what is refused.
    interval : int, default=350
        Milliseconds a frame.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        ``film.save("film.gif", writer="pillow")`` makes a GIF of it, :func:`foveal.report.write_film` a GIF
        or a page with buttons to go step by step.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> film = animate_convolution([[1, 2, 3], [4, 5, 6]], [[1, 1], [1, 1]])
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "film.gif"
    >>> film.save(file, writer="pillow")
    >>> file.read_bytes()[:3]
    b'GIF'
    """
    from matplotlib.animation import FuncAnimation

    drawn = _Steps(x, kernel, stride, padding, dilation, bias)
    sheet = grid.NumberSheet(drawn.width, drawn.height)
    # A film has no page beneath it.
    sheet.figure.set_facecolor("white")

    def show(number: int) -> list[Any]:
        sheet.clear()
        drawn.draw(sheet, number)
        return []

    frames = len(drawn.steps)
    return FuncAnimation(sheet.figure, show, frames=frames, init_func=lambda: [], interval=interval)


def _in_parts(kernel: NDArray[np.float64]) -> tuple[list[list[str]], str]:
    """The texts of a kernel's cells: those of a blur are whole numbers of 9ths, 16ths or 256ths."""
    if not np.allclose(kernel, np.round(kernel, 2), rtol=0, atol=1e-6):
        for parts in (9, 16, 25, 256):
            whole = np.rint(kernel * parts)
            if np.allclose(kernel * parts, whole, rtol=0, atol=1e-4):
                return grid.format_numbers(whole), f", in {parts}ths"
    return grid.format_numbers(kernel), ""
