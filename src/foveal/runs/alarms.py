"""What the figures of a run, or of a model on other data, say is wrong: found, and told to the callbacks."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from foveal.data import Dataset, Parts
from foveal.errors import FovealError
from foveal.events import Callbacks, emit
from foveal.files import readable
from foveal.models import contracts
from foveal.runs.class_names import in_classes
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


def tell_alarms(record: "Record", callbacks: Callbacks) -> "Record":
    """The record of a model on data that may not be its own, with its alarms, each of which is told."""
    from foveal.report.alarms.finding import find_alarms

    alarms = [alarm for alarm in find_alarms(record) if alarm.kind in _OF_OTHER_DATA]
    for alarm in alarms:
        emit(callbacks, "alarm", kind=alarm.kind, text=alarm.message, reasons=list(alarm.reasons))
    return replace(record, alarms=alarms)


def facts_of(
    model: contracts.Model,
    run: Path,
    test: Dataset,
    metrics: Mapping[str, float],
    names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """What a record of a model on a data set holds beside its answers.

    Parameters
    ----------
    model : Model
    run : pathlib.Path
        Its folder or file: the images that it learned from are compared with these, where they are still
        where the folder says.
    test : Dataset
        What it was measured on.
    metrics : mapping of str to float
    names : mapping of str to str
        What the model's classes are called there.
    """
    config, events, parts = _known_of(run, test, names)
    return {
        "title": readable(test.root.resolve().name),
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


def _known_of(
    run: Path, test: Dataset, names: Mapping[str, str]
) -> tuple[dict[str, Any], list[dict[str, Any]], Parts]:
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
    train, validation = (
        in_classes(data.with_ids(set(split[part])), names, test.classes) for part in ("train", "validation")
    )
    return config, folder.read_log(), Parts(train, validation, test, "")
