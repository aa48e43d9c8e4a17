"""Comparing several values of a classifier's parameters before it is trained."""

import math
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from foveal.errors import SettingError
from foveal.events import Callbacks, emit, stage
from foveal.models.contracts import ClassifierModel
from foveal.runs.equal_epochs import COMPARING, Labelled, equal_epochs
from foveal.runs.settings import make_model, swept_settings
from foveal.wording import count

# The folds of a comparison where there is no validation part.
_FOLDS = 3
# What is left of the minutes for the training that follows, at the least, however long the comparison took.
_LEAST_LEFT = 0.1


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
    part, or by cross-validation in three folds where there is none. Of equally accurate candidates the one
    with the lowest validation loss (cross-entropy) is chosen, which tells how sure the right answers are and
    the wrong ones; of equal ones the first, in the order in which the values were given, where the first
    parameter by name varies slowest.

    Parameters
    ----------
    model : str
    settings : mapping
        Resolved; a list is several values to compare. ``minutes``, where they are given, are those of the
        whole. Half of them are for the comparison: the speed of a step is measured, and each candidate is
        trained for as many epochs as all can have in that time; from then on the clock has no say. What is
        left is for the training that follows.
    train, validation : (paths, labels)
        The latter may be empty.
    seed : int
    callbacks : sequence of callables
        Told of ``sweep`` (the loss of each epoch) and, at the end, of ``candidate``; the chosen one says by
        what it was chosen.

    Returns
    -------
    dict
        The settings with one value each; ``minutes`` are those that are left.

    Raises
    ------
    SettingError
        If no candidate can be trained.
    """
    from sklearn.exceptions import FitFailedWarning
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    began = perf_counter()
    grid = swept_settings(settings)
    fixed = {key: value for key, value in settings.items() if key not in grid}
    images, labels = [*train[0], *validation[0]], [*train[1], *validation[1]]
    folds: Any = _FOLDS
    if validation[0]:
        folds = PredefinedSplit([-1] * len(train[0]) + [0] * len(validation[0]))
    first = fixed | {key: values[0] for key, values in grid.items()}
    trainings = math.prod(map(len, grid.values())) * (1 if validation[0] else _FOLDS)
    minutes, length = fixed.get("minutes"), ""
    if minutes is not None:
        with stage(callbacks, "measuring the speed"):
            passes = 1.0 if validation[0] else _FOLDS - 1.0
            epochs, settled = equal_epochs(model, fixed, grid, train, passes, seed)
        fixed |= settled
        first |= settled
        if epochs is None:
            first["minutes"] = minutes * COMPARING / trainings
        else:
            first |= {"epochs": epochs, "minutes": None}
            length = f"Each was trained for {epochs:.3g} {'epoch' if epochs == 1 else 'epochs'}. "
    done = 0
    losses: dict[str, list[float]] = defaultdict(list)

    with stage(callbacks, "comparing settings", trainings) as progress:

        def measured(estimator: ClassifierModel, X: list[Path], y: list[str]) -> float:
            nonlocal done
            done += 1
            setting = {name: estimator.get_params()[name] for name in grid}
            for epoch, loss in enumerate(estimator.history_.get("loss", ()), start=1):
                emit(
                    callbacks,
                    "sweep",
                    parameter=", ".join(grid),
                    value=_said(list(setting.values())),
                    iteration=epoch,
                    unit="epoch",
                    loss=float(loss),
                )
            progress(done)
            losses[repr(setting)].append(_cross_entropy(estimator, X, y))
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
    tried = search.cv_results_["params"]
    scores = [float(s) if np.isfinite(s) else None for s in search.cv_results_["mean_test_score"]]
    means = [float(np.mean(losses[repr(setting)])) if losses[repr(setting)] else np.nan for setting in tried]
    best, why = choose(scores, means, [_named(setting) for setting in tried], len(validation[0] or train[0]))
    for i, (setting, score) in enumerate(zip(tried, scores, strict=True)):
        told = {"text": length + why} if i == best else {}
        loss = round(means[i], 6) if np.isfinite(means[i]) else None
        emit(callbacks, "candidate", setting=setting, score=score, loss=loss, chosen=i == best, **told)
    emit(callbacks, "note", text=length + why)
    if minutes is not None:
        fixed["minutes"] = max(minutes - (perf_counter() - began) / 60, _LEAST_LEFT * minutes)
    return {**fixed, **tried[best]}


def choose(
    scores: Sequence[float | None], losses: Sequence[float], names: Sequence[str], images: int
) -> tuple[int, str]:
    """The best candidate, and by what it was chosen.

    Parameters
    ----------
    scores : sequence of float or None
        Accuracies; None of those that could not be trained. One at least is a number.
    losses : sequence of float
        Cross-entropies; NaN where they are not known.
    names : sequence of str
        Of the candidates, for the sentence.
    images : int
        What the accuracies were measured on.

    Returns
    -------
    best : int
        The most accurate; of equal ones that of the lowest loss, of equal ones the first.
    why : str
        One or two sentences.

    Examples
    --------
    >>> choose([0.5, 0.9, 0.9], [1.0, 0.4, 0.3], ["a", "b", "c"], 10)[1]
    'b and c classify equally many of 10 images correctly (0.900): c was chosen for its lower loss on them.'
    >>> choose([0.5, 0.9], [1.0, 0.4], ["a", "b"], 1000)
    (1, 'b was chosen for its accuracy, 0.900.')
    """
    known = [i for i, score in enumerate(scores) if score is not None]
    top = max(scores[i] or 0.0 for i in known)
    # Of several folds the mean may differ in its last bit.
    equal = [i for i in known if top - (scores[i] or 0.0) < 1e-9]
    lowest = min((losses[i] for i in equal if np.isfinite(losses[i])), default=np.nan)
    best = next((i for i in equal if losses[i] == lowest), equal[0])
    error = math.sqrt(2 * top * (1 - top) / max(1, images))
    near = [names[i] for i in known if i not in equal and top - (scores[i] or 0.0) < error]
    if len(equal) == 1:
        why = f"{names[best]} was chosen for its accuracy, {top:.3f}."
    else:
        by = (
            "for its lower loss on them"
            if any(losses[i] > lowest for i in equal)
            else "as the first that was given"
        )
        alike = _in_a_row([names[i] for i in equal])
        correctly = f"classify equally many of {count(images, 'image')} correctly ({top:.3f})"
        why = f"{alike} {correctly}: {names[best]} was chosen {by}."
    if near:
        why += (
            f" From {_in_a_row(near)} it cannot be told apart: {count(images, 'image tells', 'images tell')} "
            f"accuracies to within {error:.3f}."
        )
    return best, why


def _cross_entropy(estimator: ClassifierModel, X: list[Path], y: list[str]) -> float:
    """Of the true classes; that of a class that was not learned from is that of the least probability."""
    probabilities = np.asarray(estimator.predict_proba(X), np.float64)
    places = {name: i for i, name in enumerate(estimator.classes_.tolist())}
    true = [row[places[name]] if name in places else 0.0 for row, name in zip(probabilities, y, strict=True)]
    return float(-np.log(np.clip(true, 1e-15, 1.0)).mean())


def _named(setting: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_said([value])}" for key, value in setting.items())


def _in_a_row(names: Sequence[str]) -> str:
    """Names with commas between them, which may hold commas themselves."""
    return " and ".join(names) if len(names) < 3 else f"{'; '.join(names[:-1])} and {names[-1]}"


def _said(values: list[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else "no reason was given."
    return last.partition("Error: ")[2] or last.partition("Diverged: ")[2] or last
