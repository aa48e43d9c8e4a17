"""Logistic regression learnt batch by batch: a network of one linear layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn, parallel

# Rows in a step, at most.
_BATCH_SIZE = 32


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
    groups: list[dict[str, Any]] = [{"params": [layer.weight]}, {"params": [layer.bias], "weight_decay": 0.0}]
    optimizer = nn.SGD(groups, lr=learning_rate, momentum=momentum, weight_decay=l2)
    loss = nn.CrossEntropyLoss()
    batches = nn.ArrayBatches(x, labels, _BATCH_SIZE, random_state=seed)
    # A product summed by other threads differs in its last bit.
    with parallel.blas_threads(1), np.errstate(over="ignore", invalid="ignore"):
        for bx, by in batches.epoch(1):
            nn.train_step(layer, loss, optimizer, bx, by)
    state = layer.state_dict()
    return state["weight"].astype(np.float64), state["bias"].astype(np.float64)
