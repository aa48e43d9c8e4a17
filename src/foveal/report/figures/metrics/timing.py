"""How long things take: the stages of a run, and methods beside each other."""

import math
from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import Any, TypeVar

from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import draw_bars, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, MOST_CLASSES, MUTED, SERIES, new_figure
from foveal.report.wording import say_duration, three_digits

Told = TypeVar("Told")

# A stage's name is written whole, in lines of at most so many characters.
_WRAPPED = 48
# The longest bars are so many times as long as the line at 1 is far: what is beyond is cut.
_MOST = 5.0


def draw_timing(seconds: Mapping[str, float]) -> Figure:
    """Horizontal bars: the time each stage took, in the order given.

    Parameters
    ----------
    seconds : mapping of str to float
        With more than 20 stages, the last ones are added up. Long names are wrapped, never cut.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> len(draw_timing({"proposals": 12.5, "fit": 30.0}).axes[0].patches)
    2
    """
    stages = list(seconds.items())
    if len(stages) > MOST_CLASSES:
        kept = MOST_CLASSES - 1
        stages = [*stages[:kept], (f"{len(stages) - kept} more stages", sum(s for _, s in stages[kept:]))]
    if not stages:
        return say_instead("No times were logged.", FULL_WIDTH, 1.4)
    names, values = [fill(name, _WRAPPED) for name, _ in stages], [value for _, value in stages]
    tall = max(0.32, 0.17 * max(name.count("\n") + 1 for name in names))
    figure = new_figure(FULL_WIDTH, max(1.4, 0.85 + tall * len(stages)))
    axes = new_axes(figure, grid="x")
    longest = max(values)
    unit, scale = ("minutes", 60.0) if longest >= 300 else ("seconds", 1.0)
    words = [say_duration(value) for value in values]
    draw_bars(axes, names, [value / scale for value in values], words, thickness=0.62, longest=None)
    axes.set_xlim(0, max(longest / scale, 1e-3) * 1.12)
    name_axes(axes, f"time ({unit})")
    return figure


def draw_speeds(groups: Mapping[str, Mapping[str, float]]) -> Figure:
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

    shown = _known(groups, lambda seconds: seconds)
    if not shown:
        return say_instead("No times were measured.", FULL_WIDTH, 1.4)
    figure, panels = _panels_below(list(shown.values()), 0.75, 0.2)
    for axes, (group, methods) in zip(panels, shown.items(), strict=True):
        names, seconds = list(methods), list(methods.values())
        reference = groups[group][next(iter(groups[group]))]
        family = names[0].split(" ")[0]
        words = [
            (f"{three_digits(value / reference)}×  " if reference > 0 else "") + f"{three_digits(value)} s"
            for value in seconds
        ]
        colors = [SERIES[0] if name.split(" ")[0] == family else MUTED for name in names]
        draw_bars(axes, names, seconds, words, colors=colors, longest=30)
        axes.set_xlim(0, max(*seconds, 1e-9) * 1.2)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        name_axes(axes, title=group)
    name_axes(panels[-1], "seconds per image (median); × is the ratio to the first bar")
    return figure


def draw_ratios(groups: Mapping[str, Mapping[str, tuple[float, str]]], peer: str = "PyTorch") -> Figure:
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
    shown = _known(groups, lambda told: told[0])
    if not shown:
        return say_instead("Nothing was measured beside another library.", FULL_WIDTH, 1.4)
    figure, panels = _panels_below(list(shown.values()), 0.6, 0.3)
    longest = min(_MOST, max(1.0, *(ratio for tasks in shown.values() for ratio, _ in tasks.values())))
    for axes, (group, tasks) in zip(panels, shown.items(), strict=True):
        ratios = [ratio for ratio, _ in tasks.values()]
        lengths = [min(ratio, longest) for ratio in ratios]
        colors = [SERIES[0] if ratio >= 1 else SERIES[1] for ratio in ratios]
        words = [
            f"{ratio:.2f}×  {said}" if ratio < 9.95 else f"{ratio:.1f}×  {said}"
            for ratio, said in tasks.values()
        ]
        # The words begin behind the line as well: it must not cross them.
        draw_bars(axes, list(tasks), lengths, words, colors=colors, longest=32, least=1.0)
        axes.axvline(1.0, color=MUTED, linewidth=1.2, zorder=3)
        axes.set_xlim(0, longest * 1.45)
        axes.set_xticks(range(math.ceil(longest) + 1))
        name_axes(axes, title=group)
    name_axes(panels[-1], f"{peer}'s time as a multiple of ours; right of 1, ours is faster")
    return figure


def _known(
    groups: Mapping[str, Mapping[str, Told]], number_of: Callable[[Told], float]
) -> dict[str, dict[str, Told]]:
    """What is finite, of each group that has any."""
    finite = {
        group: {name: told for name, told in members.items() if math.isfinite(number_of(told))}
        for group, members in groups.items()
    }
    return {group: members for group, members in finite.items() if members}


def _panels_below(groups: Sequence[Mapping[str, Any]], each: float, more: float) -> tuple[Figure, list[Axes]]:
    """One panel a group, below each other, of a height that follows its number of bars."""
    bars = [len(group) for group in groups]
    figure = new_figure(FULL_WIDTH, each * len(bars) + 0.3 * sum(bars) + more)
    grid = figure.add_gridspec(len(bars), 1, height_ratios=[n + 1 for n in bars])
    return figure, [new_axes(figure, (grid[row],), grid="x") for row in range(len(bars))]
