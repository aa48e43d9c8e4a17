"""Precision against recall of several models in one frame."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, SERIES, STYLES, new_figure
from foveal.report.wording import shorten

#: The recalls that curves are read at.
RECALLS = np.linspace(0, 1, 101)


def draw_compared_curves(curves: Mapping[str, Sequence[ArrayLike]], title: str = "") -> Figure:
    """Precision against recall of several models, each trained once or several times.

    Parameters
    ----------
    curves : mapping of str to sequence of array-like of shape (101,)
        For each model the precision of each of its trainings at the recalls 0, .01, … 1.
    title : str
        What the curves are of.

    Returns
    -------
    matplotlib.figure.Figure
        A strong line for the mean of a model's trainings, and a faint one for each.

    Examples
    --------
    >>> figure = draw_compared_curves({"rcnn": [np.linspace(1, 0, 101)], "fast-rcnn": [np.ones(101)]})
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['rcnn', 'fast-rcnn']
    """
    if not curves:
        return say_instead("There are no curves to draw.", HALF_WIDTH, 3.5)
    figure = new_figure(HALF_WIDTH, 3.5)
    axes = new_axes(figure)
    for i, (name, trained) in enumerate(curves.items()):
        color, style = SERIES[i % len(SERIES)], STYLES[i // len(SERIES) % len(STYLES)]
        every = [np.asarray(curve, float) for curve in trained]
        if len(every) > 1:
            for curve in every:
                axes.plot(RECALLS, curve, color=color, alpha=0.5, linewidth=0.8, linestyle=style)
        label = shorten(name, 30)
        axes.plot(RECALLS, np.mean(every, axis=0), color=color, linewidth=1.9, linestyle=style, label=label)
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    name_axes(axes, "recall (fraction of objects found)", "precision (fraction of boxes right)", title)
    add_legend(axes, location="lower left")
    return figure
