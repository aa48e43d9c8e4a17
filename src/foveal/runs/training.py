"""Training: from a data set to a run folder.

What :func:`train` does, in order: it reads the data set, resolves the settings and makes the folder; then
:meth:`TrainingRun.finish` checks the data, splits it, fits the model, saves it, measures it on the held-out
images and writes the report. :func:`retrain` calls it with what a ``config.toml`` says; :func:`resume` goes
on with a run that was broken off, whose folder tells which of these stages are behind it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from foveal.compiling import begin, clock
from foveal.data import Dataset, Finding, Parts, doctor, load
from foveal.data.dataset import relative_name
from foveal.errors import DataError, FovealError, ModelFileError, SettingError
from foveal.events import Callbacks, Event, emit, stage
from foveal.files import claimed, free_folder, gone_on_with, readable, write_text
from foveal.files.names import file_named
from foveal.models import model_class
from foveal.models.contracts import Model, is_choosing, is_timed
from foveal.models.loading import load as load_model
from foveal.report.html.page import write_report
from foveal.runs.alarms import with_alarms
from foveal.runs.curves import curves_of, curves_text
from foveal.runs.default_models import DEFAULT_MODELS, default_model
from foveal.runs.equal_epochs import Labelled
from foveal.runs.explanations import explained
from foveal.runs.folder import RunFolder, flat, nested, read_config, run_data
from foveal.runs.grid_search import choose_settings
from foveal.runs.measuring import (
    Finished,
    chapter_of,
    compile_beside_training,
    measure,
    seconds_after_training,
)
from foveal.runs.old_data import figures_after, figures_before
from foveal.runs.origin import Origin, short_digests
from foveal.runs.settings import make_model, resolve, swept_settings
from foveal.runs.splitting import split_dataset
from foveal.version import __version__
from foveal.wording import count

# Seconds between two checkpoints.
_CHECKPOINT_EVERY = 5.0
# Of a schedule's event, what does not tell one training from another.
_OF_THE_MACHINE = ("event", "seconds_per_step", "text")


@dataclass
class TrainingRun:
    """One training: what it was given, what it has decided, and its stages in order.

    Attributes
    ----------
    folder : RunFolder
    dataset : Dataset
        As it was loaded.
    settings : dict of str
        Resolved.
    config : dict of str
        What ``config.toml`` says so far: what was given, and what was decided on the way, now or before the
        run was broken off: the ``split``, the best of several settings (``chosen``), a ``schedule``, and
        parameters that were left to the model (``resolved``).
    began : float
        When it began, on :func:`foveal.compiling.clock`: ``minutes`` may count from then.
    callbacks : sequence of callables
    origin : Origin, optional
        The run whose model it goes on from.
    """

    folder: RunFolder
    dataset: Dataset
    settings: dict[str, Any]
    config: dict[str, Any]
    began: float
    callbacks: Callbacks
    origin: Origin | None = None

    def finish(self) -> Finished:
        """Go through all stages: check the data, split it, fit, save, measure, report."""
        self.folder.rewind_log(decided="chosen" in self.config)
        self.callbacks = (*self.callbacks, self.folder.log)
        begin(model_class(self.config["model"]).warm_ups)
        # Before anything that takes long, so that a run can be resumed wherever it was broken off.
        self._keep(version=__version__, settings=nested(self.settings))
        if "model_chosen" in self.config:
            emit(self.callbacks, "note", text=self.config["model_chosen"])
        findings = self.check()
        if self.origin is not None:
            self.dataset = self.origin.with_its_classes(self.dataset)
        parts = self.split(without_unreadable(self.dataset, findings, self.callbacks))
        old, before = self.measure_before(parts)
        model, asked = self.fit(parts, old), self.config["model"]
        facts = {
            "title": readable(self.dataset.root.resolve().name),
            "model": model.name if model.name == asked else f"{asked}: {model.name}",
            "version": __version__,
            "config": self.config,
            "findings": findings,
            "data": self.dataset,
            "parts": parts,
            "test": parts.test,
        }
        record = measure(model, self.folder, facts, self.callbacks)
        if self.origin is not None:
            metrics = {**record.metrics, **before, **figures_after(model, old, self.callbacks)}
            record = replace(record, metrics=metrics, events=self.folder.read_log())
            self.folder.write_metrics(metrics)
        with stage(self.callbacks, "report"):
            record = explained(with_alarms(record, self.callbacks), model)
            if rows := curves_of(record.events):
                write_text(self.folder.curves_file, curves_text(rows))
            write_report(self.folder.report_file, record.title, "", [chapter_of(record)])
        return Finished(self.folder, dict(record.metrics), record)

    def _keep(self, **decided: Any) -> None:
        """Write ``config.toml``, with what has just been decided."""
        self.config = {**self.config, **decided}
        self.folder.write_config(self.config)

    def check(self) -> list[Finding]:
        """What the doctor says of the data."""
        findings = doctor(self.dataset, callbacks=self.callbacks)
        matter = sum(f.severity != "note" for f in findings)
        if matter:
            found, them = count(matter, "finding"), "it" if matter == 1 else "them"
            command = shlex.join(["foveal", "doctor", str(self.dataset.path)])
            text = f"{found} about the data: {command} lists {them}."
            emit(self.callbacks, "note", text=text)
        return findings

    def split(self, usable: Dataset) -> Parts:
        """The images to learn from, to validate on and to measure on."""
        parts = split_dataset(usable, self.config["model"], self.settings, self.config["seed"])
        known = {s.id: d for s, d in zip(self.dataset, short_digests(self.dataset), strict=True)}
        if self.origin is not None:
            parts = self.origin.keep_parts(parts, known)
        ids = {k: [s.id for s in getattr(parts, k)] for k in ("train", "validation", "test")}
        digests = {k: [known[i] for i in some] for k, some in ids.items()}
        self._keep(split={"origin": parts.origin, **ids, "digests": digests})
        if not len(parts.train):
            raise DataError(f"{self.dataset.path} has no images to train on.")
        one_class = usable.task == "classification" and len({s.label for s in parts.train}) < 2
        if one_class and self.origin is None:
            raise DataError(
                f"The training images of {self.dataset.path} are all of one class: a classifier needs images "
                "of at least two."
            )
        return parts

    def measure_before(self, parts: Parts) -> tuple[Dataset | None, dict[str, float]]:
        """The images that the run held out that this one goes on from, and its model's figures."""
        if self.origin is None:
            return None, {}
        old, which = self.origin.held_out(self.dataset)
        emit(self.callbacks, "note", text=which)
        self._keep(**{"from": {**self.config["from"], "old_data": which}})
        return old, figures_before(self.origin.model, parts.test, old, self.callbacks)

    def fit(self, parts: Parts, old: Dataset | None = None) -> Model:
        """The trained model, saved: the one that is there, or else a new one.

        After it the held-out images are looked at, and ``old`` ones.
        """
        folder, callbacks = self.folder, (*self.callbacks, self._keep_schedule)
        if folder.model_file.is_file():
            folder.checkpoint_file.unlink(missing_ok=True)
            return load_model(folder.model_file)  # type: ignore[no-any-return]
        settings = self._with_one_value(parts) if swept_settings(self.settings) else self.settings
        model = make_model(self.config["model"], settings, self.config["seed"])
        options: dict[str, Any] = {}
        if model.resumable:
            from foveal.nn import Checkpoint

            options["checkpoint"] = Checkpoint(folder.checkpoint_file, every_seconds=_CHECKPOINT_EVERY)
        if self.origin is not None:
            options["initial"] = self.origin.model
        compile_beside_training(model)
        with stage(self.callbacks, "training"):
            if is_timed(model):
                after = seconds_after_training(model, len(parts.test))
                options["images_after"] = len(parts.test) + (0 if old is None else len(old))
                options["spent"] = clock() - self.began + after
            if model.task == "detection":
                # An empty validation part says that there shall be none.
                model.fit(parts.train, validation=parts.validation, callbacks=callbacks, **options)
            else:
                validation = _labelled(parts.validation) if len(parts.validation) else None
                model.fit(*_labelled(parts.train), validation=validation, callbacks=callbacks, **options)
        if model.resolved_:
            self._keep(resolved=nested(model.resolved_))
        if is_choosing(model):
            model = model.best_
        model.save(folder.model_file)
        folder.checkpoint_file.unlink(missing_ok=True)
        return model

    def _keep_schedule(self, event: Event) -> None:
        if event["event"] == "schedule":
            self._keep(schedule={k: v for k, v in event.items() if k not in _OF_THE_MACHINE})

    def _with_one_value(self, parts: Parts) -> dict[str, Any]:
        """The settings, of several values the best, chosen now or before the run was broken off."""
        model, swept = self.config["model"], swept_settings(self.settings)
        if "chosen" not in self.config:
            train, validation = _labelled(parts.train), _labelled(parts.validation)
            found = choose_settings(
                model, self.settings, train, validation, self.config["seed"], self.callbacks
            )
            chosen = {key: value for key, value in found.items() if value != self.settings[key]}
            if model_class(model).times_the_run:
                # Of the minutes, what is spent is counted by the model itself.
                chosen.pop("minutes", None)
            self._keep(chosen=nested(chosen))
        single = {key: values[0] for key, values in swept.items()}
        return resolve(model, {**self.settings, **single, **flat(self.config["chosen"])})


def _labelled(dataset: Dataset) -> Labelled:
    """The files of images and their labels."""
    labels = [dataset.classes[s.label] for s in dataset if s.label is not None]
    return [s.path for s in dataset], np.array(labels, dtype=np.str_)


def without_unreadable(dataset: Dataset, findings: list[Finding], callbacks: Callbacks) -> Dataset:
    """The data set without the images that the doctor could not read, each of which is noted."""
    broken = {f.file: f.message for f in findings if f.kind == "unreadable-image"}
    names = [relative_name(s.path, dataset.root) for s in dataset]
    # Those whose very header cannot be read are not even in the data set.
    for name, why in broken.items():
        emit(callbacks, "note", text=f"{name} is left out: {why}")
    return dataset.select([i for i, name in enumerate(names) if name not in broken])


def train(
    data: Dataset | str | os.PathLike[str],
    *,
    model: str | None = None,
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    format: str | None = None,
    from_run: str | os.PathLike[str] | None = None,
    callbacks: Callbacks = (),
    spent: float = 0.0,
) -> Finished:
    """Train a model on a data set, measure it on held-out images and report.

    Parameters
    ----------
    data : Dataset or path-like
        Anything that :func:`foveal.data.load` reads, or what it gave.
    model : str, optional
        A name of :data:`foveal.models.MODELS`; by default ``faster-rcnn`` for boxed data, or ``fast-rcnn``
        where ``minutes`` are too few for it, and ``auto`` for a folder a class.
    out : path-like, optional
        The run folder; by default the first free ``runs/<data>-<model>``.
    settings : mapping, optional
        Parameters of the model and of the split; see :func:`foveal.runs.parse_settings`.
    seed : int, default=0
    format : str, optional
        See :func:`foveal.data.load`; the run remembers it.
    from_run : path-like, optional
        A finished run to go on from: training begins with the weights of its model, with its settings but for
        those that are given. Its classes come first, in their order, then those that only the data has.
        Images that it knew, by their content, stay in its parts. What both models are worth on the images
        that it held out, and on the new ones, stands beside each other in the metrics (``old_data/AP50``,
        ``old_data/before/AP50``, ``before/AP50``) and in the report.
    callbacks : sequence of callables
        Told of everything that is done; see :mod:`foveal.events`.
    spent : float, default=0.0
        Seconds that had gone by before this call. Models that take ``minutes`` count them, and all that
        this function does.

    Returns
    -------
    Finished
        The run folder with model, predictions, metrics and report.

    Raises
    ------
    FovealError
        If the data, the model, a setting or the folder cannot be used, or the training of the run's model
        cannot be gone on with (``svm``, ``rcnn``).
    """
    began = clock() - spent
    origin = None if from_run is None else _origin(from_run)
    dataset = data if isinstance(data, Dataset) else load(data, format=format)
    return _train(
        dataset,
        origin,
        model=model,
        out=out,
        settings=settings or {},
        seed=seed,
        format=format,
        callbacks=callbacks,
        began=began,
    )


def _origin(run: str | os.PathLike[str], digest: str = "") -> Origin:
    """A run to go on from, with a model of this digest."""
    path = Path(run)
    return Origin.open(path, _known(RunFolder.open(path if path.is_dir() else path.parent).path), digest)


def _train(
    dataset: Dataset,
    origin: Origin | None,
    *,
    model: str | None,
    out: str | os.PathLike[str] | None,
    settings: Mapping[str, Any],
    seed: int,
    format: str | None,
    callbacks: Callbacks,
    began: float,
) -> Finished:
    why = ""
    if origin is not None:
        if model not in (None, origin.model.name, origin.config["model"]):
            raise SettingError(
                f"The model of {origin.path} is {origin.model.name}, and goes on as such: leave out {model}."
            )
        model, settings = origin.model.name, origin.settings(settings)
    elif model is None:
        model, why = default_model(dataset, settings, seed, began=began)
    resolved = resolve(model, settings)
    task, name = model_class(model).task, dataset.root.resolve().name
    if task != dataset.task and origin is not None:
        raise SettingError(f"{origin.path} is for {task}, and {dataset.path} holds data for {dataset.task}.")
    if origin is not None:
        origin.with_its_classes(dataset)  # what is wrong with them is told before anything is written
    if task != dataset.task:
        raise SettingError(
            f"{model} needs {'boxed pictures' if task == 'detection' else 'one folder of pictures a class'}; "
            f"{dataset.path} holds data for {dataset.task}: use --model {DEFAULT_MODELS[dataset.task]}."
        )
    config = {
        "version": __version__,
        "model": model,
        "task": task,
        "seed": seed,
        **({"model_chosen": why} if why else {}),
        **({} if origin is None else {"from": origin.as_config()}),
        "settings": nested(resolved),
        "data": {
            "path": str(dataset.path.resolve()),
            "asked_format": format,
            "format": dataset.format,
            "digest": dataset.digest,
            "images": len(dataset),
            "classes": list(dataset.classes),
        },
    }
    path = free_folder(Path("runs") / f"{name}-{model}") if out is None else out
    resuming = f"{_resuming(path)} goes on with it"
    of = {"data": dataset.digest, **({} if origin is None else {"from": origin.digest})}
    with claimed(path, "train", of, goes_on_by=resuming) as claim:
        folder = RunFolder(claim)
        try:
            return _finished(TrainingRun(folder, dataset, resolved, config, began, callbacks, origin))
        except FovealError:
            # Nothing was learnt: the corrected command shall find the folder as it was.
            folder.discard()
            raise


def _resuming(path: str | os.PathLike[str]) -> str:
    return shlex.join(["foveal", "train", "--resume", os.fspath(path)])


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
        If the file is no run's ``config.toml``, or names a setting as it was called before Foveal 0.2 (the
        sentence says what it is called now), or as for :func:`train`.
    """
    began = clock() - spent
    known = _known(config)
    same = known["settings"] | flat(known.get("chosen", {}))
    given = dict(settings or {})
    if not given.keys() & {"minutes", "candidates"} and "minutes" in same:
        settled = {**known.get("schedule", {}), **flat(known.get("resolved", {}))}
        if settled:
            same |= {key: value for key, value in settled.items() if key in same} | {"minutes": None}
    dataset = run_data(known) if data is None else load(data)
    if data is None and dataset.digest != known["data"]["digest"]:
        emit(callbacks, "note", text=f"{dataset.path} has changed since: the model will be another.")
    return _train(
        dataset,
        _known_origin(known),
        model=known["model"],
        out=out,
        settings=same | given,
        seed=known["seed"],
        format=known["data"].get("asked_format") if data is None else None,
        callbacks=callbacks,
        began=began,
    )


def _known_origin(config: Mapping[str, Any]) -> Origin | None:
    """The run that a run went on from, by its ``config.toml``.

    Raises
    ------
    ModelFileError
        If its model is gone, or is another by now.
    """
    if "from" not in config:
        return None
    said = config["from"]
    try:
        return _origin(file_named(said["run"]), said["digest"])
    except ModelFileError as error:
        raise ModelFileError(
            f"This run goes on from {said['run']}, which is needed still: {error}"
        ) from error


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
    return go_on(run, callbacks=callbacks, spent=spent)


def go_on(
    run: str | os.PathLike[str], *, callbacks: Callbacks = (), spent: float = 0.0, finished: bool = False
) -> Finished:
    """What :func:`resume` does; where ``finished``, also with a run that is: it is measured again."""
    began = clock() - spent
    folder = RunFolder.open(run)
    if folder.finished and not finished:
        raise SettingError(f"The run {folder.path} is finished: there is nothing to go on with.")
    config = _known(folder.config_file)
    dataset = run_data(config)
    if dataset.digest != config["data"]["digest"]:
        raise DataError(f"{dataset.path} has changed since the run {folder.path} began: start a new run.")
    settings, origin = resolve(config["model"], config["settings"]), _known_origin(config)
    with gone_on_with(folder.path):
        return _finished(TrainingRun(folder, dataset, settings, config, began, callbacks, origin))


def _finished(run: TrainingRun) -> Finished:
    """The run, gone through; whoever listens is told before where it is."""
    emit(run.callbacks, "run", path=str(run.folder.path), resume=_resuming(run.folder.path))
    return run.finish()


def _known(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a ``config.toml`` says of its run, with all that training needs; ``settings`` are flat."""
    config = read_config(path)
    try:
        settings = flat(config["settings"])
        _ = config["seed"], config["data"]["digest"], config["data"]["path"]
        if config["model"] == "rcnn":
            # Runs of the time when there was but one kind do not name it.
            settings.setdefault("features", "hog-color")
        resolve(config["model"], settings)
    except KeyError as error:
        raise ModelFileError(f"{path} is not the config.toml of a run: it lacks {error}.") from error
    except SettingError as error:
        raise SettingError(f"{path} cannot be used: {error}") from error
    return {**config, "settings": settings}
