"""The penalty of a logistic regression on rows of features, chosen on rows that did not train."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn, parallel
from foveal.events import Callbacks
from foveal.models.classifiers.image_classifier import tell_candidates
from foveal.models.classifiers.run_clock import RunClock
from foveal.models.classifiers.scaling import feature_scaling, standardized

# More steps of the optimiser than any of these problems has needed.
_ITERATIONS = 5000
_NEAR = {"maxiter": _ITERATIONS, "maxfun": _ITERATIONS, "gtol": 1e-6}
# By what a penalty is chosen.
_BY = "the least loss on held-out images"
# How long the next penalty, and what follows, may take beside the last.
_NEXT = 4.0

#: Coefficients, (K, D), and intercepts, (K,).
Linear = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class ChosenPenalty:
    """A penalty, and what it was chosen by.

    Attributes
    ----------
    C : float
    probabilities : ndarray of shape (N, K), float64
        With it, for held-out rows by classifiers that did not see them; NaN for the others, and where there
        was nothing to choose.
    results : list of dict
        For each penalty that was tried ``C``, ``accuracy`` and ``loss`` on the held-out rows, and ``chosen``.
    cut_short : bool
        Whether weaker ones were left out for want of time.
    """

    C: float
    probabilities: NDArray[np.float64]
    results: list[dict[str, Any]] = field(default_factory=list)
    cut_short: bool = False


def choose_penalty(
    penalties: Sequence[float],
    copies: NDArray[np.float32],
    labels: NDArray[np.int64],
    fold_of: NDArray[np.int64],
    *,
    n_classes: int,
    clock: RunClock,
    callbacks: Callbacks = (),
    near: Linear | None = None,
) -> ChosenPenalty:
    """Compare penalties on rows that did not train.

    Parameters
    ----------
    penalties : sequence of float
        Rising: from the strongest to the weakest.
    copies : ndarray of shape (copies, N, D), float32
        The rows, and changed copies of them that are learnt from too.
    labels : ndarray of shape (N,), int64
        Class indices.
    fold_of : ndarray of shape (N,), int64
        In which fold each row is answered for; -1 of those that only train.
    n_classes : int
    clock : RunClock
        No penalty is begun that would not fit.
    callbacks : sequence of callables
        Told of each ``candidate``.
    near : (ndarray, ndarray), optional
        See :func:`fit_logistic`.

    Returns
    -------
    ChosenPenalty
        With the least cross-entropy; of equals the strongest. Without held-out rows, or anything to choose
        from, the middle one.
    """
    unknown = np.full((len(labels), n_classes), np.nan)
    held = fold_of >= 0
    folds = np.unique(fold_of[held])
    if len(penalties) == 1 or not len(folds):
        return ChosenPenalty(penalties[len(penalties) // 2], unknown)

    def judged(C: float, fold: int) -> NDArray[np.float64]:
        train = fold_of != fold
        coef, intercept = fit_logistic(copies[:, train], labels[train], C, near)
        return linear_probabilities(copies[0, ~train] @ coef.T + intercept)

    results: list[dict[str, Any]] = []
    answered, cut_short = [], False
    for C in penalties:
        began = perf_counter()
        probabilities = unknown.copy()
        answers = parallel.map(partial(judged, C), folds)
        for fold, answer in zip(folds, answers, strict=True):
            probabilities[fold_of == fold] = answer
        answered.append(probabilities)
        chances = probabilities[held, labels[held]]
        results.append(
            {
                "C": C,
                "accuracy": float((probabilities[held].argmax(1) == labels[held]).mean()),
                "loss": float(-np.log(np.maximum(chances, 1e-300)).mean()),
                "chosen": False,
            }
        )
        # Past the best penalty the loss only rises, and weak penalties take the longest.
        if len(results) > 1 and results[-1]["loss"] > results[-2]["loss"]:
            break
        # The next takes longer, and another fit, to all rows, comes after it.
        if penalties[-1] != C and clock.left() < _NEXT * (perf_counter() - began):
            cut_short = True
            break
    # min takes the first of equals: the strongest penalty.
    best = min(results, key=lambda seen: seen["loss"])
    best["chosen"] = True
    tell_candidates(callbacks, results, ("C",), "accuracy", _BY)
    return ChosenPenalty(best["C"], answered[results.index(best)], results, cut_short)


def fit_logistic(
    copies: NDArray[np.float32], labels: NDArray[np.int64], C: float, near: Linear | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit a logistic regression.

    Parameters
    ----------
    copies : ndarray of shape (copies, N, D), float32
    labels : ndarray of shape (N,), int64
    C : float
        The penalty, as a multiple of 1 / D.
    near : (ndarray of shape (K, D), ndarray of shape (K,)), optional
        Coefficients and intercepts, in the rows' own units, that the fit begins with, and whose distance is
        penalised, rather than that from zero ("L2-SP", Li, Grandvalet & Davoine 2018). A class without a row
        stays near its own.

    Returns
    -------
    coef : ndarray of shape (K, D), or (1, D) of two classes, float64
        In the rows' own units.
    intercept : ndarray of shape (K,) or (1,), float64
    """
    rows = copies.reshape(-1, copies.shape[2])
    mean, scale = feature_scaling(rows)
    if near is not None:
        begun = near[0] * scale, near[1] + near[0] @ mean
        x = standardized(rows, mean, scale).astype(np.float64)
        weight, bias = _fit_near(x, np.tile(labels, len(copies)), C / rows.shape[1], begun)
        coef = weight / scale
        intercept = bias - coef @ mean
        if len(coef) == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        return np.ascontiguousarray(coef), intercept

    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C / rows.shape[1], max_iter=_ITERATIONS)
    model.fit(standardized(rows, mean, scale), np.tile(labels, len(copies)))
    coef = model.coef_.astype(np.float64) / scale
    # In one order of memory, fitted or loaded: products differ with it in their last bits.
    return np.ascontiguousarray(coef), model.intercept_.astype(np.float64) - coef @ mean


def _fit_near(x: NDArray[np.float64], labels: NDArray[np.int64], C: float, begun: Linear) -> Linear:
    """Weights, (K, D), and biases, (K,), by cross-entropy and the distance from the weights begun."""
    from scipy.optimize import minimize

    (k, d), n = begun[0].shape, len(x)
    # The penalty of two classes is that of the one vector by which their logits differ.
    penalty = (2.0 if k == 2 else 1.0) / (C * n)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        moved, bias = flat[: k * d].reshape(k, d), flat[k * d :]
        value, grad = nn.cross_entropy(x @ (begun[0] + moved).T + begun[1] + bias, labels)
        grads = grad.T @ x + penalty * moved
        return value + penalty / 2 * float(np.vdot(moved, moved)), np.append(grads.ravel(), grad.sum(0))

    found = minimize(loss, np.zeros(k * (d + 1)), jac=True, method="L-BFGS-B", options=_NEAR)
    return begun[0] + found.x[: k * d].reshape(k, d), begun[1] + found.x[k * d :]


def linear_probabilities(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, (N, K), of logits (N, K), or (N, 1) of two classes."""
    values = np.concatenate([-values, values], axis=1) / 2 if values.shape[1] == 1 else values
    return np.asarray(nn.softmax(values), np.float64)
