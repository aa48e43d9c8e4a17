"""The softmax."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def _floating(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(np.float32)


def log_softmax(logits: ArrayLike, axis: int = -1) -> NDArray[Any]:
    """Logarithm of the softmax along an axis.

    The largest logit is subtracted first, so that no exponential overflows and the logarithm never
    meets a sum of 0.

    Parameters
    ----------
    logits : array-like
        Any shape but 0 long along ``axis``. Integers are computed in float32.
    axis : int, default=-1

    Returns
    -------
    ndarray
        The shape and floating-point type of ``logits``.

    Examples
    --------
    >>> log_softmax([[1000.0, 1000.0]])
    array([[-0.69314718, -0.69314718]])
    """
    logits = _floating(logits)
    shifted = logits - logits.max(axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis, keepdims=True)))


def softmax(logits: ArrayLike, axis: int = -1) -> NDArray[Any]:
    """Probabilities in proportion to the exponentials along an axis.

    Parameters
    ----------
    logits : array-like
        Any shape but 0 long along ``axis``. Integers are computed in float32.
    axis : int, default=-1

    Returns
    -------
    ndarray
        The shape and floating-point type of ``logits``; sums to 1 along ``axis``.

    Examples
    --------
    >>> softmax([0.0, 0.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    logits = _floating(logits)
    powers = np.exp(logits - logits.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def softmax_backward(grad: NDArray[Any], y: NDArray[Any], axis: int = -1) -> NDArray[Any]:
    """The gradient of :func:`softmax` by the logits, from its output: ``y * (grad - sum(grad * y))``.

    Parameters
    ----------
    grad : ndarray
        The loss's gradient by the output, of any shape.
    y : ndarray of the shape of ``grad``
        The output of the forward pass.
    axis : int, default=-1

    Returns
    -------
    ndarray
        Shape and type of ``grad``; empty where that is empty.
    """
    return np.asarray(y * (grad - (grad * y).sum(axis, keepdims=True)))
