"""Distances between numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn.losses.pairs import as_pair
from foveal.nn.losses.reduction import Reduction, check_reduction, reduce

Array = NDArray[Any]


def mse_loss(outputs: ArrayLike, targets: ArrayLike, *, reduction: Reduction = "mean") -> tuple[float, Array]:
    r"""Squared error, and its gradient.

    .. math:: \ell = (x - t)^2, \qquad \frac{\partial \ell}{\partial x} = 2 (x - t)

    Parameters
    ----------
    outputs : array-like
        Any shape.
    targets : array-like of the same shape
    reduction : {"mean", "sum"}, default="mean"
        Over all elements.

    Returns
    -------
    loss : float
        Summed in float64; 0 where there is nothing.
    gradient : ndarray
        The shape and floating-point type of ``outputs``.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> loss, gradient = mse_loss([1.0, 2.0], [0.0, 4.0])
    >>> loss, gradient.tolist()
    (2.5, [1.0, -2.0])
    """
    check_reduction(reduction)
    x, t = as_pair(outputs, targets)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = x - t
        return reduce(distance * distance, 2 * distance, reduction)


def smooth_l1_loss(
    outputs: ArrayLike, targets: ArrayLike, *, beta: float = 1.0, reduction: Reduction = "mean"
) -> tuple[float, Array]:
    r"""Smooth L1: squared near 0, absolute further out; and its gradient.

    .. math:: \ell = \begin{cases} d^2 / (2 \beta) & |d| < \beta \\ |d| - \beta / 2 & \text{otherwise}
              \end{cases} \qquad
              \frac{\partial \ell}{\partial x} = \max(-1, \min(1, d / \beta)), \qquad d = x - t

    (Girshick 2015, equation 3, for :math:`\beta = 1`; :math:`\beta` as in PyTorch.)

    Parameters
    ----------
    outputs : array-like
        Any shape.
    targets : array-like of the same shape
    beta : float, default=1.0
        Where the two meet, 0 or above; with 0 it is the absolute error, of gradient 0 at 0.
    reduction : {"mean", "sum"}, default="mean"
        Over all elements.

    Returns
    -------
    loss : float
        Summed in float64; 0 where there is nothing.
    gradient : ndarray
        The shape and floating-point type of ``outputs``.

    Raises
    ------
    ValueError
        If the shapes differ or ``beta`` is negative.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015.

    Examples
    --------
    >>> loss, gradient = smooth_l1_loss([0.5, 3.0], [0.0, 0.0], reduction="sum")
    >>> loss, gradient.tolist()
    (2.625, [0.5, 1.0])
    """
    check_reduction(reduction)
    _check_beta(beta)
    x, t = as_pair(outputs, targets)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = x - t
        size = np.abs(distance)
        if beta == 0:
            return reduce(size, np.sign(distance), reduction)
        inside = np.minimum(size, beta)
        losses = inside * inside / (2 * beta) + (size - inside)
        return reduce(losses, np.clip(distance, -beta, beta) / beta, reduction)


class MSELoss:
    """Squared error; see :func:`mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default="mean"

    Raises
    ------
    ValueError
        If the reduction is unknown.

    Examples
    --------
    >>> MSELoss()([3.0], [1.0])
    (4.0, array([4.]))
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        check_reduction(reduction)
        self.reduction: Reduction = reduction

    def __call__(self, output: ArrayLike, target: ArrayLike) -> tuple[float, Array]:
        """The value and the gradient by ``output``; both arguments have the same shape."""
        return mse_loss(output, target, reduction=self.reduction)


class SmoothL1Loss:
    """Smooth L1; see :func:`smooth_l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum"}, default="mean"
    beta : float, default=1.0

    Raises
    ------
    ValueError
        If the reduction is unknown or ``beta`` negative.

    Examples
    --------
    >>> SmoothL1Loss(beta=0.5)([2.0], [0.0])
    (1.75, array([1.]))
    """

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        check_reduction(reduction)
        _check_beta(beta)
        self.reduction: Reduction = reduction
        self.beta = beta

    def __call__(self, output: ArrayLike, target: ArrayLike) -> tuple[float, Array]:
        """The value and the gradient by ``output``; both arguments have the same shape."""
        return smooth_l1_loss(output, target, beta=self.beta, reduction=self.reduction)


def _check_beta(beta: float) -> None:
    if not beta >= 0:
        raise ValueError(f"beta must not be negative, not {beta}.")
