"""Where the time went."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    MOST_CLASSES,
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


def draw_timing(seconds: Mapping[str, float]) -> "Figure":
    """Horizontal bars: the time each stage took, in the order given.

    Parameters
    ----------
    seconds : mapping of str to float
        With more than 20 stages, the last ones are added up.

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
    figure = new_figure(FULL_WIDTH, max(1.4, 0.85 + 0.32 * len(stages)))
    axes = new_axes(figure, grid="x")
    if not stages:
        say_instead(axes, "No times were logged.")
        return figure
    longest = max(value for _, value in stages)
    unit, scale = ("minutes", 60.0) if longest >= 300 else ("seconds", 1.0)
    values = [value / scale for _, value in stages]
    axes.barh(range(len(stages)), values, 0.62, color=SERIES[0], linewidth=0)
    for i, (_, value) in enumerate(stages):
        axes.annotate(
            say_duration(value), (value / scale, i), (4, 0), textcoords="offset points", va="center",
            color=INK, fontsize=TEXT_SIZE - 0.5,
        )  # fmt: skip
    names = [shorten(name, 36) for name, _ in stages]
    axes.set_yticks(range(len(stages)), names, parse_math=False, color=INK, fontsize=TEXT_SIZE)
    axes.set_ylim(len(stages) - 0.5, -0.5)
    axes.set_xlim(0, max(longest / scale, 1e-3) * 1.12)
    name_axes(axes, f"time ({unit})")
    return figure


def say_duration(seconds: float) -> str:
    """A duration as a person would say it.

    Examples
    --------
    >>> [say_duration(s) for s in (0.04, 7.25, 64, 3725)]
    ['0.04 s', '7.2 s', '1 min 4 s', '1 h 2 min']
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
