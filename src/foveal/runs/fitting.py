"""The middle of a training: which pictures are learnt from, and the model that learns from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset, Parts, partition
from foveal.events import Callbacks, Event, stage
from foveal.models import DETECTORS, NETWORKS
from foveal.models.loading import load as load_model
from foveal.runs.folder import RunFolder
from foveal.runs.nested_settings import flat, nested
from foveal.runs.settings import make_model, resolve, swept_settings
from foveal.runs.sweeping import choose_settings

# Models that choose on a validation set; the others hold training images back by turns.
_CHOOSES_ON_VALIDATION = frozenset({"logistic"}) | NETWORKS

# Seconds between two checkpoints of a network.
_CHECKPOINT_EVERY = 5.0


def divide(dataset: Dataset, model: str, settings: Mapping[str, Any], seed: int) -> Parts:
    """The parts of a data set for a model, by its settings ``test_size`` and ``val_size``."""
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


def fit_model(
    run: RunFolder,
    model: str,
    settings: dict[str, Any],
    seed: int,
    parts: Parts,
    config: dict[str, Any],
    callbacks: Callbacks,
) -> Any:
    """The trained model of a run: the one that is there, or else a new one, which is saved.

    What was chosen on the way (a schedule, the better of several settings) is written to ``config``.
    """
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
        config["chosen"] = nested({key: found[key] for key in swept_settings(settings)})
        if found.get("minutes") is not None:
            config["chosen"]["minutes"] = found["minutes"]
        run.write_config(config)
    single = {key: values[0] for key, values in swept_settings(settings).items()}
    return resolve(model, {**settings, **single, **flat(config["chosen"])})


def _pictures(dataset: Dataset) -> tuple[list[Path], NDArray[np.str_]]:
    labels = [dataset.classes[s.label] for s in dataset if s.label is not None]
    return [s.path for s in dataset], np.array(labels, dtype=np.str_)
