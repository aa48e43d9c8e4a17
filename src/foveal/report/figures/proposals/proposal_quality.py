"""Methods of proposing regions, one beside the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    PAPER,
    SERIES,
    TEXT_SIZE,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foveal.metrics import ProposalQuality

_STYLES = ("-", "--", ":", "-.")


def draw_proposal_quality(qualities: Mapping[str, "ProposalQuality"], threshold: float = 0.7) -> "Figure":
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
    rows = -(-len(qualities) // 3)
    figure = new_figure(FULL_WIDTH, 3.4 + 0.2 * rows)
    if not qualities:
        say_instead(new_axes(figure), "No proposals were measured.")
        return figure
    panels = new_axes(figure, (1, 2, 1)), new_axes(figure, (1, 2, 2))
    families: dict[str, int] = {}
    for name, quality in qualities.items():
        family = name.split(" ")[0]
        color = SERIES[list(dict.fromkeys([*families, family])).index(family) % len(SERIES)]
        style = _STYLES[families.get(family, 0) % len(_STYLES)]
        families[family] = families.get(family, 0) + 1
        recall = quality.curve_recall[quality.thresholds.index(threshold)]
        for axes, values in zip(panels, (recall, quality.curve_mabo), strict=True):
            axes.plot(quality.curve_numbers, values, color=color, linestyle=style, linewidth=1.8, label=name)
            axes.plot(quality.curve_numbers[-1:], np.asarray(values)[-1:], "o", color=color, markersize=4)
    for axes in panels:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.minorticks_off()
        axes.set_ylim(0, 1.02)
    x = "proposals per image (log scale)"
    name_axes(panels[0], x, "recall (fraction of objects)", f"Recall at IoU {threshold:g}")
    name_axes(panels[1], x, "MABO (IoU)", "Mean average best overlap")
    handles, labels = panels[0].get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside lower center", ncols=3, fontsize=TEXT_SIZE - 0.5, labelcolor=INK,
        facecolor=PAPER, edgecolor="none", handlelength=2.6,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure
