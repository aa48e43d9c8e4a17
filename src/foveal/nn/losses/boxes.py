"""Losses on boxes: one less the overlap, in its four forms.

``boxes`` and ``targets`` are of shape (N, 4), ``x1, y1, x2, y2``, half-open, one to one. The values are those
of :mod:`foveal.boxes`, computed in float64. No boxes at all have the loss 0.0 and an empty gradient, since
an image without objects is a sample like any other.

A predicted box with ``x2 < x1`` is empty at ``x1``, as everywhere in :mod:`foveal.boxes`, and the gradient is
that of this reading. Where a predicted coordinate is no finite number, loss and gradient are NaN, so that a
training that diverged can say so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from foveal import boxes as measures
from foveal.nn.losses._box_gradients import Pairs
from foveal.nn.losses.loss import Array, ReducedLoss, Reduction, check_reduction, reduce

Form = Literal["linear", "log"]

# The IoU from which downwards its negative logarithm no longer grows.
_LEAST_IOU = 1e-6


def iou_loss(
    boxes: ArrayLike,
    targets: ArrayLike,
    *,
    form: Form = "linear",
    reduction: Reduction = "mean",
) -> tuple[float, Array]:
    r"""``1 - IoU`` of boxes, and its gradient.

    Where two boxes do not overlap, the gradient is 0: nothing draws them together.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        Predicted; ``x1, y1, x2, y2``.
    targets : array-like of shape (N, 4)
        What they should be, one to one.
    form : {"linear", "log"}, default="linear"
        ``"log"`` is ``-log(IoU)`` (Yu et al. 2016, equation 2); below an IoU of 1e-6 it stays at 13.8.
    reduction : {"mean", "sum"}, default="mean"
        Over the boxes.

    Returns
    -------
    loss : float
        In [0, 1] for the mean of the linear form.
    grad : ndarray of shape (N, 4)
        By ``boxes``, float64 where they are, else float32.

    Raises
    ------
    ValueError
        If a shape is not (N, 4), the numbers of boxes differ or a target is no finite number.

    References
    ----------
    Yu et al., "UnitBox: An Advanced Object Detection Network", ACM Multimedia 2016.

    Examples
    --------
    >>> loss, grad = iou_loss([[0, 0, 2, 1]], [[-1, -1, 1, 2]])
    >>> round(loss, 4), [round(value, 4) for value in grad[0].tolist()]
    (0.8571, [0.1429, 0.1224, 0.0204, -0.1224])
    """
    _check_form(form)

    def negative_logarithm(values: Array, grad: Array) -> tuple[Array, Array]:
        floored = np.maximum(values, _LEAST_IOU)
        return -np.log(floored), np.where(values >= _LEAST_IOU, -grad / floored, 0)

    transform = negative_logarithm if form == "log" else _one_less
    return _loss(measures.iou, lambda pairs: pairs.grad_iou, boxes, targets, reduction, transform)


def giou_loss(boxes: ArrayLike, targets: ArrayLike, *, reduction: Reduction = "mean") -> tuple[float, Array]:
    r"""``1 - GIoU`` of boxes, in [0, 2] for the mean; all else is as of :func:`iou_loss`.

    See :func:`foveal.boxes.giou`; this is algorithm 2 of its paper.

    Examples
    --------
    >>> loss, grad = giou_loss([[0, 0, 1, 1]], [[3, 0, 4, 1]])
    >>> loss, grad.tolist()
    (1.5, [[0.125, 0.0, -0.25, 0.0]])
    """
    return _loss(measures.giou, Pairs.grad_giou, boxes, targets, reduction, _one_less)


def diou_loss(boxes: ArrayLike, targets: ArrayLike, *, reduction: Reduction = "mean") -> tuple[float, Array]:
    r"""``1 - DIoU`` of boxes, in [0, 2] for the mean; all else is as of :func:`iou_loss`.

    See :func:`foveal.boxes.diou`; this is equation 7 of its paper.

    Examples
    --------
    >>> loss, grad = diou_loss([[0, 0, 2, 2]], [[2, 0, 4, 2]])
    >>> round(loss, 4)
    1.2
    """
    return _loss(measures.diou, Pairs.grad_diou, boxes, targets, reduction, _one_less)


def ciou_loss(boxes: ArrayLike, targets: ArrayLike, *, reduction: Reduction = "mean") -> tuple[float, Array]:
    r"""``1 - CIoU`` of boxes, and its gradient with the weight of the aspect ratio held constant.

    The loss is ``1 - DIoU + α v``; α counts as a constant in the gradient, as in the paper (its equation 12)
    and in torchvision, so that the gradient is not exactly that of the value. The paper's code also
    leaves out the factor ``1 / (w² + h²)`` of the gradient of v; here it stays.

    In [0, 2.5] for the mean; arguments and answer are as of :func:`iou_loss`.

    See :func:`foveal.boxes.ciou`; these are equations 8 to 12 of its paper.

    Examples
    --------
    >>> loss, grad = ciou_loss([[0, 0, 2, 2]], [[0, 0, 4, 1]])
    >>> round(loss, 3)
    0.747
    """
    return _loss(measures.ciou, Pairs.grad_ciou, boxes, targets, reduction, _one_less)


def _one_less(values: Array, grad: Array) -> tuple[Array, Array]:
    return 1 - values, -grad


def _loss(
    measure: Callable[[Array, Array, bool], Array],
    grad_of: Callable[[Pairs], Array],
    boxes: ArrayLike,
    targets: ArrayLike,
    reduction: Reduction,
    transform: Callable[[Array, Array], tuple[Array, Array]],
) -> tuple[float, Array]:
    check_reduction(reduction)
    dtype = np.float64 if getattr(boxes, "dtype", None) == np.float64 else np.float32
    a, b = np.asarray(boxes, np.float64), np.asarray(targets, np.float64)
    if a.shape == b.shape and a.ndim == 2 and a.shape[1] == 4 and not np.isfinite(a).all():
        measure(b, b, True)
        return float("nan"), np.full(a.shape, np.nan, dtype)
    values = measure(a, b, True)
    columns, others = a.reshape(-1, 4).T.copy(), b.reshape(-1, 4).T.copy()
    inverted = columns[2:] < columns[:2]
    for corners in (columns, others):
        np.maximum(corners[2:], corners[:2], out=corners[2:])
    losses, grad = transform(values, grad_of(Pairs(columns, others)))
    grad[:2] += np.where(inverted, grad[2:], 0)
    grad[2:][inverted] = 0
    loss, grad = reduce(losses, grad, reduction, max(1, len(losses)))
    with np.errstate(over="ignore"):  # a gradient is as large as a box is small
        return loss, np.ascontiguousarray(grad.T + 0.0, dtype)  # no -0.0


@dataclass(repr=False, eq=False)
class IoULoss(ReducedLoss):
    """One less the IoU; its settings and what is refused are those of :func:`iou_loss`.

    Examples
    --------
    >>> value, grad = IoULoss(form="log")([[0, 0, 2, 2]], [[0, 0, 4, 2]])
    >>> round(value, 4)
    0.6931
    """

    function = staticmethod(iou_loss)

    form: Form = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_form(self.form)


class GIoULoss(ReducedLoss):
    """One less the generalised IoU; see :func:`giou_loss` and, for its setting, :class:`IoULoss`.

    Examples
    --------
    >>> value, grad = GIoULoss()([[0, 0, 1, 1]], [[3, 0, 4, 1]])
    >>> round(value, 4)
    1.5
    """

    function = staticmethod(giou_loss)


class DIoULoss(ReducedLoss):
    """One less the distance IoU; see :func:`diou_loss` and, for its setting, :class:`IoULoss`.

    Examples
    --------
    >>> value, grad = DIoULoss()([[0, 0, 1, 1]], [[3, 0, 4, 1]])
    >>> round(value, 4)
    1.5294
    """

    function = staticmethod(diou_loss)


class CIoULoss(ReducedLoss):
    """One less the complete IoU; see :func:`ciou_loss` and, for its setting, :class:`IoULoss`.

    Examples
    --------
    >>> value, grad = CIoULoss()([[0, 0, 1, 1]], [[3, 0, 4, 1]])
    >>> round(value, 4)
    1.5294
    """

    function = staticmethod(ciou_loss)


def _check_form(form: str) -> None:
    if form not in ("linear", "log"):
        raise ValueError(f'form must be "linear" or "log", not {form!r}.')
