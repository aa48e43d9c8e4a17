"""The section about the data: images, classes, the split, and what the doctor said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding
from foveal.report.figures.metrics.class_balance import draw_class_balance
from foveal.report.html.annotated_images import image_with_caption, image_with_truth
from foveal.report.html.blocks import Block, Chart, Fold, Images, Note, Section, Table
from foveal.report.records import Record
from foveal.report.wording import format_figure
from foveal.wording import count

_IMAGES = 9
_MOST_FILES = 100
_MOST_BARS = 20
_MOST_ROWS = 25


def data_section(record: Record) -> Section:
    """What the model was given, and what is wrong with it."""
    every = record.parts.train, record.parts.validation, record.parts.test
    named = zip(("train", "validation", "test (held out)"), every, strict=True)
    parts = {name: part for name, part in named if len(part)}
    blocks: list[Block] = [Note(record.parts.origin)] if record.parts.origin else []
    blocks.append(parts_table(parts, record.data.task == "detection"))
    blocks.append(balance_chart(parts, record.data))
    chosen = [record.parts.train[i] for i in choose_samples(record.parts.train, _IMAGES)]
    if chosen:
        if record.data.task == "detection":
            images = [
                image_with_truth(s, record.data.classes, name=record.names.get(s.path, "")) for s in chosen
            ]
        else:
            names = ["no class" if s.label is None else record.data.classes[s.label] for s in chosen]
            images = [
                image_with_caption(s, said, name=record.names.get(s.path, ""))
                for s, said in zip(chosen, names, strict=True)
            ]
        blocks.append(Images("Pictures to learn from", images, "As annotated, from the training images."))
    blocks.extend(doctor_blocks(record.findings))
    return Section(
        "Data",
        "What the model learned from, and the held-out images that every figure here is about.",
        blocks,
    )


def class_counts(dataset: Dataset) -> NDArray[np.int64]:
    """The examples of each class: objects, or images where the task is classification.

    Returns
    -------
    ndarray of shape (K,), int64
    """
    if dataset.task == "detection":
        flat = np.concatenate([np.zeros(0, np.int64), *(s.labels for s in dataset)])
    else:
        flat = np.array([s.label for s in dataset if s.label is not None], np.int64)
    return np.bincount(flat, minlength=len(dataset.classes)).astype(np.int64)


def choose_samples(dataset: Dataset, number: int) -> list[int]:
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
    by_turns = [queue[k] for k in range(number) for queue in queues]
    return sorted(list(dict.fromkeys([*by_turns, *range(len(dataset))]))[:number])


def class_table(record: Record, *first: str) -> Block:
    """Of each class the examples and the figures, folded away where there are many classes.

    Parameters
    ----------
    record : Record
    *first : str
        The figures in the first columns; see :func:`class_prefixes`. Of a detector there is a last row for
        all classes together.
    """
    classes, metrics = record.test.classes, record.metrics
    parts = {"to learn from": record.parts.train, "that validate": record.parts.validation}
    parts = {told: part for told, part in parts.items() if len(part) or told == "to learn from"}
    counts = [class_counts(part) for part in (*parts.values(), record.test)]
    prefixes = class_prefixes(metrics, classes, first=first)

    def row(name: str, examples: Iterable[int], key: str) -> list[str]:
        figures = (metrics.get(prefix + key, float("nan")) for prefix in prefixes)
        return [name, *(f"{number:,}" for number in examples), *map(format_figure, figures)]

    rows = [row(name, (c[k] for c in counts), f"/{name}") for k, name in enumerate(classes)]
    thing = "objects" if record.test.task == "detection" else "images"
    if thing == "objects":
        rows.append(row("all classes", (c.sum() for c in counts), ""))
    columns = ("class", *(f"{thing} {told}" for told in parts), f"held-out {thing}", *prefixes)
    if len(rows) <= _MOST_ROWS:
        return Table("Each class", columns, rows)
    return Fold(f"Each of the {len(classes)} classes", [Table("", columns, rows)])


def class_prefixes(
    metrics: Mapping[str, float], classes: Sequence[str], *, first: Sequence[str] = ()
) -> list[str]:
    """The figures that are given for each class: what stands before ``/<class>`` in the keys.

    Examples
    --------
    >>> class_prefixes({"AP": 0.5, "AP/cat": 0.5, "AP50/cat": 0.7, "a/b": 1.0}, ["cat"], first=["AP50"])
    ['AP50', 'AP']
    """
    known = set(classes)
    parts = (key.partition("/") for key in metrics)
    seen = dict.fromkeys(figure for figure, slash, name in parts if slash and name in known)
    return [p for p in first if p in seen] + [p for p in seen if p not in first]


def parts_table(parts: dict[str, Dataset], detection: bool) -> Table:
    """How many images each part has, and how many objects."""
    columns = ["part", "images"] + (["objects", "images without objects"] if detection else [])
    rows = []
    for name, part in parts.items():
        row = [name, f"{len(part):,}"]
        if detection:
            row += [f"{class_counts(part).sum():,}", f"{sum(not len(s.labels) for s in part):,}"]
        rows.append(row)
    return Table("The parts", columns, rows)


def balance_chart(parts: dict[str, Dataset], data: Dataset) -> Chart:
    """How many examples of each class each part has."""
    unit = "objects" if data.task == "detection" else "images"
    counts = {name: class_counts(part).tolist() for name, part in parts.items()}
    totals = np.sum(list(counts.values()), axis=0) if counts else np.zeros(len(data.classes))
    alt = f"Bars of the number of {unit} of {count(len(data.classes), 'class', 'classes')} in each part."
    if len(data.classes) and totals.any():
        most, least = int(np.argmax(totals)), int(np.argmin(totals))
        for word, k in (("Most", most), ("Fewest", least)):
            alt += f" {word}: {data.classes[k]}, {int(totals[k])}."
    caption = "A class with few examples is learned poorly and measured poorly."
    if len(data.classes) > _MOST_BARS:
        caption += f" The {_MOST_BARS} most frequent of {len(data.classes)} classes are shown."
    return Chart("Class balance", draw_class_balance(counts, data.classes, unit=unit), alt, caption)


def doctor_blocks(findings: Sequence[Finding]) -> Iterator[Block]:
    """What the doctor found, the gravest first, and the files folded."""
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
