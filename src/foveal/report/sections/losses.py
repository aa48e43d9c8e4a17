"""The course of a training by several losses at once, as blocks of a report."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from foveal.report.figures.training.learning_curves import PARTS, draw_loss_parts, is_smoothed
from foveal.report.html.blocks import Block, Chart, Fold, Table
from foveal.report.wording import say_duration
from foveal.wording import count

Event = Mapping[str, Any]

# Where four digits are too many.
_DIGITS = {"learning_rate": ".3g", "seconds": ".2f"}

# What a validation may measure, the first one there is in the chart and all in the table.
_MEASURED = {
    "validation_AP50": "validation AP50",
    "validation_recall50": "validation recall at IoU 0.5",
    "validation_AP": "validation AP",
    "validation_AR": "validation AR",
}


def loss_parts_blocks(events: Sequence[Event]) -> list[Block]:
    """A chart of the losses and of the validation against time, and a table of the epochs.

    Parameters
    ----------
    events : sequence of mappings
        A training log; of its events ``losses`` and ``epoch`` are used.

    Returns
    -------
    list of blocks
        Empty where there are no ``losses``.
    """
    losses = running_losses(events)
    if not losses:
        return []
    epochs = timed_epochs(events, losses)
    keys = [k for k in _MEASURED if any(number_of(e, k) is not None for e in epochs)]
    measure = keys[0] if keys else "validation_AP50"
    measured = [e for e in epochs if number_of(e, measure) is not None]
    kept = next((e for e in reversed(measured) if e.get("kept")), None)
    last = losses[-1]
    said = ", ".join(f"{name} {last[k]:.3f}" for k, name in PARTS.items() if number_of(last, k) is not None)
    means = (
        "Strong lines are running means, pale ones what was measured. " if is_smoothed(len(losses)) else ""
    )
    caption = f"{means}In the end: {said}."
    if kept is not None:
        caption += (
            f" The weights of epoch {kept['epoch']} were kept, after {say_duration(kept['seconds'])}: "
            f"{_MEASURED[measure]} {kept[measure]:.3f}."
        )
    marked = None if kept is None else kept["seconds"]
    blocks: list[Block] = [
        Chart(
            "Losses by part" + (", and the validation" if measured else ""),
            draw_loss_parts(losses, measured, measure=measure, marked=marked),
            f"Lines of the losses against time. {caption}",
            caption,
        )
    ]
    if epochs:
        columns = ("epoch", "time", "steps", "loss", *(_MEASURED[k] for k in keys), "learning rate")
        rows = []
        for e in epochs:
            numbers = [cell_of(e, key) for key in ("loss", *keys, "learning_rate")]
            rows.append([str(e["epoch"]), say_duration(e["seconds"]), f"{int(e.get('step', 0)):,}", *numbers])
        blocks.append(Fold(f"The {count(len(epochs), 'epoch')} as a table", [Table("", columns, rows)]))
    return blocks


def running_losses(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The ``losses`` events in the order of their steps, seconds running on where a training was resumed.

    Examples
    --------
    >>> told = [(10, 5.0), (20, 9.0), (20, 2.0), (30, 6.0)]
    >>> events = [{"event": "losses", "step": step, "seconds": s} for step, s in told]
    >>> [(e["step"], e["seconds"]) for e in running_losses(events)]
    [(10, 5.0), (20, 7.0), (30, 11.0)]
    """
    rows: list[dict[str, Any]] = []
    before, last = 0.0, 0.0
    for event in events:
        if event.get("event") != "losses" or event.get("seconds") is None:
            continue
        seconds, step = float(event["seconds"]), int(event.get("step", len(rows) + 1))
        if seconds < last:
            # A training that was begun again counts from 0: what it repeats is told anew.
            rows = [r for r in rows if r["step"] < step]
            before = rows[-1]["seconds"] if rows else 0.0
        last = seconds
        rows.append({**event, "step": step, "seconds": before + seconds})
    # A network that only proposes has no head whose losses could be other than 0.
    idle = [key for key in PARTS if not any(row.get(key) for row in rows)]
    return [{k: v for k, v in row.items() if k not in idle} for row in rows]


def timed_epochs(events: Sequence[Event], losses: Sequence[Event]) -> list[dict[str, Any]]:
    """The ``epoch`` events, each once, with the ``seconds`` since the training began."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("event") == "epoch":
            found[int(event["epoch"])] = dict(event)
    epochs = [found[number] for number in sorted(found)]
    steps = np.array([0.0, *(float(e["step"]) for e in losses)])
    seconds = np.array([0.0, *(float(e["seconds"]) for e in losses)])
    own = np.cumsum([float(e.get("seconds") or 0.0) for e in epochs])
    for epoch, summed in zip(epochs, own.tolist(), strict=True):
        at = epoch.get("step")
        epoch["seconds"] = summed if at is None else float(np.interp(float(at), steps, seconds))
    return epochs


def number_of(event: Event, key: str) -> float | None:
    """What an event tells; None where it tells nothing, or nothing finite."""
    value = event.get(key)
    return float(value) if value is not None and isfinite(value) else None


def cell_of(event: Event, key: str) -> str:
    """The same for the cell of a table."""
    number = number_of(event, key)
    return "–" if number is None else format(number, _DIGITS.get(key, ".4f"))
