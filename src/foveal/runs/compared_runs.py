"""Runs that are compared: what each was, and what it says of the images that it was held out on."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Detections
from foveal.data.dataset import relative_name
from foveal.errors import DataError, ModelFileError, SettingError
from foveal.files import read_container, read_regular, readable
from foveal.metrics import read_results
from foveal.report.compared import NO_SUCH, ComparedRun, ComparedSide
from foveal.report.sections.run import total_seconds
from foveal.runs.folder import RunFolder, flat, run_data
from foveal.runs.listing import read_metrics

# Bytes of a predictions.csv.
_LARGEST = 1_000_000_000
# Settings that a side's name has.
_NAMED = 2


def read_runs(paths: Sequence[str | os.PathLike[str]]) -> list[ComparedRun]:
    """Read finished runs of one task.

    Raises
    ------
    FovealError
        If one is not finished or damaged, its data is gone or has changed, or they are of different tasks.
    """
    folders = [Path(path) for path in paths]
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise SettingError("A run is named twice: name each once.")
    names = _short_names(folders)
    datasets: dict[tuple[str, str], Dataset] = {}
    runs = [_read(folder, name, datasets) for folder, name in zip(folders, names, strict=True)]
    tasks = {run.task for run in runs}
    if len(tasks) > 1:
        one = {run.task: run.path for run in runs}
        said = " and ".join(f"{path} for {task}" for task, path in one.items())
        raise SettingError(f"Runs of one task can be compared: {said}.")
    return runs


def grouped(runs: Sequence[ComparedRun]) -> list[ComparedSide]:
    """Runs of the same data and settings together, in the order in which they were named.

    Where all are of the same, each stands alone.
    """
    groups: dict[tuple[Any, ...], list[ComparedRun]] = {}
    for run in runs:
        key = (run.model, run.data_digest, tuple(sorted(run.settings.items())))
        groups.setdefault(key, []).append(run)
    if len(groups) == 1:
        return [ComparedSide(run.name, (run,)) for run in runs]
    for same in groups.values():
        same.sort(key=lambda run: run.seed)
    names = _side_names(list(groups.values()))
    return [ComparedSide(name, tuple(same)) for name, same in zip(names, groups.values(), strict=True)]


def differing_settings(sides: Sequence[ComparedSide]) -> dict[str, list[str]]:
    """The settings in which sides differ, and what each has; ``–`` where its model has no such setting."""
    every = [{"model": s.runs[0].model, "data": s.runs[0].data_name, **s.runs[0].settings} for s in sides]
    if len({side.runs[0].data_digest for side in sides}) > 1:
        for known, side in zip(every, sides, strict=True):
            known["data"] = f"{side.runs[0].data_name} ({side.runs[0].data_digest[:8]})"
    keys = dict.fromkeys(key for known in every for key in known)
    rows = {key: [known.get(key, NO_SUCH) for known in every] for key in keys}
    return {key: row for key, row in rows.items() if len(set(row)) > 1}


def _side_names(groups: Sequence[Sequence[ComparedRun]]) -> list[str]:
    models = [group[0].model for group in groups]
    if len(set(models)) == len(models):
        return models
    differing = differing_settings([ComparedSide("", tuple(group)) for group in groups])
    names = []
    for place, model in enumerate(models):
        said = [
            f"{key} {row[place]}"
            for key, row in differing.items()
            if key != "model" and row[place] != NO_SUCH
        ]
        names.append(", ".join([model, *said[:_NAMED]]))
    if len(set(names)) < len(names) or max(map(len, names)) > 48:
        names = [group[0].name for group in groups]
    return names


def _short_names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, with those above them where several have the same."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(p[-length:]) for p in parts]
        if len(set(names)) == len(names):
            break
    return [readable(name) for name in names]


def _read(path: Path, name: str, datasets: dict[tuple[str, str], Dataset]) -> ComparedRun:
    folder = RunFolder.open(path)
    if not folder.metrics_file.is_file():
        raise ModelFileError(f"The run {path} is not finished: foveal train --resume {path} goes on with it.")
    config = folder.read_config()
    try:
        about, split = config["data"], config["split"]
        key = (about["path"], about["digest"])
    except KeyError as error:
        raise ModelFileError(
            f"{folder.config_file} is not that of a finished run: it lacks {error}."
        ) from error
    if key not in datasets:
        datasets[key] = run_data(config)
    dataset = datasets[key]
    if dataset.digest != about["digest"]:
        raise DataError(
            f"{dataset.path} has changed since the run {path} was trained: foveal evaluate measures it on "
            "what is there now."
        )
    test = dataset.with_ids(set(split["test"]))
    if not len(test):
        raise DataError(f"The run {path} held no images out: there is nothing to compare it by.")
    if dataset.task == "detection" and all((s.difficult | s.crowd).all() for s in test):
        raise DataError(f"There is no object in the images that the run {path} held out: nothing is to find.")
    answers: tuple[Detections, ...] | NDArray[np.float64]
    results: Sequence[dict[str, Any]] = ()
    threshold = 0.5
    if dataset.task == "classification":
        answers = _probabilities(folder, test)
    else:
        file = path / "predictions.json"
        if not file.is_file():
            raise SettingError(
                f"The run {path} says where objects may be, not what they are: detectors and classifiers can "
                "be compared."
            )
        results = read_results(file, test.to_coco())
        answers = _detections(results, test)
        threshold = float(read_container(folder.model_file)[1].get("threshold", 0.5))
    return ComparedRun(
        path=path,
        name=name,
        task=dataset.task,
        model=config.get("model", ""),
        seed=config.get("seed", 0),
        settings=_as_words(config),
        data_name=readable(dataset.root.resolve().name),
        data_digest=about["digest"],
        metrics=read_metrics(folder),
        seconds=total_seconds(folder.read_log()),
        size=folder.model_file.stat().st_size,
        test=test,
        answers=answers,
        results=results,
        threshold=threshold,
    )


def _as_words(config: Mapping[str, Any]) -> dict[str, str]:
    """The settings as they were chosen, one after the other, as text."""
    settings = flat(config.get("settings", {})) | flat(config.get("chosen", {}))
    return {key: _word(value) for key, value in settings.items()}


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _detections(results: Sequence[Mapping[str, Any]], test: Dataset) -> tuple[Detections, ...]:
    """What ``predictions.json`` says of each image, the surest first."""
    rows: dict[int, list[Mapping[str, Any]]] = {}
    for row in results:
        rows.setdefault(row["image_id"], []).append(row)
    labels = {category: label for label, category in enumerate(test.category_ids)}
    found = []
    for sample in test:
        own = sorted(rows.get(sample.id, ()), key=lambda row: -row["score"])
        boxes = np.array([row["bbox"] for row in own], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        scores = np.array([row["score"] for row in own], np.float32)
        classes = np.array([labels[row["category_id"]] for row in own], np.int64)
        found.append(Detections(boxes, scores, classes, test.classes))
    return tuple(found)


def _probabilities(folder: RunFolder, test: Dataset) -> NDArray[np.float64]:
    """What ``predictions.csv`` says of each image, in the order of the classes, (N, K)."""
    file = folder.path / "predictions.csv"
    wrong = ModelFileError(f"{file} is not the predictions.csv of that run any more: evaluate the run anew.")
    try:
        text = read_regular(file, largest=_LARGEST).decode("utf-8")
        rows = list(csv.reader(io.StringIO(text)))[1:]
        # A name that a spreadsheet would take for a formula is written with a quote in front.
        by_file = {row[0].removeprefix("'"): [float(p) for p in row[3:]] for row in rows}
        names = [relative_name(s.path, test.root).removeprefix("'") for s in test]
        table = np.array([by_file[readable(name)] for name in names], np.float64)
    except FileNotFoundError:
        raise wrong from None
    except (OSError, ValueError, KeyError, IndexError, csv.Error) as error:
        raise wrong from error
    if table.shape != (len(test), len(test.classes)):
        raise wrong
    return table
