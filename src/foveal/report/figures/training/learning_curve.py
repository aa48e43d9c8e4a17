"""The course of a network's training: losses, accuracies and the learning rate of each epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import (
    add_legend,
    mark_x,
    name_axes,
    new_axes,
    say_instead,
    scale_losses,
    scale_shares,
)
from foveal.report.figures.canvas import FULL_WIDTH, MUTED, SERIES, new_figure


def draw_learning_curve(
    epochs: Sequence[Mapping[str, Any]], *, marked: int | None = None, mark: str = "kept"
) -> Figure:
    """Training and validation loss, accuracies and the learning rate over the epochs.

    Parameters
    ----------
    epochs : sequence of mappings
        The ``epoch`` events of a training (:mod:`foveal.events`), each with ``epoch`` and, as far as it was
        measured, ``loss``, ``accuracy``, ``validation_loss``, ``validation_accuracy`` and
        ``learning_rate``. What is missing, None or not finite is left out.
    marked : int, optional
        An epoch that a vertical line marks, such as the one whose weights were kept.
    mark : str
        What is written at the line, before the epoch.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for the losses, one for the accuracies and one for the learning rate, as far as there is
        something to draw. Losses are on a logarithmic axis where the largest is over 30 times the smallest.

    Examples
    --------
    >>> epochs = [
    ...     {"epoch": 1, "loss": 2.1, "validation_loss": 1.9, "accuracy": 0.2, "learning_rate": 0.1},
    ...     {"epoch": 2, "loss": 1.2, "validation_loss": 1.5, "accuracy": 0.6, "learning_rate": 0.01},
    ... ]
    >>> figure = draw_learning_curve(epochs, marked=2)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['loss', 'accuracy', 'learning rate']
    """
    x = np.array([e["epoch"] for e in epochs], np.float64)
    panels = {
        "loss": {"training": "loss", "validation": "validation_loss"},
        "accuracy": {"training": "accuracy", "validation": "validation_accuracy"},
        "learning rate": {"": "learning_rate"},
    }
    drawn = {
        title: {
            name: values for name, key in lines.items() if np.isfinite(values := _column(epochs, key)).any()
        }
        for title, lines in panels.items()
    }
    drawn = {title: lines for title, lines in drawn.items() if lines}
    if not drawn:
        return say_instead("No epoch was measured.", FULL_WIDTH, 2.0)
    figure = new_figure(FULL_WIDTH, 3.1)
    for i, (title, lines) in enumerate(drawn.items()):
        axes = new_axes(figure, (1, len(drawn), i + 1))
        for name, values in lines.items():
            color = MUTED if not name else SERIES[name == "validation"]
            style, dot = "--" if name == "validation" else "-", "o" if len(x) == 1 else None
            axes.plot(x, values, color=color, linewidth=1.9, linestyle=style, marker=dot, label=name or None)
        known = np.concatenate(list(lines.values()))
        if title == "loss":
            scale_losses(axes, known)
        elif title == "accuracy":
            scale_shares(axes, float(np.nanmin(known)))
        else:
            axes.set_ylim(bottom=0)
        if marked is not None:
            late = len(x) > 0 and marked > (x[0] + x[-1]) / 2
            mark_x(axes, marked, "" if i else f"{mark}: epoch {marked}", shift=(-4 if late else 4, -2))
        if len(x) == 1:
            axes.set_xticks(x)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        name_axes(axes, "epoch", title=title)
        if len(lines) > 1 or "validation" in lines:
            add_legend(axes, location="lower right" if title == "accuracy" else "best")
    return figure


def _column(epochs: Sequence[Mapping[str, Any]], key: str) -> NDArray[np.float64]:
    values = [e.get(key) for e in epochs]
    column = np.array([np.nan if v is None else v for v in values], np.float64)
    return np.where(np.isfinite(column), column, np.nan)
