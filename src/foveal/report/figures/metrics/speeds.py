"""How long methods take, one beside the other."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    MUTED,
    SERIES,
    TEXT_SIZE,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_speeds(groups: Mapping[str, Mapping[str, float]]) -> "Figure":
    """Horizontal bars of the seconds an image, and how many times the first of the group each takes.

    Parameters
    ----------
    groups : mapping of str to mapping of str to float
        For each group of methods that are comparable, seconds by the method's name; the ratios are to the
        first one. Methods whose time is not finite are left out.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a group, each with an axis of its own, from 0.

    Examples
    --------
    >>> figure = draw_speeds({"fast": {"ours": 0.1, "theirs": 1.0}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1.00×  0.100 s', '10.0×  1.00 s']
    """
    from matplotlib.ticker import MaxNLocator

    shown = {
        group: {name: s for name, s in methods.items() if math.isfinite(s)}
        for group, methods in groups.items()
    }
    shown = {group: methods for group, methods in shown.items() if methods}
    if not shown:
        figure = new_figure(FULL_WIDTH, 1.4)
        say_instead(new_axes(figure), "No times were measured.")
        return figure
    bars = [len(methods) for methods in shown.values()]
    figure = new_figure(FULL_WIDTH, 0.75 * len(bars) + 0.3 * sum(bars) + 0.2)
    # Rows of a height that follows the number of bars, so that all bars are equally thick.
    grid = figure.add_gridspec(len(bars), 1, height_ratios=[n + 1 for n in bars])
    for row, (group, methods) in enumerate(shown.items()):
        axes = new_axes(figure, (len(bars), 1, row + 1), grid="x")
        axes.set_subplotspec(grid[row])
        names, seconds = list(methods), list(methods.values())
        reference = groups[group][next(iter(groups[group]))]
        family = names[0].split(" ")[0]
        colors = [SERIES[0] if name.split(" ")[0] == family else MUTED for name in names]
        axes.barh(range(len(names)), seconds, 0.66, color=colors, linewidth=0)
        for i, value in enumerate(seconds):
            ratio = f"{_digits(value / reference)}×  " if reference > 0 else ""
            axes.annotate(
                f"{ratio}{_digits(value)} s", (value, i), (4, 0), textcoords="offset points", va="center",
                color=INK, fontsize=TEXT_SIZE - 0.5,
            )  # fmt: skip
        axes.set_yticks(
            range(len(names)),
            [shorten(n, 30) for n in names],
            parse_math=False,
            color=INK,
            fontsize=TEXT_SIZE,
        )
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, max(*seconds, 1e-9) * 1.2)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        last = row == len(bars) - 1
        name_axes(
            axes, "seconds per image (median); × is the ratio to the first bar" if last else "", "", group
        )
    return figure


def _digits(value: float) -> str:
    """Three significant digits.

    Examples
    --------
    >>> [_digits(v) for v in (0.0291, 1.0, 12.34, 456.7)]
    ['0.0291', '1.00', '12.3', '457']
    """
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"
