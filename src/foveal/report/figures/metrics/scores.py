"""How sure right and wrong answers are."""

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, count_axis, mark_x, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, RIGHT, TEXT_SIZE, WRONG, new_figure


def draw_scores(
    scores: ArrayLike,
    correct: ArrayLike,
    *,
    threshold: float | None = None,
    unit: str = "detections",
    width: float = HALF_WIDTH,
) -> Figure:
    """A histogram of scores, right answers and wrong ones stacked.

    Parameters
    ----------
    scores : array-like of shape (N,)
        Probabilities in [0, 1]; values outside are counted in the first or last bar.
    correct : array-like of shape (N,), bool
    threshold : float, optional
        Marked by a vertical line.
    unit : str
        What is counted.
    width : float
        The figure's, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = draw_scores([0.9, 0.8, 0.2], [True, True, False], threshold=0.5)
    >>> len(figure.axes[0].patches)
    40
    """
    values = np.clip(np.asarray(scores, dtype=np.float64).ravel(), 0, 1)
    right = np.asarray(correct, dtype=bool).ravel()
    if not len(values):
        return say_instead(f"There are no {unit}.", width, 3.3)
    figure = new_figure(width, 3.3)
    axes = new_axes(figure, grid="y")
    edges = np.linspace(0, 1, 21)
    good, _ = np.histogram(values[right], edges)
    bad, _ = np.histogram(values[~right], edges)
    axes.bar(edges[:-1], good, 0.046, align="edge", color=RIGHT, linewidth=0, label="right")
    axes.bar(edges[:-1], bad, 0.046, align="edge", bottom=good, color=WRONG, linewidth=0, label="wrong")
    if threshold is not None:
        mark_x(
            axes, threshold, f"drawn from {threshold:.2f}", dashed=True, shift=(4, 2), size=TEXT_SIZE - 1.5
        )
    axes.set_xlim(-0.01, 1.01)
    count_axis(axes.yaxis)
    name_axes(axes, "score", f"{unit} (number)")
    add_legend(axes, location="upper right" if good[-4:].sum() + bad[-4:].sum() < len(values) / 4 else "best")
    return figure
