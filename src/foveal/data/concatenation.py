"""Several data sets as one."""

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import count as counting
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foveal.data.findings import Finding
from foveal.errors import DataError
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.data.dataset import Dataset


def concatenated(*datasets: "Dataset") -> "Dataset":
    """Several data sets as one, see :meth:`foveal.data.Dataset.concatenate`."""
    first, *others = datasets
    for other in others:
        if other.task != first.task:
            raise DataError(
                f"{other.path} is a data set for {other.task}, {first.path} one for {first.task}: only data "
                "sets of one task can be put together."
            )
    classes = list(dict.fromkeys(name for dataset in datasets for name in dataset.classes))
    ids = dict(zip(first.classes, first.category_ids, strict=True))
    free_category = (number for number in counting(1) if number not in first.category_ids)
    taken: set[int] = set()
    largest = max((sample.id for dataset in datasets for sample in dataset), default=0)
    free = counting(largest + 1)
    samples = []
    for dataset in datasets:
        new = np.array([classes.index(name) for name in dataset.classes], np.int64)
        for sample in dataset:
            number = next(free) if sample.id in taken else sample.id
            taken.add(number)
            label = None if sample.label is None else int(new[sample.label])
            labels = new[sample.labels] if len(sample.labels) else sample.labels
            samples.append(replace(sample, id=number, labels=labels, label=label))
    findings = [finding for dataset in datasets for finding in dataset.findings]
    return replace(
        first,
        root=_common_folder([dataset.root for dataset in datasets]),
        format=first.format if len({dataset.format for dataset in datasets}) == 1 else "several formats",
        classes=tuple(classes),
        samples=tuple(samples),
        category_ids=tuple(ids[name] if name in ids else next(free_category) for name in classes),
        findings=(*findings, *_partly_split(datasets)),
        source=first.source if len(datasets) == 1 else None,
    )


def _common_folder(roots: Sequence[Path]) -> Path:
    if len(set(roots)) == 1:
        return roots[0]
    try:
        return Path(os.path.commonpath([root.absolute() for root in roots]))
    except ValueError:  # on other drives
        return roots[0]


def _partly_split(datasets: "Sequence[Dataset]") -> list[Finding]:
    """Where some have parts and others have none: these are learnt from."""
    without = [dataset for dataset in datasets if len(dataset) and not dataset.splits]
    if not without or len(without) == len(datasets):
        return []
    number = sum(map(len, without))
    text = f"{count(number, 'picture is', 'pictures are')} in no part, since {without[0].path} has none."
    action = "Training takes them as its own: divide all anew with --split."
    return [Finding("in-no-part", "warning", "", text, action)]
