"""Losses, each with its gradient."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.functional import log_softmax


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> tuple[float, NDArray[Any]]:
    r"""Mean cross-entropy of a softmax, and its gradient.

    .. math:: L = -\frac{1}{N} \sum_n \log p_{n, y_n}, \qquad
              \frac{\partial L}{\partial z_{nk}} = \frac{p_{nk} - [k = y_n]}{N}

    with :math:`p` the softmax of the logits :math:`z` (Bishop 2006, equations 4.108 and 4.109).

    Parameters
    ----------
    logits : array-like of shape (N, K)
    labels : array-like of shape (N,), int
        From 0 to K - 1.

    Returns
    -------
    loss : float
        The mean over the batch; summed in float64.
    gradient : ndarray of shape (N, K)
        With respect to the logits, in their floating-point type.

    Raises
    ------
    ValueError
        If the batch is empty, the shapes do not fit or a label is no class.

    Examples
    --------
    >>> loss, gradient = cross_entropy([[0.0, 0.0]], [1])
    >>> round(loss, 4), gradient.tolist()
    (0.6931, [[0.5, -0.5]])
    """
    logs = log_softmax(logits)
    labels = np.asarray(labels)
    if logs.ndim != 2 or labels.shape != logs.shape[:1] or not len(labels):
        raise ValueError(
            f"logits must be (N, K) and labels (N,) with N at least 1, not {logs.shape} and {labels.shape}."
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be integers, not {labels.dtype}.")
    if labels.min() < 0 or labels.max() >= logs.shape[1]:
        raise ValueError(f"labels must lie from 0 to {logs.shape[1] - 1}, the number of logits less one.")
    rows = np.arange(len(labels))
    loss = -float(logs[rows, labels].mean(dtype=np.float64))
    gradient = np.exp(logs)
    gradient[rows, labels] -= 1
    gradient /= len(labels)
    return loss, gradient
