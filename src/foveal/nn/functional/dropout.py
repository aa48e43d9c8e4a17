"""Dropout."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def dropout(
    x: NDArray[Any], p: float, generator: np.random.Generator
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Set each element to 0 with probability ``p`` and scale the others up (Srivastava et al. 2014).

    Parameters
    ----------
    x : ndarray
        Any shape, float32 or float64.
    p : float
        Within 0 and 1.
    generator : Generator
        One number is drawn for each element, in order of memory.

    Returns
    -------
    y : ndarray of the shape of ``x``
        Kept elements are divided by ``1 - p``, so that the expected value is that of ``x``.
    kept : ndarray of bool
        What the backward pass needs.

    Examples
    --------
    >>> y, kept = dropout(np.ones(4), 0.5, np.random.default_rng(0))
    >>> sorted(set(y.tolist())), bool((kept == (y > 0)).all())
    ([0.0, 2.0], True)
    """
    kept = generator.random(x.shape, np.float32) >= np.float32(p)
    return dropout_backward(x, kept, p), kept


def dropout_backward(grad: NDArray[Any], kept: NDArray[np.bool_], p: float) -> NDArray[Any]:
    """The gradient of :func:`dropout` by ``x``.

    Parameters
    ----------
    grad : ndarray
        The loss's gradient by the output, of any shape.
    kept : ndarray or None
        As the forward pass returned it.
    p : float
        The share that was dropped.

    Returns
    -------
    ndarray
        Shape and type of ``grad``; empty where that is empty.
    """
    scale = grad.dtype.type(1 / (1 - p) if p < 1 else 0)
    return np.asarray(grad * scale * kept)
