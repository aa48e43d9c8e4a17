"""Logistic regression by gradient descent: on all rows at several rates, or batch by batch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn, parallel
from foveal.events import Callbacks, emit

# Points of a loss curve that are told to callbacks; the whole curve is given back.
_TOLD = 100
# Rows in a step, at most.
_BATCH_SIZE = 32


def descend(
    x: NDArray[np.float32],
    labels: NDArray[np.int64],
    rates: Sequence[float],
    *,
    n_classes: int,
    iterations: int,
    momentum: float,
    l2: float,
    progress: Callable[[int], None],
    callbacks: Callbacks = (),
    start: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Gradient descent at several rates side by side: all of them share each pass over the rows.

    Parameters
    ----------
    x : ndarray of shape (N, D), float32
        Standardised rows.
    labels : ndarray of shape (N,)
        Class indices.
    rates : sequence of float
        R of them.
    n_classes, iterations : int
    momentum, l2 : float
        The biases are not decayed.
    progress : callable
        Told how many iterations are done.
    callbacks : sequence of callables
        Told of the event ``sweep``.
    start : (ndarray of shape (K, D), ndarray of shape (K,)), optional
        Weights and biases to begin with; zeros by default.

    Returns
    -------
    weights : ndarray of shape (R, D, K), float32
    biases : ndarray of shape (R, K), float32
    losses : ndarray of shape (R, iterations), float64
        Before every step; NaN from where a descent broke off.
    """
    step = np.repeat(np.array(rates, np.float32), n_classes)
    weights = np.zeros((x.shape[1], len(step)), np.float32)
    biases = np.zeros(len(step), np.float32)
    if start is not None:
        weights[:] = np.tile(start[0].T, len(rates))
        biases[:] = np.tile(start[1], len(rates))
    velocity, bias_velocity = np.zeros_like(weights), np.zeros_like(biases)
    kept = np.float32(momentum)
    curves = np.full((len(rates), iterations), np.nan)
    going = np.ones(len(rates), bool)
    told = max(1, iterations // _TOLD)
    decay = np.float32(l2)
    # Too great a rate overflows; that is found out by its loss, not by a warning.
    with np.errstate(over="ignore", invalid="ignore"):
        for iteration in range(iterations):
            logits = x @ weights
            logits += biases
            for r in np.flatnonzero(going).tolist():
                own = slice(r * n_classes, (r + 1) * n_classes)
                loss, logits[:, own] = nn.cross_entropy(logits[:, own], labels)
                if l2:
                    loss += l2 / 2 * float(np.vdot(weights[:, own], weights[:, own]))
                if np.isfinite(loss):
                    curves[r, iteration] = loss
                else:
                    going[r] = False
                    step[own], weights[:, own], biases[own] = 0, 0, 0
                    velocity[:, own], bias_velocity[own] = 0, 0
                if iteration % told == 0 and going[r]:
                    emit(
                        callbacks,
                        "sweep",
                        parameter="learning_rate",
                        value=rates[r],
                        iteration=iteration,
                        loss=loss,
                    )
            for r in np.flatnonzero(~going).tolist():
                logits[:, r * n_classes : (r + 1) * n_classes] = 0
            gradient = x.T @ logits
            if l2:
                gradient += decay * weights
            velocity *= kept
            velocity += gradient
            bias_velocity *= kept
            bias_velocity += logits.sum(0)
            weights -= step * velocity
            biases -= step * bias_velocity
            if iteration % told == 0:
                progress(iteration + 1)
    shape = (x.shape[1], len(rates), n_classes)
    return weights.reshape(shape).transpose(1, 0, 2), biases.reshape(shape[1:]), curves


def diverged(curve: NDArray[np.float64]) -> bool:
    """Whether a loss became infinite or ended above where it began."""
    return bool(not np.isfinite(curve).all() or curve[-1] > 1.001 * curve[0])


def one_pass(
    weight: NDArray[np.float64],
    bias: NDArray[np.float64],
    x: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    learning_rate: float,
    momentum: float,
    l2: float,
    seed: Any,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Go over rows once, in a random order, with a step of gradient descent for every 32 of them.

    Parameters
    ----------
    weight, bias : ndarray of shape (K, D) and (K,)
        To begin with.
    x : ndarray of shape (N, D), float32
        Standardised rows.
    labels : ndarray of shape (N,)
        Class indices.
    learning_rate, momentum, l2 : float
        The bias is not decayed. The momentum begins at 0.
    seed : int or Generator
        Draws the order.

    Returns
    -------
    weight, bias : ndarray of shape (K, D) and (K,), float64
        Infinite or no numbers where the learning rate was too great.

    Examples
    --------
    >>> x, labels = np.eye(2, dtype=np.float32), np.array([0, 1])
    >>> settings = {"learning_rate": 0.5, "momentum": 0.0, "l2": 0.0, "seed": 0}
    >>> one_pass(np.zeros((2, 2)), np.zeros(2), x, labels, **settings)[0].tolist()
    [[0.125, -0.125], [-0.125, 0.125]]
    """
    layer = nn.Linear(weight.shape[1], len(weight), random_state=0)
    layer.load_state_dict({"weight": weight, "bias": bias})
    optimizer = nn.SGD(nn.decayed_groups(layer), lr=learning_rate, momentum=momentum, weight_decay=l2)
    loss = nn.CrossEntropyLoss()
    batches = nn.ArrayBatches(x, labels, _BATCH_SIZE, random_state=seed)
    # A product summed by other threads differs in its last bit.
    with parallel.blas_threads(1), np.errstate(over="ignore", invalid="ignore"):
        for bx, by in batches.epoch(1):
            nn.train_step(layer, loss, optimizer, bx, by)
    state = layer.state_dict()
    return state["weight"].astype(np.float64), state["bias"].astype(np.float64)
