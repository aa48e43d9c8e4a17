"""The affine map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def linear(x: NDArray[Any], weight: NDArray[Any], bias: NDArray[Any] | None = None) -> NDArray[Any]:
    """``x @ weight.T + bias``.

    Parameters
    ----------
    x : ndarray of shape (..., I)
    weight : ndarray of shape (O, I)
    bias : ndarray of shape (O,), optional

    Returns
    -------
    ndarray of shape (..., O)
    """
    y = x @ weight.T
    if bias is not None:
        y += bias
    return y


def linear_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    *,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """The gradients of :func:`linear` by ``x``, ``weight`` and ``bias``."""
    dx = grad @ weight if needs_input_grad else None
    if not needs_weight_grad:
        return dx, None, None
    rows = grad.reshape(-1, grad.shape[-1])
    # The memory order of the weights: inputs outside, outputs inside.
    dw = (x.reshape(-1, x.shape[-1]).T @ rows).T
    return dx, dw, np.asarray(rows.sum(axis=0))
