"""The classes of a model and those of a data set: they meet by name."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from foveal.data import Dataset, Detections
from foveal.errors import DataError, SettingError, did_you_mean
from foveal.wording import visible

# Names that a sentence lists.
_MOST_NAMES = 20


def parse_map(pairs: Iterable[str]) -> dict[str, str]:
    """Read ``MODEL=DATA`` pairs of class names.

    Raises
    ------
    SettingError
        If a pair has no ``=``, or a class is given twice.

    Examples
    --------
    >>> parse_map(["apple=Apple", "tabby=cat"])
    {'apple': 'Apple', 'tabby': 'cat'}
    """
    names: dict[str, str] = {}
    for pair in pairs:
        model, equals, data = pair.partition("=")
        if not equals or not model or not data:
            raise SettingError(
                "--map takes the model's class and the data's, such as --map apple=Apple; "
                f"got {visible(pair)!r}."
            )
        if model in names:
            raise SettingError(f"--map names {visible(model)!r} twice: give each class of the model once.")
        names[model] = data
    return names


def names_in_data(
    model_classes: Sequence[str], dataset: Dataset, asked: Mapping[str, str], run: str
) -> dict[str, str]:
    """What the classes of a model are called in a data set.

    Parameters
    ----------
    model_classes : sequence of str
    dataset : Dataset
    asked : mapping of str to str
        The data set's names of some of the model's classes; several of them may be one there.
    run : str
        What the error calls the model.

    Returns
    -------
    dict of str to str
        Of each class of the model; those that the data set does not have keep their own name.

    Raises
    ------
    DataError
        If no class is the same, or some differ only in their case.
    SettingError
        If ``asked`` names a class that is not there.
    """
    for given, known, whose in (
        (asked.keys(), model_classes, "the model"),
        (asked.values(), dataset.classes, "the data"),
    ):
        for name in given:
            if name not in known:
                raise SettingError(
                    f"--map names the class {name!r}, which {whose} does not have: its classes are "
                    f"{listed(known)}.{did_you_mean(name, known)}"
                )
    names = {name: asked.get(name, name) for name in model_classes}
    met = set(names.values())
    lists = f"the model's are {listed(model_classes)}, the data's {listed(dataset.classes)}"
    folded = {name.casefold(): name for name in model_classes if names[name] not in dataset.classes}
    near = {
        folded[name.casefold()]: name
        for name in dataset.classes
        if name not in met and name.casefold() in folded
    }
    if near:
        pairs = " ".join(_option(model, data) for model, data in near.items())
        raise DataError(
            f"Classes of {run} and of {dataset.path} differ in their case alone: {lists}. Say which is "
            f"which: {pairs}"
        )
    if dataset.classes and not met & set(dataset.classes):
        raise DataError(
            f"{run} and {dataset.path} share no class: {lists}. Where they mean the same, say so: "
            f"{_option(model_classes[0], dataset.classes[0])}"
        )
    return names


def renamed(found: Detections, names: Mapping[str, str], known: Sequence[str]) -> Detections:
    """Detections by the names of a data set; those of classes that it does not have are left out.

    Parameters
    ----------
    found : Detections
    names : mapping of str to str
        As :func:`names_in_data` gives it.
    known : sequence of str
        The data set's classes, which the labels are those of afterwards.
    """
    places = {name: i for i, name in enumerate(known)}
    of = np.array([places.get(names.get(name, name), -1) for name in found.classes], np.int64)
    labels = of[found.labels] if len(found) else found.labels
    return replace(found, labels=labels, classes=tuple(known))[labels >= 0]


def in_classes(dataset: Dataset, names: Mapping[str, str], classes: Sequence[str]) -> Dataset:
    """A data set with the classes of another, in its order; objects of other classes are left out.

    Images without a class of the other are left out where the task is classification.
    """
    if dataset.classes == tuple(classes):
        return dataset
    places = {name: i for i, name in enumerate(classes)}
    of = np.array([places.get(names.get(name, name), -1) for name in dataset.classes], np.int64)
    samples = []
    for sample in dataset:
        if dataset.task == "classification":
            label = -1 if sample.label is None else int(of[sample.label])
            if label >= 0:
                samples.append(replace(sample, label=label))
            continue
        labels = of[sample.labels] if len(sample.labels) else sample.labels
        kept = labels >= 0
        samples.append(
            replace(
                sample,
                boxes=sample.boxes[kept],
                labels=labels[kept],
                difficult=sample.difficult[kept],
                crowd=sample.crowd[kept],
                areas=sample.areas[kept],
                xywh=None if sample.xywh is None else sample.xywh[kept],
            )
        )
    return replace(dataset, classes=tuple(classes), category_ids=(), samples=tuple(samples))


def _option(model: str, data: str) -> str:
    return shlex.join(["--map", f"{model}={data}"])


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first twenty of many."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
