"""Training: from a data set to a run folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Detections, Finding, Parts, doctor, load, partition
from foveal.data.dataset import relative_name
from foveal.errors import DataError, FovealError, SettingError
from foveal.events import Callbacks, Event, emit, stage
from foveal.models import DETECTORS, NETWORKS
from foveal.models.loading import load as load_model
from foveal.runs.explanations import with_explanations
from foveal.runs.folder import RunFolder, checkpoint_step, free_folder
from foveal.runs.settings import make_model, resolve, swept_settings
from foveal.runs.sweeping import choose_settings
from foveal.version import __version__

#: What is trained where no model is named.
DEFAULT_MODELS = {"detection": "rcnn", "classification": "transfer"}

# Models that choose on a validation set; the others hold training images back by turns.
_CHOOSES_ON_VALIDATION = frozenset({"logistic"}) | NETWORKS

# Seconds between two checkpoints of a network.
_CHECKPOINT_EVERY = 5.0


@dataclass(frozen=True, eq=False)
class Finished:
    """A run that came to its end.

    Attributes
    ----------
    folder : RunFolder
    metrics : dict of str to float
        The figures of the held-out images.
    record : DetectionRecord or ClassificationRecord
        What its report was written from.
    """

    folder: RunFolder
    metrics: dict[str, float]
    record: Any


def train(
    data: str | os.PathLike[str],
    *,
    model: str | None = None,
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    format: str | None = None,
    callbacks: Callbacks = (),
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

    Returns
    -------
    Finished
        The run folder with model, predictions, metrics and report.

    Raises
    ------
    FovealError
        If the data, the model, a setting or the folder cannot be used.
    """
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
        return _train(run, data, dataset, model, resolved, seed, format, callbacks)
    except FovealError:
        # Nothing was learnt: the corrected command shall find the folder as it was.
        run.discard()
        raise


def resume(run: str | os.PathLike[str], *, callbacks: Callbacks = ()) -> Finished:
    """Go on with a run that was broken off.

    A trained model that is there is measured and reported. A network goes on from its checkpoint and ends
    with the same model file, byte for byte, as one that was never broken off. Other trainings, which keep no
    half-trained state, start again with the run's own settings and seed, and so does a comparison of settings
    that was not yet decided.

    Raises
    ------
    FovealError
        If the folder is no run, the run is finished, or its data is gone or has changed.
    """
    folder = RunFolder.open(run)
    if folder.finished:
        raise SettingError(f"The run {folder.path} is finished: there is nothing to go on with.")
    config = folder.read_config()
    data = Path(config["data"]["path"])
    dataset = load(data, format=config["data"].get("asked_format"))
    if dataset.digest != config["data"]["digest"]:
        raise DataError(f"{data} has changed since the run {folder.path} began: start a new run.")
    resolved = resolve(config["model"], _flat(config["settings"]))
    asked = config["data"].get("asked_format")
    known: dict[str, Any] = {key: config[key] for key in ("chosen", "schedule") if key in config}
    return _train(folder, data, dataset, config["model"], resolved, config["seed"], asked, callbacks, known)


def _train(
    run: RunFolder,
    data: Path,
    dataset: Dataset,
    model: str,
    settings: dict[str, Any],
    seed: int,
    format: str | None,
    callbacks: Callbacks,
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
        "settings": _nested(settings),
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
    parts = _parts(usable, model, settings, seed)
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
    estimator = _fitted(run, model, settings, seed, parts, config, callbacks)
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
    finish = _finish_detector if model in DETECTORS else _finish_classifier
    return finish(run, estimator, parts, record, callbacks)


def without_unreadable(dataset: Dataset, findings: list[Finding], callbacks: Callbacks) -> Dataset:
    """The data set without the pictures that the doctor could not read, each of which is noted."""
    broken = {f.file: f.message for f in findings if f.kind == "unreadable-image"}
    names = [relative_name(s.path, dataset.root) for s in dataset]
    # Those whose very header cannot be read are not even in the data set.
    for name, why in broken.items():
        emit(callbacks, "note", text=f"{name} is left out: {why}")
    return dataset.select([i for i, name in enumerate(names) if name not in broken])


def _parts(dataset: Dataset, model: str, settings: Mapping[str, Any], seed: int) -> Parts:
    chooses = model in _CHOOSES_ON_VALIDATION
    parts = partition(
        dataset,
        random_state=seed,
        test_size=settings["test_size"],
        val_size=settings["val_size"],
        validation="auto" if chooses else "none",
    )
    if chooses or not len(parts.validation):
        return parts
    ids = {s.id for s in parts.train} | {s.id for s in parts.validation}
    return Parts(
        dataset.select([i for i, s in enumerate(dataset) if s.id in ids]),
        dataset.select([]),
        parts.test,
        f"{parts.origin} Its val part is trained on: {model} chooses and calibrates on training images that "
        "it holds back by turns.",
    )


def _fitted(
    run: RunFolder,
    model: str,
    settings: dict[str, Any],
    seed: int,
    parts: Parts,
    config: dict[str, Any],
    callbacks: Callbacks,
) -> Any:
    if run.model_file.is_file():
        estimator = load_model(run.model_file)
        run.checkpoint_file.unlink(missing_ok=True)
        return estimator
    validation = _pictures(parts.validation) if len(parts.validation) else None
    if swept_settings(settings):
        settings = _chosen(run, model, settings, seed, parts, config, callbacks)
    estimator = make_model(model, settings, seed)
    with stage(callbacks, "training"):
        if model in DETECTORS:
            estimator.fit(parts.train, validation=parts.validation, callbacks=callbacks)
        elif model in NETWORKS:
            from foveal.nn import Checkpoint

            def remember(event: Event) -> None:
                if event["event"] == "schedule":
                    config["schedule"] = {k: event[k] for k in ("minutes", "epochs", "steps")}
                    run.write_config(config)

            estimator.fit(
                *_pictures(parts.train),
                validation=validation,
                callbacks=(*callbacks, remember),
                checkpoint=Checkpoint(run.checkpoint_file, every_seconds=_CHECKPOINT_EVERY),
            )
        else:
            estimator.fit(*_pictures(parts.train), validation=validation, callbacks=callbacks)
    estimator.save(run.model_file)
    run.checkpoint_file.unlink(missing_ok=True)
    return estimator


def _chosen(
    run: RunFolder,
    model: str,
    settings: dict[str, Any],
    seed: int,
    parts: Parts,
    config: dict[str, Any],
    callbacks: Callbacks,
) -> dict[str, Any]:
    """The settings with one value each, chosen now or before the run was broken off."""
    if "chosen" not in config:
        validation = _pictures(parts.validation) if len(parts.validation) else None
        train = _pictures(parts.train)
        found = choose_settings(model, settings, train, validation, seed, callbacks)
        config["chosen"] = _nested({key: found[key] for key in swept_settings(settings)})
        if found.get("minutes") is not None:
            config["chosen"]["minutes"] = found["minutes"]
        run.write_config(config)
    single = {key: values[0] for key, values in swept_settings(settings).items()}
    return resolve(model, {**settings, **single, **_flat(config["chosen"])})


def _pictures(dataset: Dataset) -> tuple[list[Path], NDArray[np.str_]]:
    labels = [dataset.classes[s.label] for s in dataset if s.label is not None]
    return [s.path for s in dataset], np.array(labels, dtype=np.str_)


def _finish_detector(
    run: RunFolder, estimator: Any, parts: Parts, record: dict[str, Any], callbacks: Callbacks
) -> Finished:
    from foveal.metrics import evaluate, proposal_recall, to_results
    from foveal.report import DetectionRecord, write_detection_report

    test = parts.test
    proposals = None
    if any(s.trainable.any() for s in test):
        # Before the detections, which find them in the cache.
        proposals = estimator.propose([s.path for s in test], callbacks=callbacks)
    detections = cast("list[Detections]", estimator.predict([s.path for s in test], callbacks=callbacks))
    results = to_results(test, detections)
    run.write_results(results)
    with stage(callbacks, "evaluation"):
        metrics = evaluate(test.to_coco(), results)
    quality = None
    if proposals is not None:
        good = [s.trainable for s in test]
        quality = proposal_recall(
            [p.boxes for p in proposals],
            [s.boxes[g] for s, g in zip(test, good, strict=True)],
            labels=[s.labels[g] for s, g in zip(test, good, strict=True)],
        )
        if len(quality.mabo):
            metrics["proposals/MABO"] = round(float(quality.mabo[-1]), 6)
            for threshold, row in zip(quality.thresholds, quality.recall, strict=True):
                metrics[f"proposals/recall{round(100 * threshold)}"] = round(float(row[-1]), 6)
    run.write_metrics(metrics)
    finished = DetectionRecord(
        **record,
        events=run.read_log(),
        metrics=metrics,
        detections=detections,
        results=results,
        proposal_quality=quality,
        score_threshold=estimator.threshold_,
    )
    with stage(callbacks, "report"):
        write_detection_report(run.report_file, finished)
    return Finished(run, metrics, finished)


def _finish_classifier(
    run: RunFolder, estimator: Any, parts: Parts, record: dict[str, Any], callbacks: Callbacks
) -> Finished:
    from foveal.report import ClassificationRecord, write_classification_report

    test = parts.test
    with stage(callbacks, "prediction"):
        probabilities = class_probabilities(estimator, test)
    truth = [0 if s.label is None else s.label for s in test]
    run.write_probabilities(
        [relative_name(s.path, test.root) for s in test],
        test.classes,
        [test.classes[t] for t in truth],
        probabilities,
    )
    with stage(callbacks, "evaluation"):
        metrics = classification_metrics(test, probabilities)
    run.write_metrics(metrics)
    finished = ClassificationRecord(
        **record,
        events=run.read_log(),
        metrics=metrics,
        predictions=probabilities.argmax(axis=1),
        probabilities=probabilities,
    )
    with stage(callbacks, "report"):
        finished = with_explanations(finished, estimator)
        write_classification_report(run.report_file, finished)
    return Finished(run, metrics, finished)


def class_probabilities(estimator: Any, dataset: Dataset) -> NDArray[np.float64]:
    """Probabilities in the order of the data set's classes, shape (N, K); 0 for a class never seen."""
    probabilities = np.zeros((len(dataset), len(dataset.classes)))
    if not len(dataset):
        return probabilities
    known = {name: i for i, name in enumerate(dataset.classes)}
    answered = estimator.predict_proba([s.path for s in dataset])
    for column, name in enumerate(estimator.classes_.tolist()):
        if name in known:
            probabilities[:, known[name]] = answered[:, column]
    return probabilities


def classification_metrics(dataset: Dataset, probabilities: NDArray[np.float64]) -> dict[str, float]:
    """The flat figures of a classifier on labelled pictures."""
    from foveal.metrics import evaluate_classes

    truth = np.array([0 if s.label is None else s.label for s in dataset], np.int64)
    return evaluate_classes(truth, probabilities.argmax(axis=1), probabilities, classes=dataset.classes)


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``features.size`` into a table ``features_settings``, since ``features`` may be a value as well."""
    nested: dict[str, Any] = {}
    for key, value in settings.items():
        # TOML has no word for it, and what is left out would be resumed with its default.
        value = "none" if value is None else value
        table, dot, name = key.partition(".")
        if dot:
            nested.setdefault(f"{table}_settings", {})[name] = value
        else:
            nested[key] = value
    return nested


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            for name, inner in value.items():
                flat[f"{key.removesuffix('_settings')}.{name}"] = inner
        else:
            flat[key] = value
    return flat
