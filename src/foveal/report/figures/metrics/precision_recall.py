"""Precision against recall."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures.canvas import (
    HALF_WIDTH,
    MOST_LINES,
    MUTED,
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


def draw_precision_recall(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, average: Mapping[str, float] | None = None
) -> "Figure":
    """Precision against recall for each class.

    Parameters
    ----------
    curves : mapping of str to (recall, precision)
        Two sequences of one length for each class, in the order of falling scores.
    average : mapping of str to float, optional
        The average precision of each class; the legend shows it and is sorted by it.

    Returns
    -------
    matplotlib.figure.Figure
        With more classes than there are colours, every class is a thin grey line and only those with
        the best and the worst average precision are coloured and named.

    Examples
    --------
    >>> figure = draw_precision_recall({"cat": ([0.5, 1.0], [1.0, 0.8])}, average={"cat": 0.9})
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'cat 0.90'
    """
    figure = new_figure(HALF_WIDTH, 3.5)
    axes = new_axes(figure)
    average = average or {}
    drawn = {name: (np.asarray(r, float), np.asarray(p, float)) for name, (r, p) in curves.items()}
    drawn = {name: curve for name, curve in drawn.items() if len(curve[0])}
    if not drawn:
        say_instead(axes, "No class has both objects and detections.")
        return figure
    names = sorted(drawn, key=lambda name: -average.get(name, 0.0))
    named = names if len(names) <= MOST_LINES else [*names[:3], *names[-3:]]
    for name in names:
        if name not in named:
            axes.plot(*drawn[name], color=MUTED, alpha=0.3, linewidth=0.9)
    for i, name in enumerate(named):
        value = f" {average[name] + 0.0:.2f}" if name in average else ""
        axes.plot(*drawn[name], color=SERIES[i], linewidth=1.9, label=shorten(name, 16) + value)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    title = "" if len(named) == len(names) else f"Best and worst three of {len(names)} classes"
    name_axes(axes, "recall (fraction of objects found)", "precision (fraction of boxes right)", title)
    add_legend(axes, location="lower left")
    return figure
