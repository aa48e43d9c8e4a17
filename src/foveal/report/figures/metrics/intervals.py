"""Figures with the intervals that they may lie in."""

from collections.abc import Sequence

from foveal.metrics.bootstrap import Interval
from foveal.report.figures import Figure
from foveal.report.figures.axes import name_axes, name_rows, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, INK, MUTED, SERIES, TEXT_SIZE, new_figure


def draw_intervals(
    names: Sequence[str],
    intervals: Sequence[Interval],
    what: str,
    *,
    trainings: Sequence[Sequence[float]] = (),
    colors: Sequence[str] = (),
    around_zero: bool = False,
    width: float = HALF_WIDTH,
) -> Figure:
    """A point and a line for each figure: what was measured, and between what it may lie.

    Parameters
    ----------
    names : sequence of str
    intervals : sequence of Interval
    what : str
        What is measured.
    trainings : sequence of sequences of float, optional
        For each figure those of the single trainings that it is the mean of: small ticks.
    colors : sequence of str, optional
        Of each figure.
    around_zero : bool, default=False
        Of differences: a line at 0, and those that do not reach it in full colour, the others in grey.
    width : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> both = [Interval(0.4, 0.3, 0.5), Interval(0.6, 0.5, 0.7)]
    >>> figure = draw_intervals(["rcnn", "fast-rcnn"], both, "AP50")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['rcnn', 'fast-rcnn']
    """
    if not names:
        return say_instead("There is nothing to compare.", width, 1.5)
    figure = new_figure(width, max(1.6, 1.0 + 0.46 * len(names)))
    axes = new_axes(figure, grid="x")
    for row, interval in enumerate(intervals):
        color = colors[row] if colors else SERIES[0]
        if around_zero and not interval.excludes_zero:
            color = MUTED
        axes.plot(
            [interval.low, interval.high], [row, row], color=color, linewidth=2.4, solid_capstyle="butt"
        )
        axes.plot([interval.value], [row], "o", color=color, markersize=6.5)
        own = trainings[row] if trainings else ()
        if len(own) > 1:
            axes.plot(own, [row + 0.2] * len(own), "|", color=color, markersize=6, markeredgewidth=1.2)
        sign = "+" if around_zero else ""
        text = f"{interval.value:{sign}.3f}".replace("-", "−")
        axes.annotate(
            text, (interval.value, row), (0, 7), textcoords="offset points", ha="center", va="bottom",
            color=INK, fontsize=TEXT_SIZE - 0.5,
        )  # fmt: skip
    name_rows(axes, names, longest=22)
    axes.set_ylim(len(names) - 0.5, -0.65)
    low, high = min(i.low for i in intervals), max(i.high for i in intervals)
    if around_zero:
        axes.axvline(0, color=INK, linewidth=1.0)
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.08 * (high - low) or 0.05
    axes.set_xlim(low - room, high + room)
    name_axes(axes, what)
    return figure
