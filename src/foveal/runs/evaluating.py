"""Measuring: a run or a file of detections against a data set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from foveal import parallel
from foveal.data import Dataset, doctor, load
from foveal.data.loading import select_split
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.files import claimed
from foveal.images import read
from foveal.metrics import (
    OperatingPoints,
    evaluate,
    operating_points,
    read_results,
    threshold_for,
    to_results,
)
from foveal.models.contracts import (
    ClassifierModel,
    DetectorModel,
    Model,
    is_classifier,
    is_detector,
    is_proposer,
)
from foveal.models.loading import load as load_model
from foveal.report.html.page import write_report
from foveal.runs.alarms import facts_of, tell_alarms
from foveal.runs.class_names import listed, names_in_data, renamed
from foveal.runs.explanations import explained
from foveal.runs.folder import RunFolder, run_data
from foveal.runs.measuring import (
    chapter_of,
    class_probabilities,
    classification_metrics,
    proposal_metrics,
    proposal_quality,
    write_probabilities,
)
from foveal.runs.threshold import set_threshold
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.report.records import ClassificationRecord, DetectionRecord
    from foveal.runs.measuring import Record


def evaluate_run(
    run: str | os.PathLike[str],
    data: Dataset | str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    split: str | None = None,
    format: str | None = None,
    protocol: str = "coco",
    iou_threshold: float = 0.5,
    class_names: Mapping[str, str] | None = None,
    precision: float | None = None,
    recall: float | None = None,
    callbacks: Callbacks = (),
) -> dict[str, float]:
    """Measure a trained model on a data set.

    The images are the run's own held-out ones if ``data`` is what it was trained on (by the digest of its
    content), else the data set's test part, else all of it; ``split`` overrides.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    data : Dataset or path-like, optional
        By default the data of the run. Of one that is loaded all images are measured, unless ``split`` says
        which.
    out : path-like, optional
        A new or empty folder, which receives ``report.html``, the report as after a training,
        ``metrics.json`` and ``predictions.json`` (``predictions.csv`` of a classifier).
    split : {"train", "val", "test", "all"}, optional
    format, protocol, iou_threshold
        See :func:`foveal.data.load` and :func:`foveal.metrics.evaluate`.
    class_names : mapping of str to str, optional
        What classes of the model are called in the data set, where that is something else.
    precision, recall : float, optional
        Set the detector's ``threshold_`` so that on these images it has at least this precision, or this
        recall; see :func:`foveal.metrics.threshold_for` and :func:`foveal.runs.set_threshold`.
    callbacks : sequence of callables
        Told, among others, of ``alarm``: what the figures say is wrong.

    Returns
    -------
    dict of str to float
        The keys of ``metrics.json``, and ``threshold`` where one was chosen.

    Raises
    ------
    FovealError
        If the model or the data cannot be used, they are of different tasks, or have no class in common.
    """
    model: Model = load_model(run)
    if not is_detector(model):
        kind = "is a classifier" if is_classifier(model) else "proposes regions"
        if protocol != "coco" or iou_threshold != 0.5:
            raise SettingError(f"{run} {kind}: a protocol and an IoU threshold are for detectors.")
        if precision is not None or recall is not None:
            raise SettingError(f"{run} {kind}: it has no threshold to choose by a precision or a recall.")
    if isinstance(data, Dataset):
        dataset, which = _of(data, split), "The images of the loaded data set"
        which += f", {count(len(dataset), 'image')}."
    else:
        own = _own_data(run) if data is None else None
        path = own.path if own is not None else Path(data or "")
        dataset, which = _images(Path(run), path, split, format, own)
    emit(callbacks, "note", text=which)
    if model.task != dataset.task:
        raise DataError(
            f"The model {run} is for {model.task}, and {dataset.path} holds data for {dataset.task}: name "
            "a data set of the model's kind."
        )
    names: dict[str, str] = {}
    if is_proposer(model) and class_names:
        raise SettingError(f"{run} proposes regions and has no classes: nothing can be mapped.")
    if is_detector(model) or is_classifier(model):
        names = names_in_data(list(map(str, model.classes_)), dataset, class_names or {}, str(run))
        _tell_of_classes(names, dataset, callbacks)
    measured = _Measured(Path(run), dataset, names, precision, recall, protocol, iou_threshold, callbacks)
    if out is None:
        return dict(measured.record_of(model, None).metrics)
    asked = {"run": str(run), "data": dataset.digest, "split": split, "protocol": protocol, "names": names}
    leaves = ("report.html", "metrics.json", "predictions.*")
    with claimed(out, "evaluate", asked, leaves=leaves) as folder:
        record = replace(
            measured.record_of(model, RunFolder(folder)), findings=doctor(dataset, callbacks=callbacks)
        )
        with stage(callbacks, "report"):
            page = chapter_of(explained(record, model))
            text = f"{page.text} Measured anew: {which[0].lower()}{which[1:]}"
            page = replace(page, text=text, kind=f"{page.kind} · measured anew")
            write_report(folder / "report.html", record.title, "", [page])
    return dict(record.metrics)


@dataclass(frozen=True)
class _Measured:
    """A measurement that is asked for; the answers may be kept in a folder."""

    run: Path
    dataset: Dataset
    names: Mapping[str, str]
    precision: float | None
    recall: float | None
    protocol: str
    iou_threshold: float
    callbacks: Callbacks

    def record_of(self, model: Model, folder: RunFolder | None) -> Record:
        """What came out, the alarms told; written to the folder, where there is one."""
        if is_detector(model):
            return self._of_detector(model, folder)
        usable = _readable(self.dataset, self.callbacks)
        if is_classifier(model):
            return self._of_classifier(model, usable, folder)
        assert is_proposer(model)
        from foveal.report.records import ProposalRecord

        quality = proposal_quality(model, usable, self.callbacks)
        metrics = proposal_metrics(quality)
        if folder is not None:
            folder.write_metrics(metrics)
        return ProposalRecord(**facts_of(model, self.run, usable, metrics), proposal_quality=quality)

    def _of_classifier(
        self, model: ClassifierModel, usable: Dataset, folder: RunFolder | None
    ) -> ClassificationRecord:
        from foveal.report.records import ClassificationRecord

        # What the model takes for a class that the data set has not is wrong, not nothing.
        others = [n for n in dict.fromkeys(self.names.values()) if n not in usable.classes]
        if others:
            usable = replace(usable, classes=(*usable.classes, *others), category_ids=())
        probabilities = class_probabilities(model, usable, self.names)
        metrics = classification_metrics(usable, probabilities)
        if folder is not None:
            write_probabilities(folder, usable, probabilities)
            folder.write_metrics(metrics)
        record = ClassificationRecord(
            **facts_of(model, self.run, usable, metrics, self.names),
            predictions=probabilities.argmax(axis=1),
            probabilities=probabilities,
        )
        tell_alarms(record, self.callbacks)
        return record

    def _of_detector(self, model: DetectorModel, folder: RunFolder | None) -> DetectionRecord:
        from foveal.report.records import DetectionRecord

        measure = partial(evaluate, protocol=self.protocol, iou_threshold=self.iou_threshold)  # type: ignore[arg-type]
        measure(self.dataset.to_coco(), [])  # a wrong protocol is told before the work, not after it
        usable = _readable(self.dataset, self.callbacks)
        truth = usable.to_coco()
        found = model.predict([s.path for s in usable], callbacks=self.callbacks)
        # The data set may have other classes, or the same in another order: classes meet by name.
        known = [renamed(d, self.names, usable.classes) for d in found]
        results = to_results(usable, known)
        metrics = measure(truth, results)
        threshold = model.threshold_
        if self.precision is not None or self.recall is not None:
            threshold = self._choose(operating_points(truth, results, iou_threshold=self.iou_threshold))
            metrics["threshold"] = threshold
        if folder is not None:
            folder.write_results(results)
            folder.write_metrics(metrics)
        record = DetectionRecord(
            **facts_of(model, self.run, usable, metrics, self.names),
            detections=known,
            results=results,
            score_threshold=threshold,
            iou_threshold=self.iou_threshold,
        )
        tell_alarms(record, self.callbacks)
        return record

    def _choose(self, points: OperatingPoints) -> float:
        """The threshold that was asked for, set in the model file."""
        threshold = threshold_for(points, precision=self.precision, recall=self.recall)
        at = points.at(threshold)
        assert at is not None
        before = set_threshold(self.run, threshold)
        text = (
            f"The threshold is {threshold:g} now, and was {before:g}: on these images precision "
            f"{points.precision[at]:.3f}, recall {points.recall[at]:.3f}, {points.right[at]:,} of "
            f"{count(points.objects, 'object')} found, {points.false[at]:,} false. Chosen on these images, "
            "it will do a little worse on others."
        )
        emit(self.callbacks, "note", text=text)
        return threshold


def _own_data(run: str | os.PathLike[str]) -> Dataset:
    """The data of a run, the same as when it was trained."""
    path = Path(run)
    folder = RunFolder(path if path.is_dir() else path.parent)
    if not folder.config_file.is_file():
        raise DataError(f"{run} does not say what data it was trained on: name the data to measure it on.")
    dataset = run_data(config := folder.read_config())
    if dataset.digest != config["data"].get("digest"):
        raise DataError(
            f"{dataset.path} has changed since {run} was trained, so that its held-out images are not known "
            "any more: name the data to measure it on."
        )
    return dataset


def _tell_of_classes(names: Mapping[str, str], dataset: Dataset, callbacks: Callbacks) -> None:
    """Say which classes the one has and the other has not."""
    others = [name for name in names.values() if name not in dataset.classes]
    if others:
        text = f"Classes of the model that the data set does not have: {listed(others)}."
        emit(callbacks, "note", text=text)
    unknown = [name for name in dataset.classes if name not in names.values()]
    if unknown:
        text = f"Classes of the data set that the model does not know, and never finds: {listed(unknown)}."
        emit(callbacks, "note", text=text)


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


def _images(
    run: Path, data: Path, split: str | None, format: str | None, own: Dataset | None = None
) -> tuple[Dataset, str]:
    """The images that a figure is about, and a sentence that says which they are.

    ``own`` is what ``data`` holds, where it is read already.
    """
    folder = RunFolder(run if run.is_dir() else run.parent)
    config = folder.read_config() if folder.config_file.is_file() else {}
    known = config.get("data", {})
    if format is None and str(data.resolve()) == known.get("path"):
        format = known.get("asked_format")
    if split not in (None, "all"):
        dataset = load(data, split=split, format=format)
        return dataset, f"The data set's own {split} part, {count(len(dataset), 'image')}."
    dataset = load(data, format=format) if own is None else own
    if split == "all":
        return dataset, f"All {count(len(dataset), 'image')}."
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
