"""The chapter about a classifier of whole images."""

import os
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError
from foveal.images import read
from foveal.report.figures.canvas import FULL_WIDTH, HALF_WIDTH
from foveal.report.figures.metrics.confusion import draw_confusion
from foveal.report.figures.metrics.scores import draw_scores
from foveal.report.figures.networks.explanation import beside, overlay_map
from foveal.report.html.annotated_images import AnnotatedImage, image_with_boxes, image_with_caption
from foveal.report.html.blocks import Block, Chapter, Chart, Images, Note, Section
from foveal.report.html.page import write_report
from foveal.report.records import ClassificationRecord
from foveal.report.sections.data import class_table, data_section
from foveal.report.sections.going_on import going_on_sections
from foveal.report.sections.network import WHAT_MAPS_SHOW, network_section
from foveal.report.sections.run import headlines, run_section
from foveal.report.sections.training import training_section
from foveal.wording import count

_MISTAKES = 12
_RIGHT = 3
_MEANINGS = {
    "accuracy": "of the held-out images classified correctly",
    "balanced_accuracy": "the same, each class weighing alike",
}


def write_classification_report(path: str | os.PathLike[str], record: ClassificationRecord) -> None:
    """Write the report of one classifier.

    Parameters
    ----------
    path : path-like
    record : ClassificationRecord
    """
    write_report(path, record.title, "", [classification_chapter(record)])


def classification_chapter(record: ClassificationRecord) -> Chapter:
    """A chapter of the report: the data, training, results and mistakes of a classifier.

    Parameters
    ----------
    record : ClassificationRecord

    Returns
    -------
    Chapter
    """
    # Without a true label there is neither right nor wrong: -1 is never predicted and never counted.
    truth = record.truth
    known = truth >= 0
    right = (record.predictions == truth) & known
    text = "There were no held-out images to measure it on."
    if known.any():
        text = f"Of {count(int(known.sum()), 'held-out image')} it classifies {right.sum():,} correctly."
    sections = [
        _images_section(record, truth, right),
        _results_section(record, truth, right),
        *going_on_sections(record),
        data_section(record),
        training_section(record.events, kept=_kept(record)),
        *([] if record.look is None else [network_section(record.look)]),
        run_section(record),
    ]
    kind = f"Image classifier · {record.model}"
    return Chapter(record.title, kind, text, headlines(record, _MEANINGS), sections, record.alarms)


def _kept(record: ClassificationRecord) -> bool:
    """Whether the weights are those of the best epoch, rather than of the last."""
    settings = record.config.get("settings", {})
    return isinstance(settings, Mapping) and settings.get("early_stopping") is True


def _results_section(
    record: ClassificationRecord, truth: NDArray[np.int64], right: NDArray[np.bool_]
) -> Section:
    from foveal.metrics import confusion_of_classes

    known = truth >= 0
    if not known.any():
        return Section(
            "Results", "There is no held-out image to measure against.", [Note("Nothing was measured.")]
        )
    classes = record.test.classes
    matrix = confusion_of_classes(truth[known], record.predictions[known], classes=classes).matrix
    wrong = matrix - np.diag(np.diag(matrix))
    i, j = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    worst = f"{int(wrong[i, j])} × {classes[i]} taken for {classes[j]}" if wrong.any() else "none"
    confusions = draw_confusion(matrix, classes)
    width = HALF_WIDTH if confusions.get_figwidth() < 5 else FULL_WIDTH
    blocks: list[Block] = [
        class_table(record, "precision", "recall", "f1"),
        Chart(
            "Confusion matrix",
            confusions,
            f"The confusion matrix of {len(classes)} classes; the most frequent confusion: {worst}.",
            "Rows are the truth, columns what was said; the stronger a cell, the more of its row. Right "
            "answers are blue, wrong ones orange.",
        ),
    ]
    confidence = record.confidence
    if confidence is not None:
        blocks.append(
            Chart(
                "Confidence of right and wrong answers",
                draw_scores(confidence[known], right[known], unit="images", width=width),
                "A histogram of the probability of the predicted class for "
                f"{count(int(known.sum()), 'image')}, {int(right.sum())} of them right.",
                "Wrong answers should lie further left than right ones.",
            )
        )
    return Section("Results", "How good the answers for the held-out images are, class by class.", blocks)


def _images_section(
    record: ClassificationRecord, truth: NDArray[np.int64], right: NDArray[np.bool_]
) -> Section:
    classes = record.test.classes
    confidence = record.confidence
    sure = np.zeros(len(truth)) if confidence is None else confidence
    wrong = record.surest_mistakes(_MISTAKES)
    good = np.flatnonzero(right)
    good = good[np.argsort(-sure[good], kind="stable")]
    middle = max(0, len(good) // 2 - _RIGHT // 2)

    def say(i: int) -> str:
        name = classes[int(record.predictions[i])]
        said = name if confidence is None else f"{name} {confidence[i]:.2f}"
        return said if right[i] else f"✕ {said}, truly {classes[int(truth[i])]}"

    blocks: list[Block] = []
    if len(wrong):
        images = [_explained(record, i, say(i)) for i in wrong]
        caption = "Wrong answers, the most confident first: look for wrong labels too."
        if any(i in record.explanations for i in wrong):
            caption += " " + WHAT_MAPS_SHOW[record.explained_by]
        blocks.append(Images("The surest mistakes", images, caption))
    if len(good):
        images = [
            image_with_caption(record.test[int(i)], say(int(i)), name=record.names[record.test[int(i)].path])
            for i in good[middle : middle + _RIGHT]
        ]
        blocks.append(
            Images("Typical right answers", images, "Around the median confidence of the right ones.")
        )
    if not blocks:
        blocks.append(Note("There are no held-out images to show."))
    return Section(
        "Pictures", "Held-out images with the answer of the classifier; pictures enlarge at a click.", blocks
    )


def _explained(record: ClassificationRecord, index: int, caption: str) -> AnnotatedImage:
    """An image, and beside it what speaks for its answer, where that is known."""
    sample = record.test[index]
    name = record.names[sample.path]
    if index in record.explanations:
        with suppress(ImageError, OSError):
            image = read(sample.path)
            both = beside(image, overlay_map(image, record.explanations[index]))
            return image_with_boxes(name, both, caption)
    return image_with_caption(sample, caption, name=name)
