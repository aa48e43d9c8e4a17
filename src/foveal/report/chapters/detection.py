"""The chapter about a detector."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from foveal.metrics import ProposalQuality
from foveal.report.figures.canvas import FULL_WIDTH, HALF_WIDTH
from foveal.report.figures.metrics.confusion import draw_confusion
from foveal.report.figures.metrics.precision_recall import draw_precision_recall, draw_tide
from foveal.report.figures.metrics.scores import draw_scores
from foveal.report.figures.proposals.recall import draw_recall, draw_recall_of_methods
from foveal.report.html.annotated_images import picture_of_verdict
from foveal.report.html.blocks import Block, Chapter, Chart, Fold, Headline, Note, Pictures, Section, Table
from foveal.report.records import DetectionRecord
from foveal.report.sections.data import class_counts, data_section
from foveal.report.sections.run import run_section, total_seconds
from foveal.report.sections.trace import trace_section
from foveal.report.sections.training import training_section
from foveal.report.verdicts import RIGHT, Verdict, judge, say_verdict
from foveal.report.wording import format_figure, say_duration

_WORST = 10
_BEST = 3
_MOST_ROWS = 25
_MEANINGS = {
    "AP50": "average precision, boxes that overlap by half",
    "AP": "the same, over stricter overlaps",
}


def detection_chapter(record: DetectionRecord) -> Chapter:
    """A chapter of the report: the data, proposals, training, results and pictures of a detector.

    Parameters
    ----------
    record : DetectionRecord

    Returns
    -------
    Chapter
    """
    results = record.results
    if results is None:
        results = [
            row
            for sample, found in zip(record.test, record.detections, strict=True)
            for row in found.to_coco(sample.id, record.test.category_ids)
        ]
    verdicts = [
        judge(s, d, score_threshold=record.score_threshold, iou_threshold=record.iou_threshold)
        for s, d in zip(record.test, record.detections, strict=True)
    ]
    sections = [_pictures_section(record, verdicts), _results_section(record, results), data_section(record)]
    if record.proposal_quality is not None:
        sections.append(proposals_section(record.proposal_quality, record.compared_proposals))
    if record.steps is not None:
        sections.append(trace_section(record.steps_of, record.steps, threshold=record.score_threshold))
    sections += [training_section(record.events), run_section(record)]
    found = sum(v.right for v in verdicts)
    objects = found + sum(int(v.missed.sum()) for v in verdicts)
    false = sum(v.false for v in verdicts)
    text = (
        f"On {_count(len(record.test), 'held-out image')} it finds {found:,} of {_count(objects, 'object')} "
        f"and says {_count(false, 'thing')} that {'is' if false == 1 else 'are'} not so, counting detections "
        f"with a score of at least {record.score_threshold:.2f}."
    )
    if not len(record.test):
        text = "There were no held-out images to measure it on."
    return Chapter(record.title, f"Object detector · {record.model}", text, _headlines(record), sections)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _headlines(record: DetectionRecord) -> list[Headline]:
    headlines = [
        Headline(format_figure(record.metrics[key]), key, meaning)
        for key, meaning in _MEANINGS.items()
        if key in record.metrics
    ]
    learned = len(record.parts.train) + len(record.parts.validation)
    headlines.append(Headline(f"{learned:,}", "images to learn from", f"{len(record.test):,} held out"))
    seconds = total_seconds(record.events)
    if seconds:
        headlines.append(Headline(say_duration(seconds), "time", "all stages together"))
    return headlines


def _results_section(record: DetectionRecord, results: Sequence[dict[str, Any]]) -> Section:
    from foveal.metrics import confusion, pr_curves, tide

    title = "Results"
    if not len(record.test) or not any(len(s.boxes) for s in record.test):
        return Section(
            title, "There is no held-out object to measure against.", [Note("Nothing was measured.")]
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
    all_scores, right = _all_scores(record)
    blocks: list[Block] = [
        *_class_table(record),
        Chart(
            "Precision and recall",
            draw_precision_recall(
                {name: (c.recall, c.precision) for name, c in curves.items()},
                average={name: c.average_precision for name, c in curves.items()},
            ),
            f"Precision against recall for {len(curves)} classes"
            + (f"; the best is {best}, {curves[best].average_precision:.2f}." if best else "."),
            f"The further to the upper right the better; the number is the area under the curve. {overlap}",
        ),
        Chart(
            "Scores of right and wrong detections",
            draw_scores(all_scores, right, threshold=record.score_threshold),
            f"A histogram of the scores of {len(all_scores)} detections, {int(right.sum())} of them right.",
            "Where blue and orange part is a good score to draw from.",
        ),
        Chart(
            "What is taken for what",
            confusions,
            "The confusion matrix: "
            + "; ".join(_confusions(matrix.matrix, [*record.test.classes, "nothing"]))
            + ".",
            f"Rows are the truth, columns what is said from score {record.score_threshold:.2f} on. The last "
            "row counts boxes where there is nothing, the last column objects that were missed.",
        ),
        Chart(
            "What the AP50 is lost to",
            # Beside a wide matrix there is no room, below it there is much.
            draw_tide(losses, width=HALF_WIDTH if confusions.get_figwidth() < 5 else FULL_WIDTH),
            f"Bars of the AP50 lost to each kind of error; the largest is {costly}, "
            f"{100 * losses[costly]:.1f} points.",
            "How much AP50 would rise if one kind of error were mended and nothing else (TIDE). The bars do "
            "not add up.",
        ),
    ]
    return Section(title, "How good the detections of the held-out images are, class by class.", blocks)


def _confusions(matrix: "np.ndarray[Any, Any]", names: Sequence[str]) -> list[str]:
    """The three largest cells off the diagonal, in words."""
    off = [(int(matrix[i, j]), i, j) for i in range(len(matrix)) for j in range(len(matrix)) if i != j]
    said = []
    for count, i, j in sorted(off, key=lambda c: (-c[0], c[1], c[2]))[:3]:
        if count:
            said.append(
                f"{count} × {names[i]} {'missed' if j == len(matrix) - 1 else f'taken for {names[j]}'}"
            )
    return said or ["no confusion"]


def _class_table(record: DetectionRecord) -> list[Block]:
    classes = record.test.classes
    learned = class_counts(record.parts.train) + class_counts(record.parts.validation)
    counts = {"train": learned, "test": class_counts(record.test)}
    prefixes = class_prefixes(record.metrics, classes, first=("AP50", "AP", "AP75"))
    rows = [
        [
            name,
            *(f"{counts[p][k]:,}" for p in counts),
            *(_figure(record.metrics, f"{p}/{name}") for p in prefixes),
        ]
        for k, name in enumerate(classes)
    ]
    rows.append(
        [
            "all classes",
            *(f"{c.sum():,}" for c in counts.values()),
            *(_figure(record.metrics, p) for p in prefixes),
        ]
    )
    columns = ("class", "objects to learn from", "held-out objects", *prefixes)
    if len(rows) <= _MOST_ROWS:
        return [Table("Each class", columns, rows)]
    return [Fold(f"Each of the {len(classes)} classes", [Table("", columns, rows)])]


def class_prefixes(metrics: Any, classes: Sequence[str], *, first: Sequence[str] = ()) -> list[str]:
    """The figures that are given for each class: what stands before ``/<class>`` in the keys.

    Examples
    --------
    >>> class_prefixes({"AP": 0.5, "AP/cat": 0.5, "AP50/cat": 0.7, "a/b": 1.0}, ["cat"], first=["AP50"])
    ['AP50', 'AP']
    """
    known = set(classes)
    seen = dict.fromkeys(
        key.split("/", 1)[0] for key in metrics if "/" in key and key.split("/", 1)[1] in known
    )
    return [p for p in first if p in seen] + [p for p in seen if p not in first]


def _figure(metrics: Any, key: str) -> str:
    return f"{metrics[key]:.3f}" if key in metrics else "–"


def _all_scores(record: DetectionRecord) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Scores of the detections that are worth drawing, and which of them are right."""
    floor = min(0.05, record.score_threshold)
    scores: list[float] = []
    right: list[bool] = []
    for sample, found in zip(record.test, record.detections, strict=True):
        verdict = judge(sample, found, score_threshold=floor, iou_threshold=record.iou_threshold)
        scores.extend(float(s) for s in verdict.detections.scores)
        right.extend(kind == RIGHT for kind in verdict.kinds)
    return np.array(scores), np.array(right, bool)


def proposals_section(
    quality: ProposalQuality, others: Mapping[str, ProposalQuality] | None = None
) -> Section:
    """How many objects proposals reach, against their number; and beside them several methods by name."""
    recalls = dict(zip(quality.thresholds, quality.curve_recall, strict=True))
    columns = [
        "proposals",
        *(f"IoU\N{NO-BREAK SPACE}≥\N{NO-BREAK SPACE}{t:g}" for t in quality.thresholds),
        "MABO",
    ]
    rows = []
    for j, (number, mean) in enumerate(zip(quality.numbers, quality.mean_counts, strict=True)):
        name = f"all ({mean:,.0f})" if number is None else f"{number:,}"
        rows.append([name, *(_share(r[j]) for r in quality.recall), _share(quality.mabo[j])])
    blocks: list[Block] = []
    if quality.objects and len(quality.mabo):
        ends = ", ".join(
            f"{_share(r[-1])} at IoU {t:g}" for t, r in zip(quality.thresholds, quality.recall, strict=True)
        )
        blocks.append(
            Chart(
                "Recall against the number of proposals",
                draw_recall(quality.curve_numbers.tolist(), recalls),
                f"Recall of {quality.objects} objects rises with the number of proposals to {ends}.",
                "An object that no proposal reaches cannot be found, however good the classifier.",
            )
        )
    else:
        blocks.append(Note("There were no objects to be reached."))
    compared = {name: q for name, q in (others or {}).items() if q.objects}
    if len(compared) > 1:
        images = next(iter(compared.values())).images
        said = "; ".join(
            f"{name} {_share(float(np.interp(100, q.curve_numbers, q.curve_recall[0])))}"
            for name, q in compared.items()
        )
        blocks.append(
            Chart(
                "Recall beside other methods",
                draw_recall_of_methods(compared, (0.5, 0.7)),
                f"Recall of {len(compared)} methods. With 100 proposals, at IoU 0.5: {said}.",
                f"On {_count(images, 'held-out image')}. Recall at IoU 0.5 with 100 proposals: {said}.",
            )
        )
    if rows:
        blocks.append(
            Table(
                "Recall and mean average best overlap (MABO) by the number of proposals per image",
                columns,
                rows,
                wide=False,
            )
        )
    return Section(
        "Proposals",
        "Where the detector looks: regions that may hold an object, and how many objects they reach.",
        blocks,
    )


def _share(value: float) -> str:
    return "–" if value != value else f"{value:.3f}"


def rank_pictures(verdicts: Sequence[Verdict]) -> tuple[list[int], list[int], list[int]]:
    """The best, the typical and the worst pictures.

    Pictures are ranked by F1, then by the summed scores of right less false detections (so the best
    shows much, and the worst is surest of what is wrong), then by their order.

    Returns
    -------
    best, typical, worst : list of int
        At most 3, 3 (around the median) and 10. The worst come first, have an error each, and are
        none of the others.
    """
    order = sorted(range(len(verdicts)), key=lambda i: (-verdicts[i].f1, -verdicts[i].certainty, i))
    best = order[:_BEST]
    middle = max(0, len(order) // 2 - 1)
    typical = [i for i in order[middle : middle + _BEST] if i not in best]
    rest = [i for i in reversed(order) if i not in best and i not in typical]
    return best, typical, [i for i in rest if verdicts[i].f1 < 1][:_WORST]


def _pictures_section(record: DetectionRecord, verdicts: Sequence[Verdict]) -> Section:
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
    for (title, caption), chosen in zip(titles, rank_pictures(verdicts), strict=True):
        pictures = []
        for i in chosen:
            said = say_verdict(verdicts[i], record.test[i], record.test.classes)
            pictures.append(picture_of_verdict(record.test[i], record.test.classes, verdicts[i], said))
        if pictures:
            if title == "The best" and any(verdicts[i].f1 < 1 for i in chosen):
                caption = "Ranked by F1, the harmonic mean of precision and recall, in each picture."
            blocks.append(Pictures(title, pictures, caption))
    if not blocks:
        blocks.append(Note("There are no held-out images to show."))
    return Section(
        "Pictures", text if record.test.samples else "What the detector says of held-out images.", blocks
    )
