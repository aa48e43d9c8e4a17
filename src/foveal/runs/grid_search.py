"""Comparing several values of a classifier's parameters before it is trained."""

import math
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.models.contracts import ClassifierModel
from foveal.runs.settings import make_model, swept_settings

#: The files of images, and their labels, (N,).
Labelled = tuple[Sequence[Path], NDArray[np.str_]]

# The folds of a comparison where there is no validation part.
_FOLDS = 3


def choose_settings(
    model: str,
    settings: Mapping[str, Any],
    train: Labelled,
    validation: Labelled,
    seed: int,
    callbacks: Callbacks = (),
) -> dict[str, Any]:
    """Try every combination of the values that were given and keep the best.

    The candidates go through scikit-learn's :class:`sklearn.model_selection.GridSearchCV`, one after the
    other, since each uses all cores by itself: trained on the training part and measured on the validation
    part, or by cross-validation in three folds where there is none. Of equally accurate candidates the first
    is chosen, in the order in which the values were given; the first parameter by name varies slowest.

    Parameters
    ----------
    model : str
    settings : mapping
        Resolved; a list is several values to compare. ``minutes``, where they are given, are those of the
        whole: half of them are shared among the candidates, the other half is for the training that follows.
    train, validation : (paths, labels)
        The latter may be empty.
    seed : int
    callbacks : sequence of callables
        Told of ``sweep`` (the loss of each epoch) and, at the end, of ``candidate``.

    Returns
    -------
    dict
        The settings with one value each.

    Raises
    ------
    SettingError
        If no candidate can be trained.
    """
    from sklearn.exceptions import FitFailedWarning
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    grid = swept_settings(settings)
    fixed = {key: value for key, value in settings.items() if key not in grid}
    images, labels = [*train[0], *validation[0]], [*train[1], *validation[1]]
    folds: Any = _FOLDS
    if validation[0]:
        folds = PredefinedSplit([-1] * len(train[0]) + [0] * len(validation[0]))
    trainings = math.prod(map(len, grid.values())) * (1 if validation[0] else _FOLDS)
    first = fixed | {key: values[0] for key, values in grid.items()}
    if fixed.get("minutes") is not None:
        fixed["minutes"] = fixed["minutes"] / 2
        first["minutes"] = fixed["minutes"] / trainings
    done = 0

    with stage(callbacks, "comparing settings", trainings) as progress:

        def measured(estimator: ClassifierModel, X: list[Path], y: list[str]) -> float:
            nonlocal done
            done += 1
            value = _said([estimator.get_params()[name] for name in grid])
            for iteration, loss in enumerate(estimator.history_.get("loss", ())):
                emit(
                    callbacks,
                    "sweep",
                    parameter=", ".join(grid),
                    value=value,
                    iteration=iteration,
                    loss=float(loss),
                )
            progress(done)
            return float(estimator.score(X, y))

        search = GridSearchCV(
            make_model(model, first, seed),
            grid,
            scoring=measured,
            cv=folds,
            refit=False,
            error_score=np.nan,
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FitFailedWarning)
            try:
                search.fit(images, labels)
            except ValueError as error:
                raise SettingError(
                    f"No value of {' and '.join(grid)} could be trained: {_last_line(str(error))}"
                ) from error
    for warning in caught:
        if issubclass(warning.category, FitFailedWarning):
            emit(
                callbacks,
                "note",
                text=f"A setting could not be trained: {_last_line(str(warning.message))}",
            )
    scores = search.cv_results_["mean_test_score"]
    best = int(np.nanargmax(scores))
    for i, (setting, score) in enumerate(zip(search.cv_results_["params"], scores, strict=True)):
        score = float(score) if np.isfinite(score) else None
        emit(callbacks, "candidate", setting=setting, score=score, chosen=i == best)
    return {**fixed, **search.cv_results_["params"][best]}


def _said(values: list[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason was given."
    return last.partition("Error: ")[2] or last.partition("Diverged: ")[2] or last
