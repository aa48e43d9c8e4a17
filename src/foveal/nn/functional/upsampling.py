"""Larger maps by repetition."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.memory import empty


def upsample_nearest(x: NDArray[Any], factor: int = 2) -> NDArray[Any]:
    """Every cell repeated ``factor`` times along rows and columns.

    Parameters
    ----------
    x : ndarray of shape (N, H, W, C)
    factor : int, default=2

    Returns
    -------
    ndarray of shape (N, factor * H, factor * W, C)

    Raises
    ------
    ValueError
        If ``x`` has another number of axes or ``factor`` is less than 1.

    Examples
    --------
    >>> upsample_nearest(np.float32([[1, 2]]).reshape(1, 1, 2, 1))[0, :, :, 0].tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """
    if x.ndim != 4 or factor < 1:
        raise ValueError(
            f"Upsampling takes a batch (N, H, W, C) and a factor of at least 1, not {x.shape}, {factor}."
        )
    n, h, w, c = x.shape
    y = empty((n, factor * h, factor * w, c), x.dtype)
    y.reshape(n, h, factor, w, factor, c)[...] = x[:, :, None, :, None]
    return y


def upsample_nearest_backward(grad: NDArray[Any], factor: int = 2) -> NDArray[Any]:
    """The gradient of :func:`upsample_nearest` by ``x``: the sum over each cell's copies.

    Parameters
    ----------
    grad : ndarray of shape (N, factor * H, factor * W, C)
    factor : int, default=2
        As in the forward pass.

    Returns
    -------
    ndarray of shape (N, H, W, C)

    Raises
    ------
    ValueError
        If a side is no multiple of ``factor``.
    """
    if grad.ndim != 4 or factor < 1 or grad.shape[1] % factor or grad.shape[2] % factor:
        raise ValueError(f"A gradient of shape {grad.shape} cannot be that of upsampling by {factor}.")
    out = empty((grad.shape[0], grad.shape[1] // factor, grad.shape[2] // factor, grad.shape[3]), grad.dtype)
    out[...] = grad[:, ::factor, ::factor]
    for place in range(1, factor * factor):
        np.add(out, grad[:, place // factor :: factor, place % factor :: factor], out=out)
    return out
