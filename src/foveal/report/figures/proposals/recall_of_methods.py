"""Recall of several methods of proposing, beside each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    HALF_WIDTH,
    SERIES,
    add_legend,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foveal.metrics import ProposalQuality

_STYLES = ("-", "--", ":", "-.")


def draw_recall_of_methods(
    qualities: "Mapping[str, ProposalQuality]", thresholds: Sequence[float] = (0.5, 0.7)
) -> "Figure":
    """Recall against the number of proposals per image, one panel an IoU, one line a method.

    Parameters
    ----------
    qualities : mapping of str to foveal.metrics.ProposalQuality
        By the names of the methods, measured on the same images.
    thresholds : sequence of float, default=(0.5, 0.7)
        Such as the qualities were measured at.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers on a logarithmic axis (Hosang et al. 2016, figure 5); each line ends, in a dot, at the most
        boxes that the method gave an image.

    Raises
    ------
    ValueError
        If a quality was not measured at a threshold.

    Examples
    --------
    >>> from foveal.metrics import proposal_recall
    >>> boxes, objects = [[[0, 0, 10, 5], [0, 0, 10, 8]]], [[[0, 0, 10, 10]]]
    >>> figure = draw_recall_of_methods({"RPN": proposal_recall(boxes, objects)})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['IoU ≥ 0.5', 'IoU ≥ 0.7']
    """
    shown = {name: q for name, q in qualities.items() if q.objects and len(q.curve_numbers)}
    figure = new_figure(FULL_WIDTH if len(thresholds) > 1 else HALF_WIDTH, 3.2)
    if not shown or not thresholds:
        say_instead(new_axes(figure, grid=None), "No proposals were measured.")
        return figure
    for i, threshold in enumerate(thresholds):
        axes = new_axes(figure, (1, len(thresholds), i + 1))
        for k, (name, quality) in enumerate(shown.items()):
            if threshold not in quality.thresholds:
                raise ValueError(f"{name} was measured at {quality.thresholds}, not at {threshold}.")
            recall = quality.curve_recall[quality.thresholds.index(threshold)]
            color = SERIES[k % len(SERIES)]
            axes.plot(
                quality.curve_numbers, recall, color=color, linestyle=_STYLES[k % len(_STYLES)],
                linewidth=2.0, label=shorten(name, 30),
            )  # fmt: skip
            axes.plot(quality.curve_numbers[-1:], recall[-1:], "o", color=color, markersize=4.5)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.minorticks_off()
        axes.set_ylim(0, 1.02)
        name_axes(
            axes,
            "proposals per image (log scale)",
            "" if i else "recall (fraction of objects)",
            f"IoU ≥ {threshold:g}",
        )
        if i == 0:
            add_legend(axes, location="lower right")
    return figure
