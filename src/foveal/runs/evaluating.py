"""Measuring: a run or a file of detections against a data set."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from foveal import parallel
from foveal.data import Dataset, load
from foveal.data.loading import select_split
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, emit
from foveal.images import read
from foveal.metrics import evaluate, read_results, to_results
from foveal.models.contracts import Model, is_classifier, is_detector, is_proposer
from foveal.models.loading import load as load_model
from foveal.runs.alarms import tell_alarms
from foveal.runs.folder import RunFolder
from foveal.runs.measuring import (
    class_probabilities,
    classification_metrics,
    proposal_metrics,
    proposal_quality,
)
from foveal.wording import count


def evaluate_run(
    run: str | os.PathLike[str],
    data: Dataset | str | os.PathLike[str],
    *,
    split: str | None = None,
    format: str | None = None,
    protocol: str = "coco",
    iou_threshold: float = 0.5,
    callbacks: Callbacks = (),
) -> dict[str, float]:
    """Measure a trained model on a data set.

    The images are the run's own held-out ones if ``data`` is what it was trained on (by the digest of its
    content), else the data set's test part, else all of it; ``split`` overrides.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    data : Dataset or path-like
        Of one that is loaded all images are measured, unless ``split`` says which.
    split : {"train", "val", "test", "all"}, optional
    format, protocol, iou_threshold
        See :func:`foveal.data.load` and :func:`foveal.metrics.evaluate`.
    callbacks : sequence of callables
        Told, among others, of ``alarm``: what the figures say is wrong.

    Returns
    -------
    dict of str to float
        The keys of ``metrics.json``.

    Raises
    ------
    FovealError
        If the model or the data cannot be used, or they are of different tasks.
    """
    model: Model = load_model(run)
    if isinstance(data, Dataset):
        dataset, which = _of(data, split), "The images of the loaded data set"
        which += f", {count(len(dataset), 'image')}."
    else:
        dataset, which = _images(Path(run), Path(data), split, format)
    emit(callbacks, "note", text=which)
    usable = _readable(dataset, callbacks)
    if model.task != dataset.task:
        raise DataError(
            f"The model {run} is for {model.task}, and {dataset.path} holds data for {dataset.task}: name "
            "a data set of the model's kind."
        )
    if not is_detector(model):
        if protocol != "coco" or iou_threshold != 0.5:
            kind = "is a classifier" if is_classifier(model) else "proposes regions"
            raise SettingError(f"{run} {kind}: a protocol and an IoU threshold are for detectors.")
        if is_proposer(model):
            return proposal_metrics(proposal_quality(model, usable, callbacks))
        assert is_classifier(model)
        # What the model takes for a class that the data set has not is wrong, not nothing.
        others = [name for name in map(str, model.classes_.tolist()) if name not in usable.classes]
        if others:
            text = f"Classes of the model that the data set does not have: {', '.join(others)}."
            emit(callbacks, "note", text=text)
            usable = replace(usable, classes=(*usable.classes, *others), category_ids=())
        probabilities = class_probabilities(model, usable)
        metrics = classification_metrics(usable, probabilities)
        tell_alarms(model, Path(run), usable, probabilities, metrics, callbacks)
        return metrics
    truth = usable.to_coco()
    measure = partial(evaluate, protocol=protocol, iou_threshold=iou_threshold)  # type: ignore[arg-type]
    measure(truth, [])  # a wrong protocol is told before the work, not after it
    detections = model.predict([s.path for s in usable], callbacks=callbacks)
    # The data set may have other classes, or the same in another order: classes meet by name.
    known = [d[np.isin([d.classes[label] for label in d.labels], usable.classes)] for d in detections]
    metrics = measure(truth, to_results(usable, known))
    tell_alarms(model, Path(run), usable, known, metrics, callbacks)
    return metrics


def evaluate_predictions(
    predictions: str | os.PathLike[str],
    data: Dataset | str | os.PathLike[str],
    *,
    split: str | None = None,
    format: str | None = None,
    protocol: str = "coco",
    iou_threshold: float = 0.5,
) -> dict[str, float]:
    """Measure the detections that any program wrote in COCO's results format.

    Parameters
    ----------
    predictions : path-like
        See :func:`foveal.metrics.read_results`.
    data : Dataset or path-like
        A data set, or a COCO annotation file whose images need not be there.
    split : {"train", "val", "test", "all"}, optional
        All images by default.
    format, protocol, iou_threshold
        See :func:`foveal.data.load` and :func:`foveal.metrics.evaluate`.

    Returns
    -------
    dict of str to float
        The keys of ``metrics.json``.

    Raises
    ------
    FovealError
        If a file cannot be used.
    """
    if isinstance(data, Dataset):
        dataset = _of(data, split)
    else:
        dataset = load(data, split=None if split in (None, "all") else split, format=format)
    if dataset.task != "detection":
        raise DataError(f"{dataset.path} has no boxes: detections can only be measured against boxed data.")
    truth = dataset.to_coco()
    return evaluate(
        truth,
        read_results(predictions, truth),
        protocol=protocol,  # type: ignore[arg-type]
        iou_threshold=iou_threshold,
    )


def _of(dataset: Dataset, split: str | None) -> Dataset:
    """A loaded data set, or one part of it."""
    return dataset if split in (None, "all") else select_split(dataset, split)


def _images(run: Path, data: Path, split: str | None, format: str | None) -> tuple[Dataset, str]:
    """The images that a figure is about, and a sentence that says which they are."""
    if split == "all":
        dataset = load(data, format=format)
        return dataset, f"All {count(len(dataset), 'image')}."
    if split is not None:
        dataset = load(data, split=split, format=format)
        return dataset, f"The data set's own {split} part, {count(len(dataset), 'image')}."
    folder = RunFolder.open(run) if run.is_dir() else RunFolder(run.parent)
    config = folder.read_config() if folder.config_file.is_file() else {}
    known = config.get("data", {})
    if format is None and str(data.resolve()) == known.get("path"):
        format = known.get("asked_format")
    dataset = load(data, format=format)
    if known.get("digest") == dataset.digest and "split" in config:
        held = dataset.with_ids(set(config["split"].get("test", ())))
        return held, f"The {count(len(held), 'image')} that the run held out."
    if "test" in dataset.splits:
        part = dataset.part("test")
        return part, f"Other data than the run's: its own test part, {count(len(part), 'image')}."
    return (
        dataset,
        f"Other data than the run's, without a test part: all {count(len(dataset), 'image')}.",
    )


def _readable(dataset: Dataset, callbacks: Callbacks) -> Dataset:
    """The data set without images that cannot be read, each of which is noted."""

    def good(index: int) -> bool:
        try:
            read(dataset[index].path)
        except ImageError as error:
            emit(callbacks, "note", text=f"Left out: {error}")
            return False
        return True

    kept = parallel.map(good, range(len(dataset)))
    return dataset.select([i for i, is_good in enumerate(kept) if is_good])
