"""The section about the data: pictures, classes, the split, and what the doctor said."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures.metrics.class_balance import draw_class_balance
from foveal.report.html.annotated_images import picture_of_class, picture_of_truth
from foveal.report.html.blocks import Block, Chart, Fold, Note, Pictures, Section, Table
from foveal.report.records import ClassificationRecord, DetectionRecord, ProposalRecord

if TYPE_CHECKING:
    from foveal.data.dataset import Dataset, Finding

_PICTURES = 9
_MOST_FILES = 100
_MOST_BARS = 20


def data_section(record: DetectionRecord | ClassificationRecord | ProposalRecord) -> Section:
    """What the model was given, and what is wrong with it."""
    parts = {
        "train": record.parts.train,
        "validation": record.parts.validation,
        "test (held out)": record.parts.test,
    }
    parts = {name: part for name, part in parts.items() if len(part)}
    blocks: list[Block] = [Note(record.parts.origin)] if record.parts.origin else []
    blocks.append(_parts_table(parts, record.data.task == "detection"))
    blocks.append(_balance(parts, record.data))
    chosen = [record.parts.train[i] for i in choose_samples(record.parts.train, _PICTURES)]
    if chosen:
        if record.data.task == "detection":
            pictures = [picture_of_truth(s, record.data.classes) for s in chosen]
        else:
            pictures = [picture_of_class(s, _class_name(s.label, record.data.classes)) for s in chosen]
        blocks.append(Pictures("Pictures to learn from", pictures, "As annotated, from the training images."))
    blocks.extend(_findings(record.findings))
    return Section(
        "Data",
        "What the model learned from, and the held-out images that every figure here is about.",
        blocks,
    )


def class_counts(dataset: "Dataset") -> NDArray[np.int64]:
    """The examples of each class: objects, or images where the task is classification.

    Returns
    -------
    ndarray of shape (K,), int64
    """
    if dataset.task == "detection":
        labels = [np.asarray(s.labels, np.int64) for s in dataset]
        flat = np.concatenate(labels) if labels else np.zeros(0, np.int64)
    else:
        flat = np.array([s.label for s in dataset if s.label is not None], np.int64)
    return np.bincount(flat, minlength=len(dataset.classes)).astype(np.int64)


def choose_samples(dataset: "Dataset", number: int) -> list[int]:
    """Samples that show every class: class by class in turn, spread over the data set.

    Returns
    -------
    list of int
        At most ``number`` indices, in rising order. The same data set gives the same ones.
    """
    by_class: list[list[int]] = [[] for _ in dataset.classes]
    for i, sample in enumerate(dataset):
        labels = np.unique(sample.labels) if dataset.task == "detection" else [sample.label]
        for label in labels:
            if label is not None:
                by_class[int(label)].append(i)
    # Steps of the golden ratio visit a list evenly however many are taken of it.
    queues = [[members[int(len(members) * (0.5 + 0.618034 * k) % len(members))] for k in range(number)]
              for members in by_class if members]  # fmt: skip
    chosen: dict[int, None] = {}
    for k in range(number):
        for queue in queues:
            if len(chosen) < number:
                chosen.setdefault(queue[k])
    for i in range(len(dataset)):
        if len(chosen) < min(number, len(dataset)):
            chosen.setdefault(i)
    return sorted(chosen)


def _class_name(label: int | None, classes: Sequence[str]) -> str:
    return "no class" if label is None else classes[int(label)]


def _parts_table(parts: "dict[str, Dataset]", detection: bool) -> Table:
    columns = ["part", "images"] + (["objects", "images without objects"] if detection else [])
    rows = []
    for name, part in parts.items():
        row = [name, f"{len(part):,}"]
        if detection:
            row += [f"{class_counts(part).sum():,}", f"{sum(not len(s.labels) for s in part):,}"]
        rows.append(row)
    return Table("The parts", columns, rows)


def _balance(parts: "dict[str, Dataset]", data: "Dataset") -> Chart:
    unit = "objects" if data.task == "detection" else "images"
    counts = {name: class_counts(part).tolist() for name, part in parts.items()}
    totals = np.sum(list(counts.values()), axis=0) if counts else np.zeros(len(data.classes))
    alt = f"Bars of the number of {unit} of {len(data.classes)} classes in each part."
    if len(data.classes) and totals.any():
        most, least = int(np.argmax(totals)), int(np.argmin(totals))
        for word, k in (("Most", most), ("Fewest", least)):
            alt += f" {word}: {data.classes[k]}, {int(totals[k])}."
    caption = "A class with few examples is learned poorly and measured poorly."
    if len(data.classes) > _MOST_BARS:
        caption += f" The {_MOST_BARS} most frequent of {len(data.classes)} classes are shown."
    return Chart("Class balance", draw_class_balance(counts, data.classes, unit=unit), alt, caption)


def _findings(findings: "Sequence[Finding]") -> Iterator[Block]:
    if not findings:
        yield Note("The data doctor found nothing wrong.")
        return
    order = {"error": 0, "warning": 1, "note": 2}
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.kind), []).append(finding)
    ranked = sorted(groups.items(), key=lambda item: (order.get(item[0][0], 3), -len(item[1]), item[0][1]))
    rows = [
        [kind, severity, f"{len(members):,}", members[0].message, members[0].action]
        for (severity, kind), members in ranked
    ]
    columns = ("kind", "severity", "number", "for example", "what training does")
    yield Table("What the data doctor found", columns, rows, words=(1, 3, 4))
    lists = []
    for (_, kind), members in ranked:
        shown = [[f.file or "(the data set)", f.message] for f in members[:_MOST_FILES]]
        title = f"{kind}: {len(members):,}"
        if len(members) > len(shown):
            title += f", the first {len(shown)} listed"
        lists.append(Fold(title, [Table("", ("file", "what is wrong"), shown, words=(1,))]))
    yield Fold("The files, by kind of finding", lists)
