"""The sheet that every figure is drawn on: its sizes and colours.

Figures are made with matplotlib's objects, never through ``pyplot``, so that drawing touches no
global state and may happen in several threads. The colours are named here once: alone, a figure has
dark ink for a white page; in the report each of these colours is replaced by a variable of the page,
so that the same figure is readable on a light page and on a dark one.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from foveal.report.figures import Figure
from foveal.wording import visible

INK = "#1b1f24"
MUTED = "#5c6672"
GRID = "#dde2e7"
PAPER = "#fffffe"
ACCENT = "#0062a3"
# Okabe and Ito's colours (2008), darkened where they are too pale for a white page.
SERIES = ("#0072b2", "#d55e00", "#008a64", "#b8478c", "#8a6d00", "#6457b8", "#2b8fb8", "#6b7580")
# Lines that differ by more than their colour.
STYLES = ("-", "--", ":", "-.")
RIGHT = SERIES[0]
WRONG = SERIES[1]
# Classes and objects have other colours than what is right and what is wrong, in the page's order of them.
CLASSES = (SERIES[2], SERIES[3], SERIES[4], SERIES[5], SERIES[6], SERIES[7])

# A figure is as wide as the page's column or half of it, in inches of 96 CSS pixels.
FULL_WIDTH = 9.2
HALF_WIDTH = 4.35
TEXT_SIZE = 9.0

MOST_CLASSES = 20
MOST_LINES = len(SERIES)


def new_figure(width: float = HALF_WIDTH, height: float = 3.0) -> Figure:
    """An empty figure with a transparent background and a constrained layout.

    Names in it may be anybody's words: what nobody would see of them, or no font and no SVG has, is drawn as
    its number.

    Parameters
    ----------
    width, height : float
        In inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure_class()(figsize=(width, height), layout="constrained", facecolor="none")
    FigureCanvasAgg(figure)
    return figure


@cache
def _figure_class() -> type[Figure]:
    from matplotlib.figure import Figure as NewFigure
    from matplotlib.text import Text

    class Sheet(NewFigure):
        def draw(self, renderer: Any) -> None:
            for text in self.findobj(Text):
                if (said := text.get_text()) != (shown := visible(said, lines=True)):
                    text.set_text(shown)
            super().draw(renderer)

    return Sheet


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
