"""How much of the ground truth proposals reach, against their number: of one method or several."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from foveal.metrics import ProposalQuality
from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import add_legend, count_axis, log_axis, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, HALF_WIDTH, SERIES, STYLES, new_figure
from foveal.report.wording import shorten

_NUMBER = "proposals per image (log scale)"
_RECALL = "recall (fraction of objects)"


def draw_recall(numbers: Sequence[int], recalls: Mapping[float, ArrayLike]) -> Figure:
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
    if len(numbers) == 0 or not recalls:
        return say_instead("No proposals were measured.", HALF_WIDTH, 3.1)
    figure = new_figure(HALF_WIDTH, 3.1)
    axes = new_axes(figure)
    for i, threshold in enumerate(sorted(recalls)):
        _draw_line(axes, numbers, recalls[threshold], (i, i), f"IoU ≥ {threshold:g}", end=False)
    _set_scales(axes)
    name_axes(axes, _NUMBER, _RECALL)
    add_legend(axes, location="upper left")
    return figure


def draw_recall_of_methods(
    qualities: Mapping[str, ProposalQuality], thresholds: Sequence[float] = (0.5, 0.7)
) -> Figure:
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
        If a quality was not measured at one of the ``thresholds``.

    Examples
    --------
    >>> from foveal.metrics import proposal_recall
    >>> boxes, objects = [[[0, 0, 10, 5], [0, 0, 10, 8]]], [[[0, 0, 10, 10]]]
    >>> figure = draw_recall_of_methods({"RPN": proposal_recall(boxes, objects)})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['IoU ≥ 0.5', 'IoU ≥ 0.7']
    """
    shown = {name: q for name, q in qualities.items() if q.objects and len(q.curve_numbers)}
    width = FULL_WIDTH if len(thresholds) > 1 else HALF_WIDTH
    if not shown or not thresholds:
        return say_instead("No proposals were measured.", width, 3.2)
    figure = new_figure(width, 3.2)
    for i, threshold in enumerate(thresholds):
        axes = new_axes(figure, (1, len(thresholds), i + 1))
        for k, (name, quality) in enumerate(shown.items()):
            if threshold not in quality.thresholds:
                raise ValueError(f"{name} was measured at {quality.thresholds}, not at {threshold}.")
            recall = quality.curve_recall[quality.thresholds.index(threshold)]
            _draw_line(axes, quality.curve_numbers, recall, (k, k), shorten(name, 30))
        _set_scales(axes)
        name_axes(axes, _NUMBER, "" if i else _RECALL, f"IoU ≥ {threshold:g}")
        if i == 0:
            add_legend(axes, location="lower right")
    return figure


def draw_proposal_quality(qualities: Mapping[str, "ProposalQuality"], threshold: float = 0.7) -> Figure:
    """Recall and MABO of several methods against the number of proposals per image.

    Parameters
    ----------
    qualities : mapping of str to foveal.metrics.ProposalQuality
        Names that begin with the same word share a colour, and differ in the line.
    threshold : float, default=0.7
        The IoU of the recall; one that the qualities were measured at.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels, the number of proposals on a logarithmic axis. Each line ends, in a dot, at the most
        boxes that the method gave an image.

    Examples
    --------
    >>> from foveal.metrics import proposal_recall
    >>> boxes, objects = [[[0, 0, 10, 5], [0, 0, 10, 8]]], [[[0, 0, 10, 10]]]
    >>> figure = draw_proposal_quality({"ours fast": proposal_recall(boxes, objects)})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['recall (fraction of objects)', 'MABO (IoU)']
    """
    height = 3.4 + 0.2 * -(-len(qualities) // 3)
    if not qualities:
        return say_instead("No proposals were measured.", FULL_WIDTH, height)
    figure = new_figure(FULL_WIDTH, height)
    panels = new_axes(figure, (1, 2, 1)), new_axes(figure, (1, 2, 2))
    families: dict[str, int] = {}
    for name, quality in qualities.items():
        family = name.split(" ")[0]
        members = families.setdefault(family, 0)
        families[family] += 1
        recall = quality.curve_recall[quality.thresholds.index(threshold)]
        for axes, values in zip(panels, (recall, quality.curve_mabo), strict=True):
            _draw_line(axes, quality.curve_numbers, values, (list(families).index(family), members), name)
    for axes in panels:
        _set_scales(axes)
    name_axes(panels[0], _NUMBER, _RECALL, f"Recall at IoU {threshold:g}")
    name_axes(panels[1], _NUMBER, "MABO (IoU)", "Mean average best overlap")
    handles, labels = panels[0].get_legend_handles_labels()
    add_legend(figure, handles, labels, columns=3, location="outside lower center", handlelength=2.6)
    return figure


def _draw_line(
    axes: Axes,
    numbers: ArrayLike,
    values: ArrayLike,
    look: tuple[int, int],
    label: str,
    *,
    end: bool = True,
) -> None:
    """A measure against the number of proposals, in a colour and a style, with a dot at its end."""
    x, y = np.asarray(numbers), np.asarray(values)
    color, style = SERIES[look[0] % len(SERIES)], STYLES[look[1] % len(STYLES)]
    axes.plot(x, y, color=color, linestyle=style, linewidth=2.0, label=label)
    if end:
        axes.plot(x[-1:], y[-1:], "o", color=color, markersize=4.5)


def _set_scales(axes: Axes) -> None:
    log_axis(axes)
    count_axis(axes.xaxis)
    axes.set_ylim(0, 1.02)
