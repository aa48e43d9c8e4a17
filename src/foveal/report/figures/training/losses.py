"""Losses against iterations, one line for each setting that was tried."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, count_axis, name_axes, new_axes, say_instead, scale_losses
from foveal.report.figures.canvas import FULL_WIDTH, SERIES, STYLES, new_figure
from foveal.report.wording import shorten


def draw_losses(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, parameter: str = "", chosen: str | None = None
) -> Figure:
    """Training loss against the iteration for each value that was tried.

    Parameters
    ----------
    curves : mapping of str to (iterations, losses)
        The name of each curve, as the legend shows it, and two sequences of one length. Losses that
        are not finite are left out, as a gap.
    parameter : str
        What was varied, for the legend: ``"learning rate"``.
    chosen : str, optional
        The name of the curve whose value was chosen; it is drawn thicker and named so.

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
    name_axes(axes, "iteration", "training loss (cross-entropy)")
    add_legend(axes, location="upper right", columns=1 if len(curves) <= 6 else 2)
    return figure
