"""The chapter about a detector."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.metrics import operating_points
from foveal.report.figures.canvas import FULL_WIDTH, HALF_WIDTH
from foveal.report.figures.metrics.confusion import draw_confusion
from foveal.report.figures.metrics.precision_recall import draw_precision_recall, draw_tide
from foveal.report.figures.metrics.scores import draw_scores
from foveal.report.html.annotated_images import image_with_verdict
from foveal.report.html.blocks import Block, Chapter, Chart, Images, Note, Section
from foveal.report.html.page import write_report
from foveal.report.records import DetectionRecord
from foveal.report.sections.data import class_table, data_section
from foveal.report.sections.going_on import going_on_sections
from foveal.report.sections.operating_points import operating_points_section
from foveal.report.sections.proposals import proposals_section
from foveal.report.sections.run import headlines, run_section
from foveal.report.sections.trace import trace_section
from foveal.report.sections.training import training_section
from foveal.report.verdicts import RIGHT, Verdict, judge, say_verdict
from foveal.wording import count

_WORST = 10
_BEST = 3
_MEANINGS = {
    "AP50": "average precision, boxes that overlap by half",
    "AP": "the same, over stricter overlaps",
}


def detection_chapter(record: DetectionRecord) -> Chapter:
    """The data, proposals, training, results and images of a detector, as
    :func:`foveal.report.classification_chapter` tells of a classifier.
    """
    results = record.results
    if results is None:
        from foveal.metrics import to_results

        results = to_results(record.test, record.detections)
    verdicts = _verdicts(record, record.score_threshold)
    sections = [_images_section(record, verdicts), _results_section(record, results)]
    if record.test.count_objects(0):
        points = operating_points(record.test.to_coco(), list(results), iou_threshold=record.iou_threshold)
        sections.append(operating_points_section(points, record.score_threshold))
    sections += [*going_on_sections(record), data_section(record)]
    if record.proposal_quality is not None:
        sections.append(proposals_section(record.proposal_quality, record.compared_proposals))
    if record.steps is not None:
        sections.append(trace_section(record.steps_of, record.steps, threshold=record.score_threshold))
    sections += [training_section(record.events), run_section(record)]
    found = sum(v.right for v in verdicts)
    objects = found + sum(int(v.missed.sum()) for v in verdicts)
    false = sum(v.false for v in verdicts)
    text = (
        f"On {count(len(record.test), 'held-out image')} it finds {found:,} of {count(objects, 'object')} "
        f"and makes {count(false, 'false detection')}, counting those with a score of at least "
        f"{record.score_threshold:.2f}."
    )
    if not len(record.test):
        text = "There were no held-out images to measure it on."
    kind = f"Object detector · {record.model}"
    return Chapter(record.title, kind, text, headlines(record, _MEANINGS), sections, record.alarms)


def write_detection_report(path: str | os.PathLike[str], record: DetectionRecord) -> None:
    """Write the report of one detector, as :func:`foveal.report.write_classification_report` does."""
    write_report(path, record.title, "", [detection_chapter(record)])


def _verdicts(record: DetectionRecord, least: float) -> list[Verdict]:
    """What is right and wrong of each image's detections from a score on."""
    return [
        judge(sample, found, score_threshold=least, iou_threshold=record.iou_threshold)
        for sample, found in zip(record.test, record.detections, strict=True)
    ]


def _results_section(record: DetectionRecord, results: Sequence[dict[str, Any]]) -> Section:
    from foveal.metrics import confusion, pr_curves, tide

    if not len(record.test) or not any(len(s.boxes) for s in record.test):
        return Section(
            "Results", "There is no held-out object to measure against.", [Note("Nothing was measured.")]
        )
    truth = record.test.to_coco()
    curves = pr_curves(truth, list(results), iou_threshold=record.iou_threshold)
    matrix = confusion(
        truth, list(results), iou_threshold=record.iou_threshold, min_score=record.score_threshold
    )
    confusions = draw_confusion(matrix.matrix, matrix.classes[:-1], background=True)
    losses = tide(truth, list(results)).losses
    costly = max(losses, key=lambda name: losses[name])
    best = max(curves, key=lambda name: curves[name].average_precision, default="")
    overlap = f"An overlap (IoU) of {record.iou_threshold:g} makes a detection right."
    # Lower scores are not worth drawing.
    all_verdicts = _verdicts(record, min(0.05, record.score_threshold))
    all_scores = np.array([score for v in all_verdicts for score in v.detections.scores], np.float64)
    right = np.array([kind == RIGHT for v in all_verdicts for kind in v.kinds], bool)
    blocks: list[Block] = [
        class_table(record, "AP50", "AP", "AP75"),
        Chart(
            "Precision and recall",
            draw_precision_recall(
                {name: (c.recall, c.precision) for name, c in curves.items()},
                average={name: c.average_precision for name, c in curves.items()},
            ),
            f"Precision against recall for {count(len(curves), 'class', 'classes')}"
            + (f"; the best is {best}, {curves[best].average_precision:.2f}." if best else "."),
            "The further to the upper right the better; the number is the area under the curve, which AP50 "
            f"takes from 101 of its points. {overlap}",
        ),
        Chart(
            "Scores of right and wrong detections",
            draw_scores(all_scores, right, threshold=record.score_threshold),
            f"A histogram of the scores of {count(len(all_scores), 'detection')}, {int(right.sum())} of them "
            "right.",
            "Where blue and orange part is a good score to draw from.",
        ),
        Chart(
            "Confusion matrix",
            confusions,
            "Truth against detections: "
            + "; ".join(_confusions(matrix.matrix, [*record.test.classes, "nothing"]))
            + ".",
            f"Rows are the truth, columns what is said from score {record.score_threshold:.2f} on. The last "
            "row counts boxes that match no object, whatever the reason; the last column objects that were "
            "missed. The stronger a cell, the more of its row it is, or, in the last row, of its column.",
        ),
        Chart(
            "Errors, by the AP50 that each kind costs (TIDE)",
            # Beside a wide matrix there is no room, below it there is much.
            draw_tide(losses, width=HALF_WIDTH if confusions.get_figwidth() < 5 else FULL_WIDTH),
            f"Bars of the AP50 lost to each kind of error; the largest is {costly}, "
            f"{100 * losses[costly]:.1f} points.",
            "How much AP50 would rise if one kind of error were mended and nothing else (TIDE). The bars do "
            "not add up.",
        ),
    ]
    return Section("Results", "How good the detections of the held-out images are, class by class.", blocks)


def _confusions(matrix: NDArray[Any], names: Sequence[str]) -> list[str]:
    """The three largest cells off the diagonal, in words."""
    off = [(int(number), i, j) for (i, j), number in np.ndenumerate(matrix) if i != j and number]
    last = len(matrix) - 1
    return [
        f"{number} × {names[i]} {'missed' if j == last else f'taken for {names[j]}'}"
        for number, i, j in sorted(off, key=lambda cell: (-cell[0], *cell[1:]))[:3]
    ] or ["no confusion"]


def rank_images(verdicts: Sequence[Verdict]) -> tuple[list[int], list[int], list[int]]:
    """The best, the typical and the worst images.

    Images are ranked by F1, then by the summed scores of right less false detections (so the best
    shows much, and the worst is surest of what is wrong), then by their order. Images in which nothing was
    found are none of the best: that nothing is said of an empty image shows nothing.

    Returns
    -------
    best, typical, worst : list of int
        At most 3, 3 (around the median) and 10. The worst come first, have an error each, and are
        none of the others.
    """
    order = sorted(range(len(verdicts)), key=lambda i: (-verdicts[i].f1, -verdicts[i].certainty, i))
    best = [i for i in order if verdicts[i].right][:_BEST]
    middle = max(0, len(order) // 2 - 1)
    typical = [i for i in order[middle : middle + _BEST] if i not in best]
    rest = [i for i in reversed(order) if i not in best and i not in typical]
    return best, typical, [i for i in rest if verdicts[i].f1 < 1][:_WORST]


def _images_section(record: DetectionRecord, verdicts: Sequence[Verdict]) -> Section:
    text = (
        "Dashed white is the truth, with a label where it was missed; blue is a right detection, orange with "
        "✕ a wrong one. Pictures enlarge at a click."
    )
    blocks: list[Block] = []
    titles = (
        ("The best", "Everything found, and the detector is sure of it."),
        ("The typical", "Around the median of all held-out images."),
        ("The worst", "Ranked by F1, the harmonic mean of precision and recall, in each picture."),
    )
    for (title, caption), chosen in zip(titles, rank_images(verdicts), strict=True):
        images = []
        for i in chosen:
            said = say_verdict(verdicts[i], record.test[i], record.test.classes)
            name = record.names[record.test[i].path]
            images.append(
                image_with_verdict(record.test[i], record.test.classes, verdicts[i], said, name=name)
            )
        if images:
            if title == "The best" and any(verdicts[i].f1 < 1 for i in chosen):
                caption = "Ranked by F1, the harmonic mean of precision and recall, in each picture."
            blocks.append(Images(title, images, caption))
    if not blocks:
        blocks.append(Note("There are no held-out images to show."))
    return Section(
        "Pictures", text if record.test.samples else "What the detector says of held-out images.", blocks
    )
