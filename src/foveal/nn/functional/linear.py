"""The affine map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.products import Clip, as_rows, multiply


def linear(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None = None,
    *,
    clip: Clip | None = None,
) -> NDArray[Any]:
    """``x @ weight.T + bias``.

    Parameters
    ----------
    x : array-like of shape (..., I)
        Computed in the weights' type.
    weight : ndarray of shape (O, I), float32 or float64
        Of any memory order; it is read fastest where O varies fastest.
    bias : ndarray of shape (O,), optional
    clip : (float, float), optional
        Bounds that the output is brought to, ``(0, inf)`` for a rectifier that costs nothing.

    Returns
    -------
    ndarray of shape (..., O)

    Raises
    ------
    ValueError
        If ``x`` has another number of features than the weights.

    Examples
    --------
    >>> linear(np.ones((1, 2)), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 1.0]))
    array([[3., 8.]])
    """
    x = np.asarray(x, weight.dtype)
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"x has {x.shape[-1]} features and the weights {weight.shape[1]}.")
    y = multiply(as_rows(x), weight.T, bias, clip=clip)
    return y.reshape(*x.shape[:-1], len(weight))


def linear_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    *,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
    input_clip: Clip | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients of :func:`linear` by ``x``, ``weight`` and ``bias``.

    Parameters
    ----------
    grad : ndarray of shape (..., O)
    x, weight
        As in the forward pass.
    needs_input_grad, needs_weight_grad, input_clip
        See :func:`foveal.nn.functional.conv2d_backward`.

    Returns
    -------
    grad_x, grad_weight, grad_bias : ndarray or None
    """
    x, rows = np.asarray(x, weight.dtype), as_rows(np.asarray(grad, weight.dtype))
    grad_x = grad_weight = grad_bias = None
    if needs_input_grad:
        gate = None if input_clip is None else as_rows(x)
        grad_x = multiply(rows, weight, gate=gate, gate_clip=input_clip).reshape(x.shape)
    if needs_weight_grad:
        grad_bias = np.zeros(rows.shape[1], rows.dtype)
        grad_weight = multiply(as_rows(x).T, rows, sums=grad_bias).T
    return grad_x, grad_weight, grad_bias
