"""What a run's record holds for or against a reason; each function gives a sentence, or nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.report.alarms.likeness import Difference
from foveal.report.records import Record
from foveal.report.sections.data import class_counts
from foveal.wording import count, minutes_text

# Boxes that the doctor could not take as they are, as a share of all, from which on they are a reason.
_MISFITS = 0.1
_MISFITTING = ("inverted-box", "empty-box", "outside-box", "clipped-box", "tiny-box")
# The default detectors' schedules on small sets have 216 steps and more (AP50 of .8 and above on raccoon,
# fruit and bccd); after 60 steps one had .08 of ten classes. What has learned enough in fewer is not asked.
FEW_STEPS = 150
# Steps that no learning rate makes up for.
_NEXT_TO_NONE = 30
# Minutes that are advised where fewer were given.
_MINUTES = (2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120)
# Objects below this median side, in pixels at the size at which a detector looks at images, are about one
# cell of its finest map.
_SMALL = 14.0
# Classes that a sentence names.
_NAMED = 5
# Examples of a class below which its figures are a matter of luck.
FEW_EXAMPLES = 20


#: What may always be, where nothing speaks for another reason.
BOXES_ELSEWHERE = (
    "The boxes do not sit on their objects: x and y exchanged, another format, pictures of another size. "
    "Look at “Pictures to learn from” in the report."
)
LABELS_ELSEWHERE = (
    "The labels do not belong to their pictures: shuffled, or in another order. Look at “Pictures to learn "
    "from” in the report."
)

UNSEEN = (
    "What tells the classes apart cannot be seen at the size at which it looks at pictures, or only in a "
    "small part of them: draw boxes around it and train a detector."
)


def settings_of(record: Record) -> Mapping[str, Any]:
    """The settings of the run, as resolved; empty where they are not known."""
    settings = record.config.get("settings", {})
    return settings if isinstance(settings, Mapping) else {}


def is_fine_tuned(record: Record) -> bool:
    """Whether the steps that the log tells of are those of a fine-tuning, before which much was learned."""
    return "fine_tune" in settings_of(record)


def steps_taken(record: Record) -> tuple[int, float] | None:
    """Steps and passes over the training images, as far as the log tells."""
    epochs = [e for e in record.events if e.get("event") == "epoch" and e.get("step")]
    if not epochs:
        return None
    last = epochs[-1]
    schedule: Mapping[str, Any] = next(
        (e for e in reversed(record.events) if e.get("event") == "schedule"), {}
    )
    passes = schedule.get("epochs") if schedule.get("steps") == last["step"] else None
    return int(last["step"]), float(passes or last["epoch"])


def too_little_training(record: Record) -> str | None:
    """So few steps that nothing can have been learned."""
    taken = steps_taken(record)
    if taken is None or taken[0] >= FEW_STEPS or is_fine_tuned(record):
        return None
    steps, passes = taken
    minutes = settings_of(record).get("minutes")
    if isinstance(minutes, (int, float)):
        given = f"{count(steps, 'step')} in the {minutes_text(minutes)} that it had"
        more = next((m for m in _MINUTES if m >= 4 * minutes), 4 * round(minutes))
        mend = f"give it more, such as --set minutes={more}"
    else:
        given, mend = count(steps, "step"), "leave epochs away, or give more"
    if passes < 1:
        seen = "it has not even seen each picture once"
    else:
        seen = "it has seen each picture " + ("once" if passes == 1 else f"{passes:.2g} times")
    return f"It learned too briefly, {given}: {seen}. To mend that, {mend}."


def brief_or_unsuited(record: Record) -> tuple[str | None, str | None]:
    """Too few steps and a learning rate of somebody's own, the likelier of the two first."""
    taken, brief, rate = steps_taken(record), too_little_training(record), chosen_rate(record)
    return (rate, brief) if taken is None or taken[0] >= _NEXT_TO_NONE else (brief, rate)


def misfitting_boxes(record: Record) -> str | None:
    """Boxes that do not lie in their pictures."""
    for finding in record.findings:
        if finding.kind == "boxes-misread":
            return f"The boxes do not mean what they were taken for. {finding.message}"
    wrong = sum(f.kind in _MISFITTING for f in record.findings)
    total = sum(len(s.boxes) for s in record.data)
    if not total or wrong < _MISFITS * total:
        return None
    return (
        f"{wrong:,} of {total:,} boxes do not fit into their pictures: they may be of pictures of another "
        "size, or of another format. See what the doctor found."
    )


def unlike_images(differences: Sequence[Difference]) -> str | None:
    """Held-out images that are unlike those learned from."""
    if not differences:
        return None
    words = joined([d.word for d in differences[:3]])
    return f"The held-out pictures are {words} than those it learned from: it has never seen such pictures."


def small_objects(record: Record, label: int | None = None) -> str | None:
    """Objects of a few pixels at the size at which the model looks at images."""
    side = median_side(record.parts.train, record, label)
    if side is None or side >= _SMALL:
        return None
    longest = working_size(record)
    seen = f" when the picture is {longest} pixels wide" if longest else ""
    mend = (
        "look at larger pictures with --set size=…"
        if "size" in settings_of(record)
        else "cut the pictures up"
    )
    return f"Its objects are small: half of them have less than {side:.0f} pixels a side{seen}; {mend}."


def working_size(record: Record) -> int | None:
    """The longer side at which a detector looks at images, where its settings tell."""
    settings = settings_of(record)
    inner = settings.get("features_settings"), settings.get("proposals_settings")
    features, proposals = (part if isinstance(part, Mapping) else {} for part in inner)
    for size in (settings.get("size"), features.get("longest"), proposals.get("working_size")):
        if isinstance(size, int):
            return size
    return None


def median_side(dataset: Dataset, record: Record, label: int | None = None) -> float | None:
    """The median side of objects, the square root of the area, in pixels of the working image."""
    longest, sides = working_size(record), []
    for sample in dataset:
        chosen = sample.trainable if label is None else sample.trainable & (sample.labels == label)
        boxes = sample.boxes[chosen].astype(np.float64)
        side = max(sample.width, sample.height)
        scale = longest / side if longest and side else 1.0
        sides.append(np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)) * scale)
    every = np.concatenate([np.zeros(0), *sides])
    return float(np.median(every)) if len(every) else None


def few_examples(counts: NDArray[np.int64], thing: str) -> str | None:
    """So few examples of most classes that little can be learned."""
    there = counts[counts > 0]
    if not len(there) or np.median(there) >= FEW_EXAMPLES:
        return None
    if len(counts) == 1:
        return f"It has only {count(int(counts[0]), thing)} to learn from: label more."
    return (
        f"It has few {thing}s to learn from: {counts.sum():,} of {len(counts)} classes, half of the classes "
        f"with {int(np.median(there))} or fewer. Label more, or join classes."
    )


def few_of_classes(dataset: Dataset, labels: Sequence[int], thing: str) -> str | None:
    """Of the classes of these labels those with few examples to learn from."""
    counts = class_counts(dataset)
    none = [label for label in labels if not counts[label]]
    few = [label for label in labels if counts[label] < FEW_EXAMPLES]
    if none:
        return (
            f"Of {named(dataset.classes, none)} there is nothing to learn from: no training image shows it."
        )
    if not few:
        return None
    said = [f"{count(int(counts[k]), thing)} of “{dataset.classes[k]}”" for k in few[:_NAMED]]
    them = "it" if len(few) == 1 else "them"
    return f"To learn from it has only {joined(said)}: add more, or leave {them} out."


def chosen_rate(record: Record) -> str | None:
    """A learning rate that is not the model's own."""
    import inspect

    from foveal.models import MODELS, model_class

    rate = settings_of(record).get("learning_rate")
    if not isinstance(rate, (int, float)) or record.model not in MODELS:
        return None
    default = inspect.signature(model_class(record.model)).parameters["learning_rate"].default
    if rate == default:
        return None
    own = f"The model's own is {default:g}" if isinstance(default, (int, float)) else "Leave it to the model"
    return f"learning_rate was set to {rate:g}, which does not suit it. {own}."


def joined(words: Sequence[str]) -> str:
    """Words in a row.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def named(classes: Sequence[str], labels: Sequence[int]) -> str:
    """The names of classes in a row, in quotation marks; of many the first."""
    more = len(labels) - _NAMED
    names = [f"“{classes[label]}”" for label in labels[:_NAMED]]
    return joined([*names, f"{more} more"] if more > 0 else names)


def told(*reasons: str | None) -> tuple[str, ...]:
    """The reasons that there is evidence for."""
    return tuple(reason for reason in reasons if reason)
