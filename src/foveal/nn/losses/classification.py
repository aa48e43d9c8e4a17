"""Cross-entropy: one class of several."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from foveal.nn.functional import log_softmax
from foveal.nn.losses.loss import Array, LossObject, Reduction, check_reduction


def cross_entropy(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> tuple[float, Array]:
    r"""Cross-entropy of a softmax, and its gradient.

    .. math:: L = -\frac{1}{M} \sum_n \sum_k w_k q_{nk} \log p_{nk}, \qquad
              \frac{\partial L}{\partial z_{nk}} =
              \frac{1}{M} \Bigl(p_{nk} \sum_j w_j q_{nj} - w_k q_{nk}\Bigr)

    with :math:`p` the softmax of the logits :math:`z` and :math:`q` the target (Bishop 2006, equations
    4.108 and 4.109): 1 at the label and 0 elsewhere, or the given probabilities. Smoothing turns it into
    :math:`(1 - \varepsilon) q + \varepsilon / K` (Szegedy et al. 2016, section 7). The mean is PyTorch's: for
    integer labels M is the sum of the labels' weights, :math:`\sum_n w_{y_n}`, for probabilities N.

    Parameters
    ----------
    logits : array-like of shape (N, K)
    labels : array-like of shape (N,), int, or (N, K)
        Classes from 0 to K - 1, or a probability for each class (mixup makes such).
    weight : array-like of shape (K,), optional
        Of each class, not negative; the default is 1 for all.
    label_smoothing : float, default=0.0
        In [0, 1]: how much of the target is shared out to all classes.
    reduction : {"mean", "sum"}, default="mean"
        With ``"sum"``, M is 1.

    Returns
    -------
    loss : float
        Summed in float64. Where all labels of the batch have weight 0, the mean is 0 (PyTorch's is NaN).
    grad : ndarray of shape (N, K)
        With respect to the logits, in their floating-point type.

    Raises
    ------
    ValueError
        If the batch is empty, the shapes do not fit, a label is no class, or a weight, a probability or
        the smoothing is out of its range.

    References
    ----------
    Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4. Szegedy et al., "Rethinking the
    Inception Architecture for Computer Vision", CVPR 2016, section 7.

    Examples
    --------
    >>> loss, grad = cross_entropy([[0.0, 0.0]], [1])
    >>> round(loss, 4), grad.tolist()
    (0.6931, [[0.5, -0.5]])
    >>> loss, grad = cross_entropy([[0.0, 0.0]], [[0.25, 0.75]])
    >>> round(loss, 4), grad.tolist()
    (0.6931, [[0.25, -0.25]])
    """
    check_reduction(reduction)
    _check_smoothing(label_smoothing)
    with np.errstate(invalid="ignore", over="ignore"):  # a network that diverged: the loss says so
        logs = log_softmax(logits)
    labels = np.asarray(labels)
    _check_shapes(logs, labels)
    weights = None if weight is None else _check_weight(weight, logs)
    rows = np.arange(len(labels))
    grad = np.exp(logs)
    if labels.ndim == 1 and weights is None and not label_smoothing:
        loss = -float(logs[rows, labels].sum(dtype=np.float64))
        grad[rows, labels] -= 1
        total = float(len(labels))
    else:
        if labels.ndim == 1:
            targets = np.zeros_like(logs)
            targets[rows, labels] = 1
            total = float(len(labels) if weights is None else weights[labels].sum(dtype=np.float64))
        else:
            targets = labels.astype(logs.dtype)
            total = float(len(labels))
        if label_smoothing:
            targets *= 1 - label_smoothing
            targets += label_smoothing / logs.shape[1]
        if weights is not None:
            targets *= weights
        # A class that cannot be, of probability 0 in p and q, adds nothing: not 0 times infinity.
        terms = np.multiply(targets, logs, out=np.zeros_like(logs), where=targets != 0)
        loss = -float(terms.sum(dtype=np.float64))
        grad *= targets.sum(axis=1, keepdims=True)
        grad -= targets
    if reduction == "mean" and total:
        loss /= total
        grad /= total
    return loss + 0.0, grad


@dataclass(repr=False, eq=False)
class CrossEntropyLoss(LossObject):
    """Cross-entropy of a softmax; its settings and what is refused are those of :func:`cross_entropy`.

    Examples
    --------
    >>> loss = CrossEntropyLoss(weight=[1, 3])
    >>> value, grad = loss([[0.0, 0.0], [0.0, 0.0]], [0, 1])
    >>> round(value, 4), grad.tolist()
    (0.6931, [[-0.125, 0.125], [0.375, -0.375]])
    """

    function = staticmethod(cross_entropy)

    weight: ArrayLike | None = None
    label_smoothing: float = 0.0
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        check_reduction(self.reduction)
        _check_smoothing(self.label_smoothing)
        if self.weight is not None:
            self.weight = np.asarray(self.weight, np.float64)

    def __repr__(self) -> str:
        weight = None if self.weight is None else np.asarray(self.weight).tolist()
        return (
            f"CrossEntropyLoss(weight={weight}, label_smoothing={self.label_smoothing}, "
            f"reduction={self.reduction!r})"
        )


def _check_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1], not {label_smoothing}.")


def _check_shapes(logits: Array, labels: Array) -> None:
    fits = logits.ndim == 2 and labels.shape in (logits.shape[:1], logits.shape)
    if not fits or not len(labels):
        raise ValueError(
            "logits must be (N, K) and labels (N,), or probabilities (N, K), with N at least 1, "
            f"not {logits.shape} and {labels.shape}."
        )
    if labels.ndim == 2:
        if not np.issubdtype(labels.dtype, np.number) or not (labels >= 0).all():
            raise ValueError("labels of shape (N, K) are probabilities: numbers that are not negative.")
        return
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"labels must be integers, not {labels.dtype}.")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"labels must lie from 0 to {logits.shape[1] - 1}, the number of logits less one.")


def _check_weight(weight: ArrayLike, logits: Array) -> Array:
    weights = np.asarray(weight, logits.dtype)
    if weights.shape != logits.shape[1:] or not (weights >= 0).all():
        raise ValueError(
            f"weight must be {logits.shape[1]} numbers that are not negative, one for each class, "
            f"not {weights.tolist()}."
        )
    return weights
