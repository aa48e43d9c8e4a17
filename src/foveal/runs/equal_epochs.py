"""How long several candidates can be trained, all equally long, in the minutes that there are."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import FovealError
from foveal.events import Event
from foveal.runs.settings import make_model

#: The files of images, and their labels, (N,).
Labelled = tuple[Sequence[Path], NDArray[np.str_]]

#: Of the minutes, the share that a comparison has.
COMPARING = 0.5
# Of that, the share that is planned for: each candidate reads its images first, and machines are not equally
# fast all the time.
_PLANNED = 0.8
# From so many epochs on, a last one that is only begun is not worth it.
_WHOLE_FROM = 5
# Parameters that change nothing of what a step costs.
_COSTLESS = frozenset({"learning_rate", "momentum", "weight_decay", "label_smoothing", "dropout"})


class _MeasuredError(Exception):
    """The speed of a training is known, and no more is wanted of it."""


def equal_epochs(
    model: str,
    fixed: Mapping[str, Any],
    grid: Mapping[str, Sequence[Any]],
    train: Labelled,
    passes: float,
    seed: int,
) -> tuple[float | None, dict[str, Any]]:
    """How many epochs every candidate can have in the time of a comparison, and what the minutes settle.

    The speed is the training engine's own measurement, made once for all candidates that cost the same.

    Parameters
    ----------
    model : str
    fixed : mapping
        The settings that are not compared, ``minutes`` among them.
    grid : mapping of str to sequence
        Those that are.
    train : (paths, labels)
    passes : float
        How often a candidate sees all these images in one epoch of all its trainings: once, or of three folds
        of two thirds each, twice.
    seed : int

    Returns
    -------
    epochs : float or None
        None where the model does not count epochs, or they are compared themselves.
    settled : dict
        Settings that were left to the model and depend on the minutes, such as the width of a network: so
        that what is compared is what is trained in the end.
    """
    if "epochs" not in fixed:
        return None, {}
    began, minutes = perf_counter(), float(fixed["minutes"])
    seconds: dict[str, float] = {}
    settled: dict[str, Any] = {}
    total = 0.0
    for setting in _combinations(grid):
        costly = repr({k: v for k, v in setting.items() if k not in _COSTLESS})
        if costly not in seconds:
            seconds[costly], settled = _seconds_an_epoch(make_model(model, {**fixed, **setting}, seed), train)
        total += seconds[costly]
    if not total:
        return None, {}
    # What is compared is not settled by the minutes.
    settled = {key: value for key, value in settled.items() if fixed.get(key, 0) is None}
    left = COMPARING * 60 * minutes - (perf_counter() - began)
    epochs = max(0.01, _PLANNED * left / (passes * total))
    most = fixed["epochs"]
    epochs = min(epochs, float(most) if isinstance(most, (int, float)) else epochs)
    return (float(int(epochs)) if epochs >= _WHOLE_FROM else round(epochs, 2)), settled


def _seconds_an_epoch(estimator: Any, train: Labelled) -> tuple[float, dict[str, Any]]:
    """How long an epoch takes, and what the minutes settle of the network; 0 where that is not found out."""

    def stop(event: Event) -> None:
        if event["event"] == "schedule":
            raise _MeasuredError(event["seconds_per_step"] * event["steps"] / event["epochs"])

    try:
        estimator.fit(*train, callbacks=[stop])
    except _MeasuredError as found:
        return float(found.args[0]), getattr(estimator, "_resolved_layout", dict)()
    except (FovealError, ValueError):
        # The comparison will tell of it.
        pass
    return 0.0, {}


def _combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
