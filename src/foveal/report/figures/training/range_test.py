"""The loss over rising learning rates, and the rate that it suggests."""

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, log_axis, mark_x, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, MUTED, SERIES, new_figure

# The loss is shown up to so many times the height between its first and its least value: the end of a
# range test is an explosion that would flatten all else.
_HEADROOM = 1.0


def draw_range_test(
    rates: ArrayLike,
    losses: ArrayLike,
    smoothed: ArrayLike | None = None,
    *,
    suggestion: float | None = None,
    width: float = FULL_WIDTH,
) -> Figure:
    """Losses of a learning-rate range test against the rate, on a logarithmic axis.

    Parameters
    ----------
    rates : array-like of shape (S,)
        Learning rates, above 0: ``RangeTest.rates``.
    losses : array-like of shape (S,)
        The loss of one batch at each; what is not finite is left out.
    smoothed : array-like of shape (S,), optional
        Their running mean, drawn over them.
    suggestion : float, optional
        The rate to mark by a vertical line.
    width : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        Where the loss explodes, the curve leaves the axes at the top.

    Examples
    --------
    >>> figure = draw_range_test([1e-3, 1e-2, 1e-1], [2.0, 1.0, 3.0], [2.0, 1.5, 1.8], suggestion=1e-2)
    >>> figure.axes[0].get_xscale(), len(figure.axes[0].lines)
    ('log', 3)
    """
    x = np.asarray(rates, dtype=np.float64).ravel()
    single = np.asarray(losses, dtype=np.float64).ravel()
    single = np.where(np.isfinite(single), single, np.nan)
    if not np.isfinite(single).any():
        return say_instead("No loss was measured.", width, 3.3)
    figure = new_figure(width, 3.3)
    axes = new_axes(figure)
    log_axis(axes)
    if smoothed is None:
        shown = single
        axes.plot(x, single, color=SERIES[0], linewidth=1.8, marker="o" if len(x) == 1 else None)
    else:
        shown = np.asarray(smoothed, dtype=np.float64).ravel()
        shown = np.where(np.isfinite(shown), shown, np.nan)
        axes.plot(x, single, color=MUTED, linewidth=0.9, alpha=0.75, label="one batch")
        axes.plot(x, shown, color=SERIES[0], linewidth=2.2, label="smoothed")
    if suggestion is not None:
        mark_x(axes, suggestion, f"suggested {suggestion:.2g}", dashed=True)
    known = shown[np.isfinite(shown)]
    if len(known):
        least, first = min(float(known.min()), float(np.nanmin(single))), float(known[0])
        height = max(first - least, 0.1 * abs(first), 1e-12)
        top = max(first, least) + _HEADROOM * height
        axes.set_ylim(least - 0.1 * height, min(top, float(np.nanmax(single)) + 0.1 * height))
    name_axes(axes, "learning rate", "training loss of a batch")
    add_legend(axes, location="lower left")
    return figure
