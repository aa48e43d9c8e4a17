"""Training: from a data set to a run folder."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.data import Dataset, Finding, doctor, load
from foveal.data.dataset import relative_name
from foveal.errors import DataError, FovealError, ModelFileError, SettingError
from foveal.events import Callbacks, emit
from foveal.models import DETECTORS
from foveal.runs.fitting import divide, fit_model
from foveal.runs.folder import RunFolder, checkpoint_step, free_folder, read_config
from foveal.runs.measuring import Finished, finish_classifier, finish_detector, finish_proposer
from foveal.runs.nested_settings import flat, nested
from foveal.runs.settings import resolve
from foveal.version import __version__

#: What is trained where no model is named.
DEFAULT_MODELS = {"detection": "faster-rcnn", "classification": "transfer"}


def train(
    data: str | os.PathLike[str],
    *,
    model: str | None = None,
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    format: str | None = None,
    callbacks: Callbacks = (),
    spent: float = 0.0,
) -> Finished:
    """Train a model on a data set, measure it on held-out images and report.

    Parameters
    ----------
    data : path-like
        Anything that :func:`foveal.data.load` reads.
    model : {"rcnn", "transfer", "svm", "logistic", "mlp", "cnn"}, optional
        By default ``rcnn`` for boxed data and ``transfer`` for a folder a class.
    out : path-like, optional
        The run folder; by default the first free ``runs/<data>-<model>``.
    settings : mapping, optional
        Parameters of the model and of the split; see :func:`foveal.runs.parse_settings`.
    seed : int, default=0
    format : str, optional
        See :func:`foveal.data.load`.
    callbacks : sequence of callables
        Told of everything that is done; see :mod:`foveal.events`.
    spent : float, default=0.0
        Seconds that had gone by before this call. Detectors that take ``minutes`` count them, and all that
        this function does.

    Returns
    -------
    Finished
        The run folder with model, predictions, metrics and report.

    Raises
    ------
    FovealError
        If the data, the model, a setting or the folder cannot be used.
    """
    began = time.perf_counter() - spent
    data = Path(data)
    dataset = load(data, format=format)
    model = DEFAULT_MODELS[dataset.task] if model is None else model
    resolved = resolve(model, settings or {})
    if (model in DETECTORS) != (dataset.task == "detection"):
        raise SettingError(
            f"{model} needs {'boxed pictures' if model in DETECTORS else 'one folder of pictures a class'}; "
            f"{data} holds data for {dataset.task}: use --model {DEFAULT_MODELS[dataset.task]}."
        )
    name = dataset.root.resolve().name
    run = RunFolder.create(free_folder(Path("runs") / f"{name}-{model}") if out is None else out)
    try:
        return _train(run, data, dataset, model, resolved, seed, format, callbacks, began)
    except FovealError:
        # Nothing was learnt: the corrected command shall find the folder as it was.
        run.discard()
        raise


def retrain(
    config: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    callbacks: Callbacks = (),
    spent: float = 0.0,
) -> Finished:
    """Train anew as a run was trained: the same data gives the same model file, byte for byte.

    Where the run was given minutes, the schedule that they led to is kept, however fast this machine is now.

    Parameters
    ----------
    config : path-like
        The ``config.toml`` of a run, or its folder; the run need not have come to its end.
    data : path-like, optional
        By default the data of the run.
    out : path-like, optional
        As for :func:`train`.
    settings : mapping, optional
        What shall be otherwise than in the run; ``minutes`` choose a new schedule.
    callbacks, spent
        As for :func:`train`.

    Raises
    ------
    FovealError
        If the file is no run's ``config.toml``, or as for :func:`train`.
    """
    known = read_config(config)
    try:
        same = _settings_of(known) | flat(known.get("chosen", {}))
        seed, model, described = known["seed"], known["model"], known["data"]
        place = Path(described["path"]) if data is None else Path(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{config} is not the config.toml of a run: it lacks {error}.") from error
    given = dict(settings or {})
    if "minutes" not in given and "minutes" in same:
        settled = {**known.get("schedule", {}), **flat(known.get("resolved", {}))}
        if settled:
            same |= {key: value for key, value in settled.items() if key in same} | {"minutes": None}
    if data is None and load(place, format=described.get("asked_format")).digest != described["digest"]:
        emit(callbacks, "note", text=f"{place} has changed since: the model will be another.")
    return train(
        place,
        model=model,
        out=out,
        settings=same | given,
        seed=seed,
        format=described.get("asked_format") if data is None else None,
        callbacks=callbacks,
        spent=spent,
    )


def resume(run: str | os.PathLike[str], *, callbacks: Callbacks = (), spent: float = 0.0) -> Finished:
    """Go on with a run that was broken off.

    A trained model that is there is measured and reported. A network, a detector's too, goes on from its
    checkpoint and ends with the same model file, byte for byte, as one that was never broken off. Other
    trainings, which keep no half-trained state, start again with the run's own settings and seed, and so does
    a comparison of settings that was not yet decided.

    Parameters
    ----------
    run : path-like
        A run folder.
    callbacks, spent
        As for :func:`train`.

    Raises
    ------
    FovealError
        If the folder is no run, the run is finished, or its data is gone or has changed.
    """
    began = time.perf_counter() - spent
    folder = RunFolder.open(run)
    if folder.finished:
        raise SettingError(f"The run {folder.path} is finished: there is nothing to go on with.")
    config = folder.read_config()
    data = Path(config["data"]["path"])
    dataset = load(data, format=config["data"].get("asked_format"))
    if dataset.digest != config["data"]["digest"]:
        raise DataError(f"{data} has changed since the run {folder.path} began: start a new run.")
    resolved = resolve(config["model"], _settings_of(config))
    asked = config["data"].get("asked_format")
    known: dict[str, Any] = {key: config[key] for key in ("chosen", "schedule", "resolved") if key in config}
    seed = config["seed"]
    return _train(folder, data, dataset, config["model"], resolved, seed, asked, callbacks, began, known)


def _settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a ``config.toml`` names."""
    settings = flat(config["settings"])
    if config["model"] == "rcnn":
        # Runs of the time when there was but one kind do not name it.
        settings.setdefault("features", "hog-color")
    return settings


def _train(
    run: RunFolder,
    data: Path,
    dataset: Dataset,
    model: str,
    settings: dict[str, Any],
    seed: int,
    format: str | None,
    callbacks: Callbacks,
    began: float,
    known: Mapping[str, Any] | None = None,
) -> Finished:
    if run.checkpoint_file.is_file():
        run.forget_after(checkpoint_step(run.checkpoint_file))
    elif not run.model_file.is_file():
        run.log_file.unlink(missing_ok=True)
    callbacks = (*callbacks, run.log)
    config: dict[str, Any] = {
        "version": __version__,
        "model": model,
        "task": dataset.task,
        "seed": seed,
        "settings": nested(settings),
        "data": {
            "path": str(data.resolve()),
            "asked_format": format,
            "format": dataset.format,
            "digest": dataset.digest,
            "images": len(dataset),
            "classes": list(dataset.classes),
        },
        **(known or {}),
    }
    # Before anything that takes long, so that a run can be resumed wherever it was broken off.
    run.write_config(config)
    findings = doctor(data, format=format, callbacks=callbacks)
    matter = sum(f.severity != "note" for f in findings)
    if matter:
        emit(callbacks, "note", text=f"{matter} findings about the data: foveal doctor {data} lists them.")
    usable = without_unreadable(dataset, findings, callbacks)
    parts = divide(usable, model, settings, seed)
    config["split"] = {
        "origin": parts.origin,
        "train": [s.id for s in parts.train],
        "validation": [s.id for s in parts.validation],
        "test": [s.id for s in parts.test],
    }
    run.write_config(config)
    if not len(parts.train):
        raise DataError(f"{data} has no images to train on.")
    if dataset.task == "classification" and len({s.label for s in parts.train}) < 2:
        raise DataError(
            f"The training images of {data} are all of one class: a classifier needs images of at least two."
        )
    estimator = fit_model(run, model, settings, seed, parts, config, callbacks, began)
    record = {
        "title": dataset.root.resolve().name,
        "model": model,
        "version": __version__,
        "config": config,
        "findings": findings,
        "data": dataset,
        "parts": parts,
        "test": parts.test,
    }
    finish = (
        finish_proposer if model == "rpn" else finish_detector if model in DETECTORS else finish_classifier
    )
    return finish(run, estimator, parts, record, callbacks)


def without_unreadable(dataset: Dataset, findings: list[Finding], callbacks: Callbacks) -> Dataset:
    """The data set without the pictures that the doctor could not read, each of which is noted."""
    broken = {f.file: f.message for f in findings if f.kind == "unreadable-image"}
    names = [relative_name(s.path, dataset.root) for s in dataset]
    # Those whose very header cannot be read are not even in the data set.
    for name, why in broken.items():
        emit(callbacks, "note", text=f"{name} is left out: {why}")
    return dataset.select([i for i, name in enumerate(names) if name not in broken])
