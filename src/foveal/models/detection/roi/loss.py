"""The loss of the RoI head: which class, and how the box has to move (Girshick 2015, equation 1)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import BACKGROUND, decode, encode
from foveal.errors import SettingError
from foveal.models.detection.roi.head import BOX_WEIGHTS
from foveal.models.detection.roi.sampling import RoITargets
from foveal.nn import ciou_loss, cross_entropy, diou_loss, giou_loss, smooth_l1_loss

_OVERLAP_LOSSES = {"giou": giou_loss, "diou": diou_loss, "ciou": ciou_loss}
#: The losses that boxes may have, by name.
BOX_LOSSES = ("smooth-l1", *_OVERLAP_LOSSES)


def check_box_loss(name: str) -> None:
    """Refuse a loss that there is not, with a SettingError."""
    if name not in BOX_LOSSES:
        raise SettingError(f"There is no box loss {name!r}; there are {', '.join(BOX_LOSSES)}.")


def roi_loss(
    logits: NDArray[Any],
    deltas: NDArray[Any],
    targets: RoITargets,
    *,
    box_loss: str = "smooth-l1",
    box_weight: float = 1.0,
) -> tuple[tuple[float, float], tuple[NDArray[Any], NDArray[Any]]]:
    """Cross-entropy over K + 1 classes, and a loss on the box of the true class.

    Both are divided by the number of all regions, so that an image without objects counts as much as any.

    Parameters
    ----------
    logits : ndarray of shape (R, K + 1)
        The background last.
    deltas : ndarray of shape (R, K, 4)
        Of every class.
    targets : RoITargets
        Of the same regions.
    box_loss : {"smooth-l1", "giou", "diou", "ciou"}, default="smooth-l1"
        Smooth L1 of the box deltas, summed over the four, or a loss on the boxes themselves (Rezatofighi et
        al. 2019; Zheng et al. 2020).
    box_weight : float, default=1.0
        The paper's λ.

    Returns
    -------
    values : (float, float)
        Of classes and, times λ, of boxes.
    grads : (ndarray, ndarray)
        Of their sum, by the logits and by the deltas.

    Raises
    ------
    KeyError
        If there is no such ``box_loss``.

    Examples
    --------
    >>> region = np.float32([[0, 0, 10, 10]])
    >>> targets = RoITargets(region, np.array([0]), region)
    >>> values, _ = roi_loss(np.zeros((1, 2)), np.zeros((1, 1, 4)), targets)
    >>> round(values[0], 4), values[1]
    (0.6931, 0.0)
    """
    grad_deltas = np.zeros_like(deltas)
    if not len(logits):
        return (0.0, 0.0), (np.zeros_like(logits), grad_deltas)
    labels = np.where(targets.labels == BACKGROUND, logits.shape[1] - 1, targets.labels)
    class_loss, grad_logits = cross_entropy(logits, labels)
    rows = np.flatnonzero(targets.labels != BACKGROUND)
    total = 0.0
    if len(rows):
        total, grad = _box_loss(
            deltas[rows, labels[rows]], targets.rois[rows], targets.objects[rows], box_loss
        )
        if box_weight != 1:
            grad = grad * np.asarray(box_weight, grad.dtype)
        grad_deltas[rows, labels[rows]] = grad / len(labels)
    return (class_loss, box_weight * total / len(labels)), (grad_logits, grad_deltas)


def _box_loss(
    deltas: NDArray[Any], rois: NDArray[np.float32], objects: NDArray[np.float32], kind: str
) -> tuple[float, NDArray[Any]]:
    """The sum of the losses of boxes, and its gradient by the deltas."""
    if kind == "smooth-l1":
        return smooth_l1_loss(deltas, encode(rois, objects, BOX_WEIGHTS), reduction="sum")
    moved = decode(rois, deltas, BOX_WEIGHTS)
    loss, grad = _OVERLAP_LOSSES[kind](moved, objects, reduction="sum")
    weights = np.asarray(BOX_WEIGHTS, deltas.dtype)
    grad_shift = (grad[:, :2] + grad[:, 2:]) * (rois[:, 2:] - rois[:, :2]) / weights[:2]
    grad_scale = (grad[:, 2:] - grad[:, :2]) * (moved[:, 2:] - moved[:, :2]) / 2 / weights[2:]
    return loss, np.concatenate([grad_shift, grad_scale], axis=1)
