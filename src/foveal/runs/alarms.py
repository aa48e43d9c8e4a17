"""What the figures of a run, or of a model on other data, say is wrong: found, and told to the callbacks."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Detections, Parts
from foveal.errors import FovealError
from foveal.events import Callbacks, emit
from foveal.models import contracts
from foveal.runs.folder import RunFolder, run_data
from foveal.version import __version__

if TYPE_CHECKING:
    from foveal.runs.measuring import Record

# What says something of other data; the rest is about the training.
_OF_OTHER_DATA = ("near-zero", "class-never-found", "held-out-worse", "unlike")


def with_alarms(record: "Record", callbacks: Callbacks) -> "Record":
    """The record with its alarms, each of which is told as an event ``alarm``."""
    from foveal.report.alarms.finding import find_alarms

    record = replace(record, alarms=find_alarms(record))
    for alarm in record.alarms:
        emit(callbacks, "alarm", kind=alarm.kind, text=alarm.message, reasons=list(alarm.reasons))
    return record


def tell_alarms(
    model: contracts.Model,
    run: Path,
    test: Dataset,
    answers: "list[Detections] | NDArray[np.float64]",
    metrics: dict[str, float],
    callbacks: Callbacks,
) -> None:
    """Tell, as events, what the figures of a model on a data set say is wrong.

    Parameters
    ----------
    model : Model
        A detector or a classifier.
    run : pathlib.Path
        Its folder or file: the images that it learned from are compared with these, where they are still
        where the folder says.
    test : Dataset
        What it was measured on.
    answers : list of Detections, or ndarray of shape (N, K)
        For each image of ``test``; probabilities are in the order of its classes.
    metrics : dict of str to float
    callbacks : sequence of callables
    """
    from foveal.report.alarms.finding import find_alarms
    from foveal.report.records import ClassificationRecord, DetectionRecord

    config, events, parts = _known_of(run, test)
    facts: dict[str, Any] = {
        "title": str(run),
        "model": model.name,
        "version": __version__,
        "config": config,
        "events": events,
        "metrics": metrics,
        "findings": [],
        "data": test,
        "parts": parts,
        "test": test,
    }
    record: Record
    if contracts.is_detector(model):
        named = [_in_order(found, test.classes) for found in answers]
        record = DetectionRecord(**facts, detections=named, score_threshold=model.threshold_)
    else:
        record = ClassificationRecord(**facts, predictions=np.asarray(answers).argmax(axis=1))
    for alarm in find_alarms(record):
        if alarm.kind in _OF_OTHER_DATA:
            emit(callbacks, "alarm", kind=alarm.kind, text=alarm.message, reasons=list(alarm.reasons))


def _known_of(run: Path, test: Dataset) -> tuple[dict[str, Any], list[dict[str, Any]], Parts]:
    """The configuration and the log of a run, and its parts with ``test`` held out; empty where unknown."""
    nothing = test.select([])
    folder = RunFolder(run if run.is_dir() else run.parent)
    if not folder.config_file.is_file():
        return {}, [], Parts(nothing, nothing, test, "")
    config = folder.read_config()
    try:
        data, split = run_data(config), config["split"]
    except (FovealError, KeyError):
        return config, [], Parts(nothing, nothing, test, "")
    train, validation = (data.with_ids(set(split[part])) for part in ("train", "validation"))
    return config, folder.read_log(), Parts(train, validation, test, "")


def _in_order(found: Detections, classes: tuple[str, ...]) -> Detections:
    """Detections whose labels are those of other classes, met by their names; of classes beyond, none."""
    places = [classes.index(name) if name in classes else -1 for name in found.classes]
    labels = np.array(places, np.int64)[found.labels] if len(found) else found.labels
    return replace(found, labels=labels, classes=classes)[labels >= 0]
