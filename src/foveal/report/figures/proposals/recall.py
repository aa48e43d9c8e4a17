"""How much of the ground truth the proposals reach."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from foveal.report.figures.canvas import (
    HALF_WIDTH,
    SERIES,
    add_legend,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_recall(numbers: Sequence[int], recalls: Mapping[float, ArrayLike]) -> "Figure":
    """Recall of the ground-truth boxes against the number of proposals per image.

    Parameters
    ----------
    numbers : sequence of int
        How many of the best proposals of each image are taken.
    recalls : mapping of float to array-like of the length of ``numbers``
        For each IoU threshold, the fraction of objects that some proposal overlaps at least so much.

    Returns
    -------
    matplotlib.figure.Figure
        The number of proposals on a logarithmic axis, as in Hosang et al. 2016, figure 5.

    Examples
    --------
    >>> figure = draw_recall([1, 10, 100], {0.5: [0.1, 0.6, 0.9], 0.7: [0.0, 0.3, 0.7]})
    >>> len(figure.axes[0].lines)
    2
    """
    figure = new_figure(HALF_WIDTH, 3.1)
    axes = new_axes(figure)
    if len(numbers) == 0 or not recalls:
        say_instead(axes, "No proposals were measured.")
        return figure
    styles = ("-", "--", ":", "-.")
    for i, threshold in enumerate(sorted(recalls)):
        axes.plot(
            numbers,
            recalls[threshold],
            color=SERIES[i % len(SERIES)],
            linestyle=styles[i % len(styles)],
            linewidth=2,
            label=f"IoU ≥ {threshold:g}",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    name_axes(axes, "proposals per image (log scale)", "recall (fraction of objects)")
    add_legend(axes, location="upper left")
    return figure
