"""Distances between numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foveal.nn.losses.loss import Array, ReducedLoss, Reduction, as_pair, check_reduction, reduce


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
    grad : ndarray
        The shape and floating-point type of ``outputs``.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> loss, grad = mse_loss([1.0, 2.0], [0.0, 4.0])
    >>> loss, grad.tolist()
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
    outputs, targets, reduction
        See :func:`mse_loss`.
    beta : float, default=1.0
        Where the two meet, 0 or above; with 0 it is the absolute error, of gradient 0 at 0.

    Returns
    -------
    loss, grad
        As :func:`mse_loss`.

    Raises
    ------
    ValueError
        If the shapes differ or ``beta`` is negative.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015.

    Examples
    --------
    >>> loss, grad = smooth_l1_loss([0.5, 3.0], [0.0, 0.0], reduction="sum")
    >>> loss, grad.tolist()
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


class MSELoss(ReducedLoss):
    """Squared error; its settings and what is refused are those of :func:`mse_loss`.

    Examples
    --------
    >>> MSELoss()([3.0], [1.0])
    (4.0, array([4.]))
    """

    function = staticmethod(mse_loss)


@dataclass(repr=False, eq=False)
class SmoothL1Loss(ReducedLoss):
    """Smooth L1; its settings and what is refused are those of :func:`smooth_l1_loss`.

    Examples
    --------
    >>> SmoothL1Loss(beta=0.5)([2.0], [0.0])
    (1.75, array([1.]))
    """

    function = staticmethod(smooth_l1_loss)

    beta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_beta(self.beta)


def _check_beta(beta: float) -> None:
    if not beta >= 0:
        raise ValueError(f"beta must not be negative, not {beta}.")
