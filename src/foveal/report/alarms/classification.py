"""Alarms about a classifier of whole images."""

from collections.abc import Sequence

import numpy as np

from foveal.report.alarms.evidence import (
    FEW_EXAMPLES,
    LABELS_ELSEWHERE,
    UNSEEN,
    brief_or_unsuited,
    few_examples,
    few_of_classes,
    named,
    told,
    too_little_training,
    unlike_images,
)
from foveal.report.alarms.likeness import Difference
from foveal.report.records import Alarm, ClassificationRecord
from foveal.report.sections.data import class_counts
from foveal.wording import count

# Images that can tell that a classifier guesses.
_FEWEST = 5
# Cohen's kappa, 0 for guessing and 1 for all right: below the first it is as good as guessing; below the
# second where guessing would do as well once in a hundred times. Of 8,000 answers in a random order, to 20 to
# 120 images of 2 to 10 classes, 98 % are told so; with an accuracy of .8 one in 400, of .9 none.
_GUESSING, _HARDLY_MORE, _SIGMAS = 0.1, 0.3, 2.33
# Held-out images of a class of which one at least should be right.
_FEWEST_OF_CLASS = 3
# A training accuracy that shows that labels were learned; and the share of a class that is most of them.
_BY_HEART, _MOST = 0.8, 0.7


def guessing_alarm(record: ClassificationRecord, differences: Sequence[Difference]) -> Alarm | None:
    """It is hardly better than guessing."""
    known = record.truth >= 0
    truth, said, number = record.truth[known], record.predictions[known], int(known.sum())
    if number < _FEWEST or len(np.unique(truth)) < 2:
        return None
    shares = [np.bincount(v, minlength=len(record.test.classes)) / number for v in (said, truth)]
    right, chance = float((said == truth).mean()), float(shares[0] @ shares[1])
    kappa = (right - chance) / (1 - chance)
    sigmas = (right - chance) / max((chance * (1 - chance) / number) ** 0.5, 1e-9)
    if kappa >= _HARDLY_MORE or (kappa >= _GUESSING and sigmas >= _SIGMAS):
        return None
    message = (
        f"The classifier does not tell the classes apart: it classifies {100 * right:.0f} % of "
        f"{number:,} held-out images correctly, and guessing would {100 * chance:.0f} %."
    )
    epochs = [e for e in record.events if e.get("event") == "epoch" and e.get("accuracy") is not None]
    by_heart = bool(epochs) and float(epochs[-1]["accuracy"]) > _BY_HEART
    counts = class_counts(record.parts.train)
    reasons = told(
        _LEARNED_BY_HEART if by_heart else None,
        _one_answer(record, np.unique(said).tolist()),
        *brief_or_unsuited(record),
        unlike_images(differences),
        None if by_heart else LABELS_ELSEWHERE,
        few_examples(counts, "picture"),
        None if by_heart else UNSEEN,
    )
    return Alarm("near-zero", message, reasons)


_LEARNED_BY_HEART = (
    "It learned the training images by heart, and nothing that holds for others: their labels have nothing "
    "to do with what they show (shuffled, or in another order), or those of the held-out images have not."
)


def _one_answer(record: ClassificationRecord, answers: Sequence[int]) -> str | None:
    """Always the class that most training images are of."""
    counts = class_counts(record.parts.train)
    if len(answers) != 1 or record.parts.train.classes != record.test.classes:
        return None
    label = int(answers[0])
    if counts[label] < _MOST * counts.sum():
        return None
    return (
        f"It always says “{record.test.classes[label]}”, as most training images are: {counts[label]:,} of "
        f"{counts.sum():,}. Add pictures of the others, or leave out some of these."
    )


def never_named_alarm(record: ClassificationRecord) -> Alarm | None:
    """None of the held-out images of a class is named rightly, and some of others are."""
    truth, classes, train = record.truth, record.test.classes, record.parts.train
    same = train.classes == classes
    learned = class_counts(train)
    held = np.bincount(truth[truth >= 0], minlength=len(classes))
    right = np.bincount(truth[(truth >= 0) & (record.predictions == truth)], minlength=len(classes))
    missed = [
        label
        for label in np.flatnonzero((held > 0) & (right == 0)).tolist()
        if held[label] >= (1 if same and learned[label] < FEW_EXAMPLES // 2 else _FEWEST_OF_CLASS)
    ]
    if not missed or len(missed) == int((held > 0).sum()):
        return None
    names, images = named(classes, missed), count(int(held[missed].sum()), "held-out image")
    if len(missed) == 1:
        message = f"{names} is never recognised: {images}, none of them classified correctly."
    else:
        message = f"{len(missed)} classes are never recognised: {names}, with {images}."
    reasons = told(
        few_of_classes(train, missed, "picture") if same else None,
        _taken_for(record, missed),
        too_little_training(record),
        "In the training images it is labelled otherwise: look at “The surest mistakes” in the report.",
    )
    return Alarm("class-never-found", message, reasons)


def _taken_for(record: ClassificationRecord, labels: Sequence[int]) -> str | None:
    """Of the first class that is mostly taken for another one, which."""
    for label in labels:
        said = np.bincount(record.predictions[record.truth == label], minlength=len(record.test.classes))
        other = int(said.argmax())
        if 2 * said[other] >= said.sum():
            return (
                f"“{record.test.classes[label]}” is taken for “{record.test.classes[other]}”, "
                f"{said[other]:,} of {count(int(said.sum()), 'time')}: they look alike, or are labelled as "
                "one another."
            )
    return None
