"""The course of a network's training: of a classifier's over the epochs, of a detector's over the time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import (
    add_legend,
    count_axis,
    mark_x,
    name_axes,
    new_axes,
    say_instead,
    scale_losses,
    scale_shares,
)
from foveal.report.figures.canvas import FULL_WIDTH, INK, MUTED, SERIES, TEXT_SIZE, new_figure

PARTS = {
    "rpn_class": "RPN, object or not",
    "rpn_box": "RPN, boxes",
    "head_class": "head, class",
    "head_box": "head, boxes",
}
# A line is the mean of so large a part of all measurements around each.
_SMOOTHING = 0.05


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
        else:
            count_axis(axes.xaxis)
        name_axes(axes, "epoch", title=title)
        if len(lines) > 1 or "validation" in lines:
            add_legend(axes, location="lower right" if title == "accuracy" else "best")
    return figure


def _column(epochs: Sequence[Mapping[str, Any]], key: str) -> NDArray[np.float64]:
    values = [e.get(key) for e in epochs]
    column = np.array([np.nan if v is None else v for v in values], np.float64)
    return np.where(np.isfinite(column), column, np.nan)


def draw_loss_parts(
    losses: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]] = (),
    *,
    measure: str = "validation_AP50",
    marked: float | None = None,
    mark: str = "kept",
) -> Figure:
    """Losses by part against time, and below, on the same axis of time, the validation.

    Parameters
    ----------
    losses : sequence of mappings
        The ``losses`` events of a training (:mod:`foveal.events`): ``seconds``, and any of ``rpn_class``,
        ``rpn_box``, ``head_class`` and ``head_box``.
    validations : sequence of mappings, optional
        The ``epoch`` events, as far as they have ``seconds`` and the measure.
    measure : str, default="validation_AP50"
        What is drawn below.
    marked : float, optional
        The seconds at which the weights were as they are in the end: a vertical line; by default those of
        the best validation.
    mark : str
        What is written at the line.

    Returns
    -------
    matplotlib.figure.Figure
        Strong lines are running means, pale ones what was measured; where there are few measurements
        (:func:`is_smoothed`) the strong lines are these. Losses are on a logarithmic axis where
        the largest mean is over 30 times the smallest.

    Examples
    --------
    >>> losses = [{"seconds": s, "rpn_class": 1 / s, "head_class": 2 / s} for s in range(1, 50)]
    >>> epochs = [{"seconds": s, "validation_AP50": s / 60} for s in (20, 40)]
    >>> figure = draw_loss_parts(losses, epochs)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'validation AP50']
    """
    lines = {name: line for key, name in PARTS.items() if len((line := _line(losses, key))[0])}
    seconds, values = _line(validations, measure)
    if not lines and not len(seconds):
        return say_instead("No loss was logged.", FULL_WIDTH, 2.0)
    last = max(float(x[-1]) for x in (seconds, *(x for x, _ in lines.values())) if len(x))
    unit, scale = ("minutes", 60.0) if last >= 180 else ("seconds", 1.0)
    both = bool(lines) and len(seconds) > 0
    figure = new_figure(FULL_WIDTH, 4.6 if both else 2.9)
    grid = figure.add_gridspec(1 + both, 1, height_ratios=[1.5, 1.0][: 1 + both])
    panels = [new_axes(figure, (grid[row],)) for row in range(1 + both)]
    if lines:
        axes = panels[0]
        means = [_running_mean(y) for _, y in lines.values()]
        for i, (name, (x, y)) in enumerate(lines.items()):
            axes.plot(x / scale, y, color=SERIES[i], linewidth=0.8, alpha=0.4)
            axes.plot(x / scale, means[i], color=SERIES[i], linewidth=2.0, label=name,
                      marker="o" if len(x) == 1 else None)  # fmt: skip
        scale_losses(axes, np.concatenate(means), headroom=1.12)
        if axes.get_yscale() == "log":
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        name_axes(axes, "" if both else f"time ({unit})", "loss")
        # One measurement is a dot at the right.
        several = any(len(x) > 1 for x, _ in lines.values())
        add_legend(axes, columns=2, location="best" if several else "upper left")
    if len(seconds):
        axes = panels[-1]
        axes.plot(seconds / scale, values, color=SERIES[0], linewidth=1.9, marker="o", markersize=3.5)
        at = float(seconds[values.argmax()]) if marked is None else marked
        height = float(np.interp(at, seconds, values))
        axes.plot(at / scale, height, "o", color=SERIES[1], markersize=7, zorder=5)
        late = at > last / 2
        axes.annotate(
            f"{mark}: {height:.3f}", (at / scale, height), (-8 if late else 8, -14),
            textcoords="offset points", ha="right" if late else "left", color=INK, zorder=6,
            fontsize=TEXT_SIZE - 0.5,
        )  # fmt: skip
        scale_shares(axes, float(values.min()))
        name_axes(axes, f"time ({unit})", measure.replace("_", " "))
    for axes in panels:
        axes.set_xlim(0, 1.02 * last / scale if last > 0 else 1.0)
        if len(seconds):
            mark_x(axes, at / scale)
    if both:
        panels[0].set_xticklabels([])
    return figure


def _line(losses: Sequence[Mapping[str, Any]], key: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = [
        (float(e["seconds"]), float(e[key]))
        for e in losses
        if e.get(key) is not None and e.get("seconds") is not None and np.isfinite(float(e[key]))
    ]
    x, y = np.array(sorted(pairs), np.float64).reshape(-1, 2).T
    return x, y


def is_smoothed(number: int) -> bool:
    """Whether the line of so many measurements is their running mean, and not they themselves.

    Examples
    --------
    >>> is_smoothed(20), is_smoothed(60)
    (False, True)
    """
    return _half_window(number) > 0


def _half_window(number: int) -> int:
    return max(0, round(_SMOOTHING * number / 2))


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the neighbours of each, fewer of them at both ends."""
    half = _half_window(len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray((sums[last] - sums[first]) / (last - first))
