"""Losses at several settings or, in a range test, at rising learning rates."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import (
    add_legend,
    count_axis,
    log_axis,
    mark_x,
    name_axes,
    new_axes,
    say_instead,
    scale_losses,
)
from foveal.report.figures.canvas import FULL_WIDTH, MUTED, SERIES, STYLES, new_figure
from foveal.report.wording import shorten

# The loss of a range test is shown up to so many times the height between its first and its least value:
# its end is an explosion that would flatten all else.
_HEADROOM = 1.0


def draw_losses(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    parameter: str = "",
    chosen: str | None = None,
    unit: str = "iteration",
) -> Figure:
    """Training loss against the iteration or the epoch for each value that was tried.

    Parameters
    ----------
    curves : mapping of str to (iterations, losses)
        The name of each curve, as the legend shows it, and two sequences of one length. Losses that
        are not finite are left out, as a gap.
    parameter : str
        What was varied, for the legend: ``"learning rate"``.
    chosen : str, optional
        The name of the curve whose value was chosen; it is drawn thicker and named so.
    unit : str, default="iteration"
        What is counted from left to right.

    Returns
    -------
    matplotlib.figure.Figure
        The losses on a logarithmic axis where the largest is over 30 times the smallest.

    Examples
    --------
    >>> curves = {"0.001": ([0, 100], [0.69, 0.60]), "0.01": ([0, 100], [0.69, 0.31])}
    >>> figure = draw_losses(curves, parameter="learning rate", chosen="0.01")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['learning rate 0.001', 'learning rate 0.01 (chosen)']
    """
    drawn = {name: (np.asarray(x, float), np.asarray(y, float)) for name, (x, y) in curves.items()}
    drawn = {name: (x, np.where(np.isfinite(y), y, np.nan)) for name, (x, y) in drawn.items()}
    losses = np.concatenate([y for _, y in drawn.values()] or [np.zeros(0)])
    if not np.isfinite(losses).any():
        return say_instead("No loss was logged.", FULL_WIDTH, 3.3)
    figure = new_figure(FULL_WIDTH, 3.3)
    axes = new_axes(figure)
    for i, (name, (x, y)) in enumerate(drawn.items()):
        axes.plot(
            x, y, color=SERIES[i % len(SERIES)], linestyle=STYLES[i // len(SERIES) % len(STYLES)],
            linewidth=2.6 if name == chosen else 1.5, marker="o" if len(x) == 1 else None,
            label=f"{parameter} {shorten(name)}".strip() + (" (chosen)" if name == chosen else ""),
        )  # fmt: skip
    scale_losses(axes, losses)
    count_axis(axes.xaxis)
    name_axes(axes, unit, "training loss (cross-entropy)")
    add_legend(axes, location="upper right", columns=1 if len(curves) <= 6 else 2)
    return figure


def draw_range_test(
    rates: ArrayLike,
    losses: ArrayLike,
    smoothed: ArrayLike | None = None,
    *,
    suggestion: float | None = None,
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
        return say_instead("No loss was measured.", FULL_WIDTH, 3.3)
    figure = new_figure(FULL_WIDTH, 3.3)
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
