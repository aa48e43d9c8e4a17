"""Convolution, channels last: what it is, forwards and backwards.

How the sums are computed is the business of :mod:`foveal.nn.functional.tiled_convolution`.
"""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.linear import linear, linear_backward
from foveal.nn.functional.memory import empty
from foveal.nn.functional.products import Clip
from foveal.nn.functional.tiled_convolution import sweep, weight_gradient
from foveal.nn.functional.windows import Padding, Pair, WindowShape, backward_sweeps, forward_sweep


def conv2d(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: NDArray[Any] | None = None,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    clip: Clip | None = None,
) -> NDArray[Any]:
    r"""Two-dimensional convolution of a batch.

    As everywhere in the field it is the cross-correlation: the kernel is not turned round.

    .. math:: y_{nijo} = b_o + \sum_{c, u, v} x_{n,\, i s - p + u d,\, j s - p + v d,\, c}\; w_{ocuv}

    (LeCun et al. 1998; Goodfellow et al. 2016, equation 9.7), with zeros where ``x`` does not reach.

    Parameters
    ----------
    x : array-like of shape (N, H, W, I)
        Computed in the weights' type.
    weight : ndarray of shape (O, I / groups, rows, columns), float32 or float64
        Of any memory order; it is read fastest where O varies fastest.
    bias : ndarray of shape (O,), optional
    stride, dilation : int or (int, int)
        Rows, columns.
    padding : int, (int, int) or ((int, int), (int, int))
        Rows, columns; or ((top, bottom), (left, right)).
    groups : int, default=1
        Cuts inputs and outputs into so many groups that do not see each other.
    clip : (float, float), optional
        Bounds that the output is brought to, ``(0, inf)`` for a rectifier that costs nothing.

    Returns
    -------
    ndarray of shape (N, H', W', O)
        ``H' = (H + top + bottom - dilation (rows - 1) - 1) // stride + 1``, likewise W'. Empty for N = 0.

    Raises
    ------
    ValueError
        If the channels do not fit, or the padded image is smaller than the kernel.

    Examples
    --------
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    >>> conv2d(x, np.ones((1, 1, 2, 2), np.float32))[0, ..., 0]
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """
    x = np.asarray(x, weight.dtype)
    shape = WindowShape(x.shape, weight.shape, stride, padding, dilation, groups)
    if shape.is_product:
        return linear(x, weight[:, :, 0, 0], bias, clip=clip)
    y = empty((shape.images, *shape.out_size, shape.outs), x.dtype)
    sweep(x, y, weight, shape, forward_sweep(shape, 0), forward_sweep(shape, 1), bias=bias, clip=clip)
    return y


def conv2d_backward(
    grad: NDArray[Any],
    x: NDArray[Any],
    weight: NDArray[Any],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    needs_input_grad: bool = True,
    needs_weight_grad: bool = True,
    input_clip: Clip | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    r"""The gradients of :func:`conv2d` by ``x``, ``weight`` and ``bias``.

    With the gradient :math:`g` by the output, every product of the forward pass is gone through once more:

    .. math:: \frac{\partial L}{\partial w_{ocuv}} &= \sum_{n, i, j}
              g_{nijo}\; x_{n,\, i s - p + u d,\, j s - p + v d,\, c} \\
              \frac{\partial L}{\partial x_{nabc}} &= \sum_{o, u, v,\; i s - p + u d = a,\; j s - p + v d = b}
              g_{nijo}\; w_{ocuv}, \qquad
              \frac{\partial L}{\partial b_o} = \sum_{n, i, j} g_{nijo}

    The gradient by ``x`` is itself a convolution of :math:`g`, with the kernel turned round; for a stride
    :math:`s` there are :math:`s^2` of them, one for each remainder of a pixel's place (Dumoulin and Visin
    2016, chapter 4).

    Parameters
    ----------
    grad : ndarray of shape (N, H', W', O)
    x, weight, stride, padding, dilation, groups
        As in the forward pass.
    needs_input_grad, needs_weight_grad : bool
        Spare what is not needed; None stands in its place.
    input_clip : (float, float), optional
        Where ``x`` came out of a rectifier with these bounds: the gradient by ``x`` is then the one before
        the rectifier, 0 where ``x`` is at a bound or beyond.

    Returns
    -------
    grad_x : ndarray of the shape of ``x``, or None
    grad_weight : ndarray of the shape of ``weight``, or None
        In the memory order that the products like: outputs vary fastest.
    grad_bias : ndarray of shape (O,), or None
    """
    x, grad = np.asarray(x, weight.dtype), np.asarray(grad, weight.dtype)
    shape = WindowShape(x.shape, weight.shape, stride, padding, dilation, groups)
    needs = {"needs_input_grad": needs_input_grad, "needs_weight_grad": needs_weight_grad}
    if shape.is_product:
        grad_x, grad_weight, grad_bias = linear_backward(
            grad, x, weight[:, :, 0, 0], input_clip=input_clip, **needs
        )
        return grad_x, None if grad_weight is None else grad_weight[:, :, None, None], grad_bias
    grad_x = grad_weight = grad_bias = None
    if needs_weight_grad:
        grad_weight, grad_bias = weight_gradient(grad, x, shape)
    if needs_input_grad:
        grad_x = empty(x.shape, x.dtype)
        gate = None if input_clip is None else x
        # Each writes every s-th row and column of the gradient.
        for down, across in product(backward_sweeps(shape, 0), backward_sweeps(shape, 1)):
            sweep(grad, grad_x, weight, shape, down, across, backwards=True, gate=gate, gate_clip=input_clip)
    return grad_x, grad_weight, grad_bias
