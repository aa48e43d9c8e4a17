"""An alarm about a model that has forgotten what the one that it went on from knew."""

import numpy as np

from foveal.report.alarms.evidence import named, settings_of, told
from foveal.report.records import Alarm, Record
from foveal.report.sections.data import class_counts
from foveal.wording import count

# A fall by less is within what one training and the next differ by on a few dozen images.
_FALL = 0.05
_KEYS = ("AP50", "proposals/recall50@100", "accuracy")


def forgotten_alarm(record: Record) -> Alarm | None:
    """On the images that the old run held out the new model is worse than the old one."""
    for key in _KEYS:
        before, now = record.metrics.get(f"old_data/before/{key}"), record.metrics.get(f"old_data/{key}")
        if before is None or now is None or before - now <= _FALL:
            continue
        name = key.removeprefix("proposals/")
        message = (
            "It has forgotten some of what it knew: on the pictures that the old run held out "
            f"{name} was {before:.3f} and is {now:.3f}."
        )
        return Alarm("forgotten", message, told(_not_shown(record), _TOGETHER, _shorter_steps(record)))
    return None


_TOGETHER = (
    "It learned from the new pictures alone: train on the old and the new ones together (foveal convert "
    "--merge makes one data set of both)."
)


def _not_shown(record: Record) -> str | None:
    """Old classes that no training image shows."""
    train = record.parts.train
    known = record.config.get("from", {}).get("classes", ())
    counts = class_counts(train)
    gone = [k for k, name in enumerate(train.classes) if name in known and not counts[k]]
    if not gone:
        return None
    number = count(len(train), "training picture")
    return f"None of the {number} shows {named(train.classes, gone)}: add old ones that do."


def _shorter_steps(record: Record) -> str | None:
    rate = settings_of(record).get("learning_rate")
    if isinstance(rate, (int, float)) and np.isfinite(rate):
        return (
            "Its steps were as long as those of a training from nothing: give --set "
            f"learning_rate={rate / 10:g}."
        )
    return None
