"""Cross-entropy of yes and no, for each output by itself, and its focal form."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from foveal.nn.losses.loss import Array, LossObject, Reduction, as_pair, check_reduction, reduce

Normalizer = float | Literal["positives"] | None


def binary_cross_entropy_with_logits(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    pos_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> tuple[float, Array]:
    r"""Cross-entropy of a sigmoid, and its gradient.

    .. math:: \ell = -w\, t \log \sigma(z) - (1 - t) \log(1 - \sigma(z)), \qquad
              \frac{\partial \ell}{\partial z} = (1 - t)\, \sigma(z) - w\, t\, \sigma(-z)

    with the logit :math:`z`, the target :math:`t` and the weight :math:`w` of the positives (Bishop 2006,
    equations 4.90 and 4.91). No exponential overflows and no logarithm meets 0.

    Parameters
    ----------
    logits : array-like
        Any shape but an empty one.
    targets : array-like of the same shape
        Usually 0 or 1; anything between is a probability.
    pos_weight : array-like, optional
        What broadcasts against the targets, one for each of the last axis for example; the default is 1.
    reduction : {"mean", "sum"}, default="mean"
        Over all elements.

    Returns
    -------
    loss : float
        Summed in float64.
    grad : ndarray
        The shape and floating-point type of ``logits``.

    Raises
    ------
    ValueError
        If the shapes differ or there is nothing.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.2.

    Examples
    --------
    >>> loss, grad = binary_cross_entropy_with_logits([0.0, 0.0], [1, 0])
    >>> round(loss, 4), grad.tolist()
    (0.6931, [-0.25, 0.25])
    """
    check_reduction(reduction)
    z, t = _checked(logits, targets)
    positive = t if pos_weight is None else t * np.asarray(pos_weight, z.dtype)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        yes, no = _sigmoids(z)
        losses = positive * _softplus(-z) + (1 - t) * _softplus(z)
        return reduce(losses, (1 - t) * yes - positive * no, reduction)


def sigmoid_focal_loss(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    normalizer: Normalizer = None,
    reduction: Reduction = "mean",
) -> tuple[float, Array]:
    r"""Focal loss: the cross-entropy of a sigmoid, less of what is easy; and its gradient.

    .. math:: \ell = -\alpha_t (1 - p_t)^\gamma \log p_t

    (Lin et al. 2017, equation 5) with :math:`p_t` the probability given to the truth and
    :math:`\alpha_t` equal to :math:`\alpha` for positives, :math:`1 - \alpha` for negatives. The same as
    torchvision's ``sigmoid_focal_loss``, targets between 0 and 1 included.

    Parameters
    ----------
    logits, targets
        See :func:`binary_cross_entropy_with_logits`.
    alpha : float or None, default=0.25
        In [0, 1]; None leaves the balance out.
    gamma : float, default=2.0
        0 or above; with 0 it is the cross-entropy.
    normalizer : float or "positives", optional
        What the mean divides by: the default is the number of elements; ``"positives"`` is the sum of the
        targets, but at least 1, as in the paper.
    reduction : {"mean", "sum"}, default="mean"

    Returns
    -------
    loss, grad
        As :func:`binary_cross_entropy_with_logits`.

    Raises
    ------
    ValueError
        If the shapes differ, there is nothing, or a setting is out of its range.

    References
    ----------
    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> loss, grad = sigmoid_focal_loss([0.0, 0.0], [1, 0], reduction="sum")
    >>> round(loss, 4)  # (0.25 + 0.75) * 0.5 ** 2 * log(2)
    0.1733
    """
    _check_focal(alpha, gamma, normalizer, reduction)
    z, t = _checked(logits, targets)
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        yes, no = _sigmoids(z)
        entropy = t * _softplus(-z) + (1 - t) * _softplus(z)
        miss = yes * (1 - t) + no * t  # 1 - p_t, without the subtraction
        power = miss**gamma
        grad_entropy = yes * (1 - t) - no * t
        grad_miss = np.divide(yes * no, miss, out=np.zeros_like(miss), where=miss != 0)
        grad = grad_entropy * power - entropy * (gamma * (2 * t - 1)) * power * grad_miss
        losses = entropy * power
        if alpha is not None:
            balance = alpha * t + (1 - alpha) * (1 - t)
            losses *= balance
            grad *= balance
        if normalizer == "positives":
            normalizer = max(1.0, float(t.sum(dtype=np.float64)))
        return reduce(losses, grad, reduction, normalizer)


@dataclass(repr=False, eq=False)
class BCEWithLogitsLoss(LossObject):
    """Cross-entropy of a sigmoid; its settings, and what is refused, are those of
    :func:`binary_cross_entropy_with_logits`.

    Examples
    --------
    >>> value, grad = BCEWithLogitsLoss(pos_weight=[3.0])([[0.0]], [[1]])
    >>> round(value, 4), grad.tolist()
    (2.0794, [[-1.5]])
    """

    function = staticmethod(binary_cross_entropy_with_logits)

    pos_weight: ArrayLike | None = None
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        check_reduction(self.reduction)
        if self.pos_weight is not None:
            self.pos_weight = np.asarray(self.pos_weight, np.float64)


@dataclass(repr=False, eq=False)
class FocalLoss(LossObject):
    """Focal loss on logits; see :func:`sigmoid_focal_loss`.

    Parameters
    ----------
    alpha, gamma, normalizer, reduction
        See that function, also for what is refused.

    Examples
    --------
    >>> value, grad = FocalLoss(normalizer="positives")([0.0, 0.0], [1, 0])
    >>> round(value, 4)
    0.1733
    """

    function = staticmethod(sigmoid_focal_loss)

    alpha: float | None = 0.25
    gamma: float = 2.0
    normalizer: Normalizer = None
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        _check_focal(**vars(self))


def _check_focal(alpha: float | None, gamma: float, normalizer: Any, reduction: str) -> None:
    check_reduction(reduction)
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1] or be None, not {alpha}.")
    if not gamma >= 0:
        raise ValueError(f"gamma must not be negative, not {gamma}.")
    if not (
        normalizer is None
        or normalizer == "positives"
        or (not isinstance(normalizer, str) and normalizer > 0)
    ):
        raise ValueError(f'normalizer must be a number above 0, "positives" or None, not {normalizer!r}.')


def _checked(logits: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    z, t = as_pair(logits, targets, "logits")
    if not z.size:
        raise ValueError("An empty batch of logits has no mean loss.")
    return z, t


def _sigmoids(z: Array) -> tuple[Array, Array]:
    """The sigmoid of z and that of -z, each exact where it is small."""
    small = np.exp(-np.abs(z))
    large = 1 / (1 + small)
    small = small * large
    return np.where(z >= 0, large, small), np.where(z >= 0, small, large)


def _softplus(z: Array) -> Array:
    return np.asarray(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))
