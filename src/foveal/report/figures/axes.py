"""Axes in the manner of all figures, and what is drawn on them alike: bars, marks, scales and legends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures import Axes, Figure
from foveal.report.figures.canvas import GRID, HALF_WIDTH, INK, MUTED, PAPER, SERIES, TEXT_SIZE, new_figure
from foveal.report.wording import shorten

if TYPE_CHECKING:
    from matplotlib.axis import Axis


def new_axes(figure: Figure, position: tuple[Any, ...] = (1, 1, 1), *, grid: str | None = "both") -> Axes:
    """Axes in the manner of all figures: two thin spines, a pale grid behind the data.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    position : tuple of three int
        Rows, columns, index, as ``Figure.add_subplot`` takes them; or one place of a grid, in a tuple.
    grid : {"x", "y", "both", None}
        Which way grid lines run.
    """
    axes = figure.add_subplot(*position)
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)
        axes.spines[side].set_linewidth(1.0)
    axes.tick_params(
        colors=MUTED, labelcolor=MUTED, labelsize=TEXT_SIZE, length=0, pad=5, which="both", grid_color=GRID
    )
    axes.grid(False)
    if grid in ("x", "both"):
        axes.xaxis.grid(True, color=GRID, linewidth=0.8)
    if grid in ("y", "both"):
        axes.yaxis.grid(True, color=GRID, linewidth=0.8)
    return axes


def name_axes(axes: Axes, x: str = "", y: str = "", title: str = "") -> None:
    """Write what the axes measure, with its unit, and the panel's title."""
    axes.set_xlabel(x, color=INK, fontsize=TEXT_SIZE, labelpad=6, parse_math=False)
    axes.set_ylabel(y, color=INK, fontsize=TEXT_SIZE, labelpad=6, parse_math=False)
    if title:
        axes.set_title(title, color=INK, fontsize=TEXT_SIZE + 0.5, loc="left", pad=8, parse_math=False)


def add_legend(
    owner: "Axes | Figure",
    handles: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    *,
    columns: int = 1,
    location: str = "best",
    **look: Any,
) -> None:
    """A legend without a frame, where matplotlib's ``loc`` says; nothing where nothing is labelled.

    Parameters
    ----------
    owner : Axes or Figure
    handles, labels : sequences, optional
        What is explained; by default all that is labelled on the axes.
    columns : int
    location : str
    **look
        Further parameters of matplotlib's legend.
    """
    drawn: Any = owner
    if handles is None:
        handles, labels = drawn.get_legend_handles_labels()
    if not handles:
        return
    look = {"framealpha": 0.85, "handlelength": 1.4, "borderpad": 0.3} | look
    look |= {"fontsize": TEXT_SIZE - 0.5, "labelcolor": INK, "facecolor": PAPER, "edgecolor": "none"}
    legend = drawn.legend(handles, labels, loc=location, ncols=columns, **look)
    for text in legend.get_texts():
        text.set_parse_math(False)


def say_instead(sentence: str, width: float = HALF_WIDTH, height: float = 3.0) -> Figure:
    """A figure with a sentence in its middle, where there is nothing to show."""
    figure = new_figure(width, height)
    axes = new_axes(figure, grid=None)
    axes.set_axis_off()
    axes.text(
        0.5,
        0.5,
        sentence,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=MUTED,
        fontsize=TEXT_SIZE,
    )
    return figure


def name_rows(axes: Axes, names: Sequence[str], *, longest: int | None = 24, size: float = TEXT_SIZE) -> None:
    """Name the rows of horizontal bars, the first at the top."""
    words = [name if longest is None else shorten(name, longest) for name in names]
    axes.set_yticks(range(len(names)), words, parse_math=False, color=INK, fontsize=size)
    axes.set_ylim(len(names) - 0.5, -0.5)


def write_beside(axes: Axes, words: str, x: float, y: float, *, size: float = TEXT_SIZE - 0.5) -> None:
    """Words at the right of a place, such as the end of a bar."""
    axes.annotate(
        words, (x, y), (4, 0), textcoords="offset points", va="center", color=INK, fontsize=size,
        parse_math=False,
    )  # fmt: skip


def draw_bars(
    axes: Axes,
    names: Sequence[str],
    lengths: Sequence[float],
    words: Sequence[str],
    *,
    colors: str | Sequence[str] = SERIES[0],
    thickness: float = 0.66,
    longest: int | None = 36,
    size: float = TEXT_SIZE - 0.5,
    least: float = 0.0,
) -> None:
    """Horizontal bars, named at the left and with words at their ends.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    names : sequence of str
        Those longer than ``longest`` are shortened, unless it is ``None``.
    lengths : sequence of float
    words : sequence of str
        Of each bar; they begin beyond ``least`` even where the bar is shorter.
    colors : str or sequence of str
    thickness : float
        Of a row of height 1.
    longest : int or None
    size : float
        Of the words' letters, in points.
    least : float
    """
    axes.barh(range(len(names)), lengths, thickness, color=colors, linewidth=0)
    for row, (length, text) in enumerate(zip(lengths, words, strict=True)):
        write_beside(axes, text, max(length, least), row, size=size)
    name_rows(axes, names, longest=longest)


def mark_x(
    axes: Axes,
    at: float,
    words: str = "",
    *,
    dashed: bool = False,
    shift: tuple[float, float] = (4.0, -2.0),
    size: float = TEXT_SIZE - 0.5,
) -> None:
    """A vertical line, dotted or dashed, with words at its upper end: so many points off it."""
    axes.axvline(at, color=INK, linewidth=1.2 if dashed else 1.0, linestyle="--" if dashed else ":")
    if words:
        axes.annotate(
            words, (at, 1), shift, xycoords=("data", "axes fraction"), textcoords="offset points", color=INK,
            fontsize=size, ha="left" if shift[0] > 0 else "right", va="top" if shift[1] < 0 else "baseline",
        )  # fmt: skip


def scale_losses(axes: Axes, losses: NDArray[np.float64], headroom: float | None = None) -> None:
    """An upright axis from 0, or a logarithmic one where the largest is over 30 times the smallest."""
    known = losses[np.isfinite(losses)]
    if known.min() > 0 and known.max() > 30 * known.min():
        axes.set_yscale("log")
        axes.minorticks_off()
    else:
        axes.set_ylim(0, None if headroom is None else headroom * float(known.max()) or 1.0)


def scale_shares(axes: Axes, least: float) -> None:
    """An upright axis up to 1, from 0 or, where all is high, from a little below the least share."""
    axes.set_ylim(0 if least < 0.5 else max(0.0, least - 0.25 * (1 - least) - 0.02), 1.0)


def log_axis(axes: Axes) -> None:
    """A logarithmic axis from left to right, with ticks at the powers of 10 alone."""
    axes.set_xscale("log")
    axes.minorticks_off()


def count_axis(axis: "Axis") -> None:
    """Ticks at whole numbers alone, with commas at the thousands; call it when the axis has its scale."""
    from matplotlib.ticker import MaxNLocator

    if axis.get_scale() == "linear":
        # Between 0 and 2 matplotlib would set ticks at quarters, which would all be written 0, 1 or 2.
        axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
