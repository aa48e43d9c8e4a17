"""Alarms about a detector."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from foveal.report.alarms.evidence import (
    BOXES_ELSEWHERE,
    FEW_EXAMPLES,
    brief_or_unsuited,
    few_examples,
    few_of_classes,
    misfitting_boxes,
    named,
    small_objects,
    told,
    too_little_training,
    unlike_images,
)
from foveal.report.alarms.likeness import Difference
from foveal.report.records import Alarm, DetectionRecord
from foveal.report.sections.data import class_counts
from foveal.report.verdicts import RIGHT, WRONG_CLASS, judge
from foveal.wording import count

# An AP50 below this finds next to nothing. Default detectors reach .78 to .97 on small sets (raccoon, fruit,
# bccd); after 0.2 minutes on a busy machine one had .01 to .17.
_NEAR_ZERO = 0.2
# Where boxes do not fit into their pictures, what is found may be what is wrong: with x and y exchanged Fast
# R-CNN has .27 on raccoon.
_LITTLE = 0.5
# A class whose AP50 is below this was not found: chance gives a few thousandths.
_NOT_FOUND = 0.02
# Held-out objects of a class that can tell so, unless its training objects are few as well.
_FEWEST_OBJECTS = 3
# Detections with lower scores are no answer to the question what a class is taken for.
_SEEN = 0.05
# Objects with the right box and another class from which on it is no accident.
_MIXED_UP = 10


def near_zero_alarm(record: DetectionRecord, differences: Sequence[Difference]) -> Alarm | None:
    """Next to nothing is found."""
    figure = record.metrics.get("AP50")
    objects = sum(int(s.trainable.sum()) for s in record.test)
    misfit = misfitting_boxes(record)
    if figure is None or not objects or not figure < (_NEAR_ZERO if misfit is None else _LITTLE):
        return None
    shown = any((d.scores >= record.score_threshold).any() for d in record.detections)
    more = "" if shown else ", and no detection is sure enough to be shown"
    found = "next to nothing" if figure < _NEAR_ZERO else "little"
    message = f"The detector finds {found}: AP50 is {figure:.3f}, of 1{more}."
    reasons = told(
        misfit,
        foreign_classes(record),
        # Boxes are learned before classes are.
        None if too_little_training(record) else _classes_mixed_up(record),
        *brief_or_unsuited(record),
        unlike_images(differences),
        small_objects(record),
        few_examples(class_counts(record.parts.train), "object"),
        BOXES_ELSEWHERE if misfit is None else None,
        "The held-out objects are labelled otherwise than those it learned from: look at “The worst” in "
        "the report.",
    )
    return Alarm("near-zero", message, reasons)


def foreign_classes(record: DetectionRecord) -> str | None:
    """Objects of classes that the detector has never been shown."""
    train, test = record.parts.train, record.test
    known = {name for name, number in zip(train.classes, class_counts(train), strict=True) if number}
    held = class_counts(test)
    foreign = [k for k, name in enumerate(test.classes) if held[k] and name not in known]
    lost = int(held[foreign].sum())
    if not known or 2 * lost < held.sum():
        return None
    return (
        f"{lost:,} of {count(int(held.sum()), 'held-out object')} are of classes that it did not learn "
        f"({named(test.classes, foreign)}): name classes alike everywhere."
    )


def _classes_mixed_up(record: DetectionRecord) -> str | None:
    """Boxes that are right, and classes that are not."""
    kinds = Counter(
        kind
        for sample, found in zip(record.test, record.detections, strict=True)
        for kind in judge(sample, found, score_threshold=_SEEN, iou_threshold=record.iou_threshold).kinds
    )
    wrong, right = kinds[WRONG_CLASS], kinds[RIGHT]
    if len(record.test.classes) < 2 or wrong < _MIXED_UP or wrong < right:
        return None
    return (
        f"The boxes are right and their classes are not, {wrong:,} times: are the classes shuffled, or "
        "listed in another order (classes.txt, data.yaml) than they were labelled in?"
    )


def never_found_alarm(record: DetectionRecord) -> Alarm | None:
    """A class is never found, and others are."""
    train, classes = record.parts.train, record.test.classes
    same = train.classes == classes
    good = [s.labels[s.trainable] for s in record.test]
    held = np.bincount(np.concatenate([np.zeros(0, np.int64), *good]), minlength=len(classes))
    learned = class_counts(train)
    missed = []
    for label, name in enumerate(classes):
        fewest = 1 if same and learned[label] < FEW_EXAMPLES // 2 else _FEWEST_OBJECTS
        if held[label] >= fewest and record.metrics.get(f"AP50/{name}", 1.0) < _NOT_FOUND:
            missed.append(label)
    if not missed or len(missed) == int((held > 0).sum()):
        return None
    names, objects = named(classes, missed), count(int(held[missed].sum()), "held-out object")
    if len(missed) == 1:
        message = (
            f"{names} is never found: {objects}, AP50 {record.metrics[f'AP50/{classes[missed[0]]}']:.3f}."
        )
    else:
        message = f"{len(missed)} classes are never found: {names}, with {objects}."
    reasons = told(
        few_of_classes(train, missed, "object") if same else None,
        _taken_for(record, missed),
        small_objects(record, missed[0]) if same and len(missed) == 1 else None,
        too_little_training(record),
        "In the training images it is labelled otherwise, or not at all: look at “Pictures to learn from”, "
        "in the report.",
    )
    return Alarm("class-never-found", message, reasons)


def _taken_for(record: DetectionRecord, labels: Sequence[int]) -> str | None:
    """Of the first class that is mostly taken for another one, which."""
    from foveal.boxes import iou

    for label in labels:
        said: Counter[str] = Counter()
        number = 0
        for sample, found in zip(record.test, record.detections, strict=True):
            boxes, sure = (
                sample.boxes[sample.trainable & (sample.labels == label)],
                found[found.scores >= _SEEN],
            )
            number += len(boxes)
            if len(boxes) and len(sure):
                scores = np.where(iou(boxes, sure.boxes) >= record.iou_threshold, sure.scores, -1.0)
                best = sure.labels[scores.argmax(axis=1)[scores.max(axis=1) >= 0]]
                said.update(sure.classes[int(k)] for k in best)
        name = record.test.classes[label]
        for other, times in said.most_common(1):
            if other != name and 2 * times >= number:
                return (
                    f"“{name}” is taken for “{other}”, {times:,} of {count(number, 'time')}: they look "
                    "alike, or are labelled as one another."
                )
    return None
