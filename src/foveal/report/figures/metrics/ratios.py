"""How many times as fast as another library, task by task."""

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

# The longest bars are so many times as long as the line at 1 is far: what is beyond is cut.
_MOST = 5.0


def draw_ratios(groups: Mapping[str, Mapping[str, tuple[float, str]]], peer: str = "PyTorch") -> "Figure":
    """Horizontal bars from 0 with a line at 1, where both are equally fast.

    Parameters
    ----------
    groups : mapping of str to mapping of str to (float, str)
        For each group, of each task by its name: the other's time as a multiple of ours, and words to write
        behind it. What is not finite is left out; a bar beyond 5 is cut there, its number is written.
    peer : str, default="PyTorch"
        The other, as the axis names it.

    Returns
    -------
    matplotlib.figure.Figure
        A panel a group, all with the same axis.

    Examples
    --------
    >>> figure = draw_ratios({"MLP": {"training step": (1.5, "4 ms")}})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1.50×  4 ms']
    """
    shown = {
        group: {name: told for name, told in tasks.items() if math.isfinite(told[0])}
        for group, tasks in groups.items()
    }
    shown = {group: tasks for group, tasks in shown.items() if tasks}
    if not shown:
        figure = new_figure(FULL_WIDTH, 1.4)
        say_instead(new_axes(figure), "Nothing was measured beside another library.")
        return figure
    bars = [len(tasks) for tasks in shown.values()]
    figure = new_figure(FULL_WIDTH, 0.6 * len(bars) + 0.3 * sum(bars) + 0.3)
    grid = figure.add_gridspec(len(bars), 1, height_ratios=[n + 1 for n in bars])
    longest = min(_MOST, max(1.0, *(ratio for tasks in shown.values() for ratio, _ in tasks.values())))
    for row, (group, tasks) in enumerate(shown.items()):
        axes = new_axes(figure, (len(bars), 1, row + 1), grid="x")
        axes.set_subplotspec(grid[row])
        lengths = [min(ratio, longest) for ratio, _ in tasks.values()]
        colors = [SERIES[0] if ratio >= 1 else SERIES[1] for ratio, _ in tasks.values()]
        axes.barh(range(len(tasks)), lengths, 0.66, color=colors, linewidth=0)
        axes.axvline(1.0, color=MUTED, linewidth=1.2, zorder=3)
        for i, (ratio, words) in enumerate(tasks.values()):
            number = f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:.1f}"
            # Behind the line as well: it must not cross the words.
            place = (max(lengths[i], 1.0), i)
            axes.annotate(
                f"{number}×  {words}", place, (5, 0), textcoords="offset points", va="center",
                color=INK, fontsize=TEXT_SIZE - 0.5, parse_math=False,
            )  # fmt: skip
        axes.set_yticks(
            range(len(tasks)),
            [shorten(n, 32) for n in tasks],
            parse_math=False,
            color=INK,
            fontsize=TEXT_SIZE,
        )
        axes.set_ylim(len(tasks) - 0.5, -0.5)
        axes.set_xlim(0, longest * 1.45)
        axes.set_xticks(range(math.ceil(longest) + 1))
        last = row == len(bars) - 1
        words = f"{peer}'s time as a multiple of ours; right of 1, ours is faster" if last else ""
        name_axes(axes, words, "", group)
    return figure
