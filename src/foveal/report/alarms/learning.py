"""Alarms about the course of a training: a loss that did not fall, figures that are too far apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.alarms.evidence import (
    BOXES_ELSEWHERE,
    LABELS_ELSEWHERE,
    UNSEEN,
    brief_or_unsuited,
    chosen_rate,
    is_fine_tuned,
    settings_of,
    told,
    too_little_training,
    unlike_images,
)
from foveal.report.alarms.likeness import Difference
from foveal.report.records import Alarm, Record
from foveal.report.sections.data import class_counts
from foveal.wording import count

# The last tenth of a detector's losses, as a share of the first: good ones come to 0.1 to 0.4 (raccoon,
# fruit, bccd), and to 0.65 after a single epoch.
_FALLEN = 0.9
# How much of the way from guessing to certainty a classifier's training loss must go: on caltech101_8 a cnn
# comes to 0.31 in three epochs, an mlp to 0.5 in ten; with learning rates that are too high or too low to 0.
_LEARNED = 0.08
# Accuracies further apart than this, and than so many standard errors, are far apart; of AP50 the error is
# taken for that of a share of the images. No run of the nine models on five sets had such a distance.
_GAP, _ERRORS = 0.25, 3.0
# Images a class of which a network from scratch learns more than the images themselves.
_ENOUGH_IMAGES = 100
# Copies, as a share of the training images, that matter.
_COPIES = 0.1

_LOSSES = ("rpn_class", "rpn_box", "head_class", "head_box")

Event = Mapping[str, Any]


def loss_alarm(record: Record) -> Alarm | None:
    """The loss did not fall, or was no number."""
    losses = _losses(record.events)
    if not len(losses):
        return None
    bad = int((~np.isfinite(losses)).sum())
    if bad:
        message = f"The training loss was no finite number {count(bad, 'time')} of {len(losses):,}."
        return Alarm("loss", message, _diverged(record))
    tenth = max(1, len(losses) // 10)
    first, last = float(losses[:tenth].mean()), float(losses[-tenth:].mean())
    if record.data.task == "classification":
        learned = way_gone(record, last)
        if learned is None or learned >= _LEARNED:
            return None
        course = f"went from {_said(first)} to {_said(last)}" if len(losses) > 1 else f"was {_said(last)}"
        message = f"The training loss {course}: hardly better than that of guessing."
    elif len(losses) > 1 and last >= _FALLEN * first:
        message = (
            f"The training loss did not fall: {_said(first)} in the beginning and {_said(last)} in the end."
        )
    else:
        return None
    return Alarm("loss", message, _not_falling(record))


def _said(loss: float) -> str:
    return f"{loss:.3f}" if loss < 1000 else f"{loss:,.0f}"


def _diverged(record: Record) -> tuple[str, ...]:
    rate = chosen_rate(record)
    lower = "Its steps were too large: train with a lower learning_rate, a tenth of this one."
    return told(
        rate or lower, "Pictures or boxes are not what they should be: see what foveal doctor says of them."
    )


def _not_falling(record: Record) -> tuple[str, ...]:
    rate, brief = chosen_rate(record), too_little_training(record)
    classifies = record.data.task == "classification"
    other = "The learning rate does not suit this data: try --set learning_rate=…, a tenth of what it was."
    return told(
        *brief_or_unsuited(record),
        LABELS_ELSEWHERE if classifies else BOXES_ELSEWHERE,
        None if rate else other,
        UNSEEN if classifies and not brief else None,
    )


def _losses(events: Sequence[Event]) -> NDArray[np.float64]:
    """The training loss over time: by steps where the log tells, else by epochs."""
    parts = [[e[key] for key in _LOSSES if key in e] for e in events if e.get("event") == "losses"]
    rows = parts or [[e["loss"]] for e in events if e.get("event") == "epoch" and "loss" in e]
    return np.array([sum(float("nan") if v is None else float(v) for v in row) for row in rows], np.float64)


def way_gone(record: Record, loss: float) -> float | None:
    """How much of the way from the best guess to certainty a cross-entropy has gone: 1 at the most.

    The best guess says of every image the shares of the classes in training; label smoothing is allowed for.
    None where there is nothing to tell apart.
    """
    counts = class_counts(record.parts.train).astype(np.float64)
    shares = counts[counts > 0] / max(1.0, counts.sum())
    if len(shares) < 2:
        return None
    given = settings_of(record).get("label_smoothing")
    smoothing = float(given) if isinstance(given, (int, float)) else 0.0
    uniform, sure = np.full(len(shares), 1 / len(shares)), np.eye(1, len(shares))[0]
    guess, certain = (_entropy((1 - smoothing) * p + smoothing * uniform) for p in (shares, sure))
    return (guess - loss) / (guess - certain) if guess > certain else None


def _entropy(shares: NDArray[np.float64]) -> float:
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def overfit_alarm(record: Record) -> Alarm | None:
    """A classifier's validation is far below its training."""
    epochs = [e for e in record.events if e.get("event") == "epoch" and e.get("accuracy") is not None]
    measured = [e for e in epochs if e.get("validation_accuracy") is not None]
    if not measured:
        return None
    last, number = measured[-1], len(record.parts.validation)
    trained, validated = float(last["accuracy"]), float(last["validation_accuracy"])
    if not far_above(trained, validated, number):
        return None
    message = (
        f"It learned its pictures by heart: it classifies {100 * trained:.0f} % of the training images "
        f"correctly, and {100 * validated:.0f} % of {count(number, 'validation image')}."
    )
    reasons = told(
        _few_for_a_network(record),
        _unchanged(record),
        _too_long(record, measured),
        _copies(record),
        "Some labels are wrong: what cannot be understood is learned by heart. Look at “The surest "
        "mistakes”.",
        "The validation images are of another kind than the training images.",
    )
    return Alarm("overfit", message, reasons)


def _few_for_a_network(record: Record) -> str | None:
    counts = class_counts(record.parts.train)
    each = int(np.median(counts[counts > 0])) if counts.any() else 0
    if not 0 < each < _ENOUGH_IMAGES or is_fine_tuned(record):
        return None
    return (
        f"There are few pictures for a network that learns from nothing, {each} of a class: add some, or "
        "train transfer, which has learned from a million others."
    )


def _unchanged(record: Record) -> str | None:
    off = settings_of(record).get("augmentation") == "none"
    return "The training images are not changed at random: leave augmentation=none away." if off else None


def _too_long(record: Record, epochs: Sequence[Event]) -> str | None:
    losses = [(float(e["validation_loss"]), int(e["epoch"])) for e in epochs if e.get("validation_loss")]
    best, last = min(losses, default=(0.0, 0))[1], int(epochs[-1]["epoch"])
    if not 0 < 2 * best <= last or settings_of(record).get("early_stopping") is not False:
        return None
    return (
        f"It learned too long: the validation loss was least in epoch {best} of {last}. Give --set "
        "early_stopping=true."
    )


def _copies(record: Record) -> str | None:
    copies = sum(f.kind == "duplicate-image" for f in record.findings)
    if copies <= _COPIES * len(record.data):
        return None
    return (
        f"It saw the same pictures again and again: {copies:,} of {len(record.data):,} are copies of others."
    )


def far_above(above: float, below: float, number: int, other: int | None = None) -> bool:
    """Whether a share is so far above another that chance does not explain it.

    Parameters
    ----------
    above, below : float
    number : int
        Images behind the lower one.
    other : int, optional
        Images behind the upper one, where they are few, too.

    Examples
    --------
    >>> far_above(0.9, 0.5, number=100), far_above(0.9, 0.5, number=8)
    (True, False)
    """
    if not number or other == 0:
        return False
    variance = 0.25 / number + (0.25 / other if other else 0.0)
    return bool(above - below > max(_GAP, _ERRORS * variance**0.5))


def worse_alarm(record: Record, differences: Sequence[Difference]) -> Alarm | None:
    """The held-out images do far worse than the validation promised."""
    promised = _promised(record)
    if promised is None:
        return None
    figure, validated, number = promised
    measured = record.metrics.get(figure)
    if measured is None or not far_above(validated, measured, len(record.test), number):
        return None
    message = (
        f"The held-out images do worse than the validation promised: {figure} {measured:.2f} against "
        f"{validated:.2f}."
    )
    elsewhere = (
        "The held-out images are of another kind than those that it learned from and was validated on: other "
        "cameras, places, people or times."
    )
    reasons = told(
        unlike_images(differences) or elsewhere,
        "The validation images are near-copies of training images (frames of one film, series of one "
        "object), and the held-out ones are not.",
        "The held-out images are labelled otherwise than those it learned from: look at some.",
    )
    return Alarm("held-out-worse", message, reasons)


def _promised(record: Record) -> tuple[str, float, int] | None:
    """A figure, what it was on the images that validated, and their number."""
    number = len(record.parts.validation)
    epochs = [e for e in record.events if e.get("event") == "epoch"]
    for key, figure in (("validation_AP50", "AP50"), ("validation_accuracy", "accuracy")):
        measured = [e for e in epochs if e.get(key) is not None]
        kept = [e for e in measured if e.get("kept")] or measured
        if kept:
            return figure, float(kept[-1][key]), number
    if record.data.task == "detection":
        return None
    chosen = [e["score"] for e in record.events if e.get("event") == "candidate" and e.get("chosen")]
    # Of a regression's candidates the score is the negative loss.
    shares = [float(score) for score in chosen if score is not None and 0 < score <= 1]
    # Where nothing validates they are cross-validated.
    return ("accuracy", shares[-1], number or len(record.parts.train)) if shares else None
