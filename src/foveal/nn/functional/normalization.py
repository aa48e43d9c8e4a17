"""Batch normalisation (Ioffe & Szegedy 2015), channels last."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.memory import empty
from foveal.nn.functional.products import Clip, bounds
from foveal.nn.functional.sharing import share

#: Sums are taken over blocks of about so many elements, which are then added in order.
BLOCK = 1 << 15


def batch_statistics(x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and biased variance per channel, in one pass over memory, in float64.

    Parameters
    ----------
    x : ndarray of shape (..., C)
        float32 or float64, not empty.

    Returns
    -------
    mean, variance : ndarray of shape (C,), float64
        The variance is divided by the number of values, not by one less.

    Raises
    ------
    ValueError
        If there are no values.

    Examples
    --------
    >>> mean, variance = batch_statistics(np.float32([[1, 0], [3, 0]]))
    >>> mean.tolist(), variance.tolist()
    ([2.0, 0.0], [1.0, 0.0])
    """
    rows = _rows(x)
    count = len(rows)
    if count == 0:
        raise ValueError("Batch normalisation has no statistics of an empty batch.")
    # Deviations from any value of the channel, as squares of the values themselves would cancel.
    shift = rows[0].astype(np.float64)
    first, second = _sums(rows, shift, rows, shift) / count
    return shift + first, np.maximum(second - first**2, 0)


def batch_norm(
    x: NDArray[Any],
    mean: NDArray[Any],
    variance: NDArray[Any],
    weight: NDArray[Any] | None = None,
    bias: NDArray[Any] | None = None,
    eps: float = 1e-5,
    *,
    clip: Clip | None = None,
) -> NDArray[Any]:
    """``(x - mean) / sqrt(variance + eps) * weight + bias`` per channel, in one pass over memory.

    Parameters
    ----------
    x : ndarray of shape (..., C)
        float32 or float64.
    mean, variance : ndarray of shape (C,)
        The batch's (:func:`batch_statistics`) or running ones.
    weight, bias : ndarray of shape (C,), optional
    eps : float, default=1e-5
    clip : (float, float), optional
        Bounds that the output is brought to, those of the rectifier that follows.

    Returns
    -------
    ndarray of the shape and type of ``x``
    """
    return _scaled(x, mean, _scale(variance, weight, eps), 0.0 if bias is None else bias, clip)


def batch_norm_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    mean: NDArray[Any],
    variance: NDArray[Any],
    weight: NDArray[Any] | None = None,
    eps: float = 1e-5,
    *,
    batch_statistics: bool,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients of :func:`batch_norm` by ``x``, ``weight`` and ``bias``, in at most two passes.

    Parameters
    ----------
    grad, x : ndarray of shape (..., C)
    mean, variance, weight, eps
        As in the forward pass.
    batch_statistics : bool
        Whether ``mean`` and ``variance`` were computed from ``x``, so that the gradient goes through them
        too (Ioffe & Szegedy 2015, section 3), or were constants.
    needs_input_grad, needs_weight_grad : bool, default=True

    Returns
    -------
    tuple of ndarray or None
        None where a gradient was not asked for.
    """
    from foveal.nn.functional import _normalization_kernels as kernels

    given, rows = _rows(grad.astype(x.dtype, copy=False)), _rows(x)
    c = rows.shape[1]
    mean, scale = np.asarray(mean, np.float64), _scale(variance, weight, eps)
    deviation = _scale(variance, None, eps)
    grad_weight = grad_bias = grad_x = None
    total = product = np.zeros(c)
    if needs_weight_grad or (needs_input_grad and batch_statistics):
        total, product = _sums(given, np.zeros(c), rows, mean)
    if needs_weight_grad:
        grad_weight, grad_bias = (product * deviation).astype(x.dtype), total.astype(x.dtype)
    if needs_input_grad:
        if batch_statistics:
            out = empty(rows.shape, x.dtype)
            count = max(len(rows), 1)
            factors = [mean, scale, -scale * deviation**2 * product / count, -scale * total / count]
            center, grad_factor, x_factor, constant = (values.astype(x.dtype) for values in factors)
            share(
                lambda part: kernels.combine(
                    given[part], rows[part], center, grad_factor, x_factor, constant, out[part]
                ),
                len(rows),
                out.size,
            )
            grad_x = out.reshape(x.shape)
        else:
            grad_x = _scaled(given.reshape(x.shape), 0.0, scale, 0.0)
    return grad_x, grad_weight, grad_bias


def _scaled(
    x: NDArray[Any], center: Any, scale: NDArray[Any], shift: Any, clip: Clip | None = None
) -> NDArray[Any]:
    """``(x - center) * scale + shift`` per channel, in one pass over memory and in the type of ``x``."""
    from foveal.nn.functional import _normalization_kernels as kernels

    rows = _rows(x)
    out = empty(rows.shape, x.dtype)
    center, scale, shift = (
        np.broadcast_to(values, scale.shape).astype(x.dtype) for values in (center, scale, shift)
    )
    low, high = bounds(clip, x.dtype)
    share(
        lambda part: kernels.scale_and_shift(rows[part], center, scale, shift, low, high, out[part]),
        len(rows),
        out.size,
    )
    return out.reshape(x.shape)


def _scale(variance: NDArray[Any], weight: NDArray[Any] | None, eps: float) -> NDArray[Any]:
    scale = 1 / np.sqrt(np.asarray(variance, np.float64) + eps)
    return np.asarray(scale if weight is None else scale * weight)


def _rows(x: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(x).reshape(x.size // max(x.shape[-1], 1), x.shape[-1])


def _sums(
    a: NDArray[Any], a_shift: NDArray[Any], b: NDArray[Any], b_shift: NDArray[Any]
) -> NDArray[np.float64]:
    """Sums over rows of ``a - a_shift`` and of that times ``b - b_shift``, of shape (2, C)."""
    from foveal.nn.functional import _normalization_kernels as kernels

    count, c = a.shape
    size = max(8, BLOCK // max(c, 1))
    blocks = -(-count // size)
    partial = np.empty((blocks, 2, c))

    def add(part: slice) -> None:
        lines = slice(part.start * size, min(part.stop * size, count))
        kernels.product_sums(a[lines], a_shift, b[lines], b_shift, partial[part], size)

    share(add, blocks, a.size)
    return np.asarray(partial.sum(axis=0))
