"""The middle of a training: which pictures are learnt from, and the model that learns from them."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Parts, partition
from foveal.events import Callbacks, Event, stage
from foveal.models import DETECTORS, model_class
from foveal.models.detection.training.validation import cut_off
from foveal.models.loading import load as load_model
from foveal.runs.folder import RunFolder
from foveal.runs.nested_settings import flat, nested
from foveal.runs.settings import make_model, resolve, swept_settings
from foveal.runs.sweeping import choose_settings
from foveal.runs.time_reserve import seconds_after_training

# Seconds between two checkpoints.
_CHECKPOINT_EVERY = 5.0

# A detector that has fewer pictures to learn from needs them all: five or ten of them judge nothing.
_FEWEST_TO_VALIDATE = 40
# More pictures than these judge a detector hardly better, and are missing where it learns.
_MOST_THAT_VALIDATE = 60

# Of a schedule's event, what does not tell one training from another.
_OF_THE_MACHINE = ("event", "seconds_per_step", "text")


def divide(dataset: Dataset, model: str, settings: Mapping[str, Any], seed: int) -> Parts:
    """The parts of a data set for a model, by its settings ``test_size`` and ``val_size``.

    A detector that chooses on a validation part has one cut off only where there are at least 40 pictures to
    learn from, and of at most 60 pictures. Of a part of the data set's own that is larger than that share, so
    many pictures validate and the others are learnt from.
    """
    chooses = model_class(model).validates
    cut: dict[str, Any] = {
        "random_state": seed,
        "test_size": settings["test_size"],
        "val_size": settings["val_size"],
    }
    if chooses and model not in DETECTORS:
        return partition(dataset, **cut)
    parts = partition(dataset, **cut, validation="none")
    if chooses and not len(parts.validation) and len(parts.train) >= _FEWEST_TO_VALIDATE:
        cut["val_size"] = min(cut["val_size"], _MOST_THAT_VALIDATE / len(parts.train))
        return partition(dataset, **cut)
    if chooses and len(parts.validation):
        return _with_less_validation(dataset, parts, cut["val_size"], seed)
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


def _with_less_validation(dataset: Dataset, parts: Parts, share: float, seed: int) -> Parts:
    known, own = len(parts.train) + len(parts.validation), len(parts.validation)
    number = min(_MOST_THAT_VALIDATE, round(share * known))
    if known < _FEWEST_TO_VALIDATE or own <= number:
        return parts
    learnt, held = ({sample.id for sample in some} for some in cut_off(parts.validation, number / own, seed))
    learnt |= {sample.id for sample in parts.train}
    return Parts(
        dataset.select([i for i, s in enumerate(dataset) if s.id in learnt]),
        dataset.select([i for i, s in enumerate(dataset) if s.id in held]),
        parts.test,
        f"{parts.origin} Of its {own} val images {len(held)}, drawn with seed {seed}, validate; the others "
        "are learnt from.",
    )


def fit_model(
    run: RunFolder,
    model: str,
    settings: dict[str, Any],
    seed: int,
    parts: Parts,
    config: dict[str, Any],
    callbacks: Callbacks,
    began: float,
) -> Any:
    """The trained model of a run: the one that is there, or else a new one, which is saved.

    What was chosen on the way (a schedule, the better of several settings) is written to ``config``.

    Parameters
    ----------
    run : RunFolder
    model : str
    settings : dict
        Resolved.
    seed : int
    parts : Parts
    config : dict
        What ``config.toml`` says.
    callbacks : sequence of callables
    began : float
        When the run began, on the clock of :func:`time.perf_counter`: ``minutes`` may count from then.
    """
    if run.model_file.is_file():
        estimator = load_model(run.model_file)
        run.checkpoint_file.unlink(missing_ok=True)
        return estimator
    if swept_settings(settings):
        settings = _chosen(run, model, settings, seed, parts, config, callbacks)
    estimator = make_model(model, settings, seed)

    def remember(event: Event) -> None:
        if event["event"] == "schedule":
            config["schedule"] = {k: v for k, v in event.items() if k not in _OF_THE_MACHINE}
            run.write_config(config)

    learnt: tuple[Any, ...]
    options: dict[str, Any] = {"callbacks": (*callbacks, remember)}
    if model in DETECTORS:
        learnt = (parts.train,)
        # An empty one says that there shall be none.
        options["validation"] = parts.validation
    else:
        learnt = _pictures(parts.train)
        options["validation"] = _pictures(parts.validation) if len(parts.validation) else None
    if estimator.resumable:
        from foveal.nn import Checkpoint

        options["checkpoint"] = Checkpoint(run.checkpoint_file, every_seconds=_CHECKPOINT_EVERY)
    if estimator.times_the_run:
        options["images_after"] = len(parts.test)
    with stage(callbacks, "training"):
        if estimator.times_the_run:
            options["spent"] = time.perf_counter() - began + seconds_after_training(parts, estimator)
        estimator.fit(*learnt, **options)
    resolved = getattr(estimator, "resolved_", {})
    if resolved:
        config["resolved"] = nested(resolved)
        run.write_config(config)
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
        config["chosen"] = nested({key: found[key] for key in swept_settings(settings)})
        if found.get("minutes") is not None:
            config["chosen"]["minutes"] = found["minutes"]
        run.write_config(config)
    single = {key: values[0] for key, values in swept_settings(settings).items()}
    return resolve(model, {**settings, **single, **flat(config["chosen"])})


def _pictures(dataset: Dataset) -> tuple[list[Path], NDArray[np.str_]]:
    labels = [dataset.classes[s.label] for s in dataset if s.label is not None]
    return [s.path for s in dataset], np.array(labels, dtype=np.str_)
