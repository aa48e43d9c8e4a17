"""Precision, recall and F1 against the score that detections are believed from."""

from foveal.metrics import OperatingPoints
from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, mark_x, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, SERIES, STYLES, new_figure


def draw_operating_points(
    points: OperatingPoints, *, threshold: float | None = None, width: float = HALF_WIDTH
) -> Figure:
    """Precision, recall and F1 against the score that detections are believed from.

    Parameters
    ----------
    points : OperatingPoints
        See :func:`foveal.metrics.operating_points`.
    threshold : float, optional
        The one that is used: a dotted line.
    width : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from foveal.metrics.operating_points import operating_points_of
    >>> figure = draw_operating_points(operating_points_of([0.9, 0.4], [True, False], 1), threshold=0.5)
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['precision', 'recall', 'F1']
    """
    if not len(points.thresholds) or not points.objects:
        return say_instead("There are no detections, or no objects.", width, 3.5)
    figure = new_figure(width, 3.2)
    axes = new_axes(figure)
    # A threshold keeps what it keeps down to the one below.
    steps = [0.0, *points.thresholds.tolist()]
    for i, (name, values) in enumerate(
        (("precision", points.precision), ("recall", points.recall), ("F1", points.f1))
    ):
        heights = [float(values[0]), *values.tolist()]
        (line,) = axes.plot(steps, heights, color=SERIES[i], linestyle=STYLES[i], linewidth=1.9, label=name)
        line.set_drawstyle("steps-pre")
    if threshold is not None:
        # Where it stands near the right side there is room at its left alone.
        mark_x(axes, threshold, f"{threshold:.2f}", shift=(4.0 if threshold < 0.85 else -4.0, 4.0))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.03)
    name_axes(axes, "score from which detections are believed", "share")
    add_legend(axes)
    return figure
