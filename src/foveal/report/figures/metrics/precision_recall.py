"""Precision against recall, and what the average precision is lost to."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, draw_bars, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import CLASSES, HALF_WIDTH, MUTED, TEXT_SIZE, WRONG, new_figure
from foveal.report.wording import shorten

_EXPLAINED = {
    "Cls": "wrong class",
    "Loc": "badly placed",
    "Both": "wrong class, badly placed",
    "Dupe": "found twice",
    "Bkg": "nothing there",
    "Miss": "missed",
}


def draw_precision_recall(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, average: Mapping[str, float] | None = None
) -> Figure:
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
        A curve of one point is a dot. With more classes than there are colours, every class is a thin grey
        line and only those with the best and the worst average precision are coloured and named.

    Examples
    --------
    >>> figure = draw_precision_recall({"cat": ([0.5, 1.0], [1.0, 0.8])}, average={"cat": 0.9})
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'cat 0.90'
    """
    average = average or {}
    drawn = {name: (np.asarray(r, float), np.asarray(p, float)) for name, (r, p) in curves.items()}
    drawn = {name: curve for name, curve in drawn.items() if len(curve[0])}
    if not drawn:
        return say_instead("No class has both objects and detections.", HALF_WIDTH, 3.5)
    figure = new_figure(HALF_WIDTH, 3.5)
    axes = new_axes(figure)
    names = sorted(drawn, key=lambda name: -average.get(name, 0.0))
    named = names if len(names) <= len(CLASSES) else [*names[:3], *names[-3:]]
    for name in names:
        if name not in named:
            axes.plot(*drawn[name], color=MUTED, alpha=0.3, linewidth=0.9)
    # Of few classes each has the colour that the page's pictures give it.
    ordered = [name for name in curves if name in named] if len(names) <= len(CLASSES) else named
    colors = dict(zip(ordered, CLASSES, strict=False))
    for name in named:
        value = f" {average[name] + 0.0:.2f}" if name in average else ""
        # A curve of one point has no line: it is a dot.
        dot = "o" if len(drawn[name][0]) == 1 else None
        axes.plot(*drawn[name], color=colors[name], linewidth=1.9, marker=dot, clip_on=dot is None,
                  label=shorten(name, 16) + value)  # fmt: skip
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.03)
    title = "" if len(named) == len(names) else f"Best and worst three of {len(names)} classes"
    name_axes(axes, "recall (fraction of objects found)", "precision (fraction of boxes right)", title)
    add_legend(axes, location="lower left")
    return figure


def draw_tide(losses: Mapping[str, float], *, width: float = HALF_WIDTH) -> Figure:
    """The AP50 that mending each kind of error alone would win (Bolya et al. 2020, TIDE).

    Parameters
    ----------
    losses : mapping of str to float
        For each kind of error (``Cls``, ``Loc``, ``Both``, ``Dupe``, ``Bkg``, ``Miss``) the gain in
        AP50, from 0 to 1.
    width : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = draw_tide({"Loc": 0.12, "Miss": 0.3})
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['missed', 'badly placed']
    """
    names = sorted(losses, key=lambda name: -losses[name])
    if not names:
        return say_instead("No errors were counted.", width, 1.5)
    figure = new_figure(width, max(1.5, 0.9 + 0.4 * len(names)))
    axes = new_axes(figure, grid="x")
    values = [100 * float(losses[name]) for name in names]
    words = [f"{value:.1f}" for value in values]
    explained = [_EXPLAINED.get(name, name) for name in names]
    draw_bars(axes, explained, values, words, colors=WRONG, thickness=0.62, size=TEXT_SIZE)
    axes.set_xlim(min(0.0, *values), max(1.0, *values) * 1.15)
    name_axes(axes, "AP50 lost (points of 100)")
    return figure
