"""The sheet that every figure is drawn on: sizes, colours, the manner of its axes.

Figures are made with matplotlib's objects, never through ``pyplot``, so that drawing touches no
global state and may happen in several threads. The colours are named here once: alone, a figure has
dark ink for a white page; in the report each of these colours is replaced by a variable of the page,
so that the same figure is readable on a light page and on a dark one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1f24"
MUTED = "#5c6672"
GRID = "#dde2e7"
PAPER = "#fffffe"
ACCENT = "#0062a3"
# Okabe and Ito's colours (2008), darkened where they are too pale for a white page.
SERIES = (
    "#0072b2",
    "#d55e00",
    "#008a64",
    "#b8478c",
    "#8a6d00",
    "#6457b8",
    "#2b8fb8",
    "#6b7580",
)
RIGHT = SERIES[0]
WRONG = SERIES[1]

# A figure is as wide as the page's column or half of it, in inches of 96 CSS pixels.
FULL_WIDTH = 9.2
HALF_WIDTH = 4.35
TEXT_SIZE = 9.0

MOST_CLASSES = 20
MOST_LINES = len(SERIES)
_LONGEST_NAME = 24


def new_figure(width: float = HALF_WIDTH, height: float = 3.0) -> "Figure":
    """An empty figure with a transparent background and a constrained layout.

    Parameters
    ----------
    width, height : float
        In inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    FigureCanvasAgg(figure)
    return figure


def new_axes(figure: "Figure", position: tuple[Any, ...] = (1, 1, 1), *, grid: str | None = "both") -> "Axes":
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


def name_axes(axes: "Axes", x: str = "", y: str = "", title: str = "") -> None:
    """Write what the axes measure, with its unit, and the panel's title."""
    axes.set_xlabel(x, color=INK, fontsize=TEXT_SIZE, labelpad=6)
    axes.set_ylabel(y, color=INK, fontsize=TEXT_SIZE, labelpad=6)
    if title:
        axes.set_title(title, color=INK, fontsize=TEXT_SIZE + 0.5, loc="left", pad=8, parse_math=False)


def add_legend(axes: "Axes", *, columns: int = 1, location: Any = "best") -> None:
    """A legend without a frame, where matplotlib's ``loc`` says; nothing where nothing is labelled."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    legend = axes.legend(
        handles,
        labels,
        loc=location,
        ncols=columns,
        fontsize=TEXT_SIZE - 0.5,
        labelcolor=INK,
        facecolor=PAPER,
        edgecolor="none",
        framealpha=0.85,
        handlelength=1.4,
        borderpad=0.3,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def say_instead(axes: "Axes", sentence: str) -> None:
    """Write a sentence in the middle of axes that have nothing to show."""
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


def shorten(name: str, longest: int = _LONGEST_NAME) -> str:
    """A name that fits beside a bar: cut in the middle where it is too long.

    Examples
    --------
    >>> shorten("cat")
    'cat'
    >>> shorten("a very long name of a class of things", 15)
    'a very … things'
    """
    name = " ".join(name.split())
    if len(name) <= longest:
        return name
    half = (longest - 1) // 2
    return f"{name[:half]}…{name[-(longest - half - 1) :]}"


def largest(counts: Sequence[float], most: int = MOST_CLASSES) -> list[int]:
    """The positions of the largest counts, in their own order, at most ``most`` of them.

    Ties: the earlier position is kept.

    Examples
    --------
    >>> largest([3, 9, 1, 9], most=2)
    [1, 3]
    """
    order = sorted(range(len(counts)), key=lambda i: (-counts[i], i))
    return sorted(order[:most])
