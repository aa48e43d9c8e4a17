"""What is in a region, how its box has to move, and the loss of both (Girshick 2015, section 2)."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.boxes import BACKGROUND, decode, encode
from foveal.errors import SettingError
from foveal.models.detection.roi.sampling import RoITargets

#: What each box delta is multiplied by for the head (Girshick 2015, section 2.3: unit variance).
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
_OVERLAP_LOSSES = {"giou": nn.giou_loss, "diou": nn.diou_loss, "ciou": nn.ciou_loss}
#: The losses that boxes may have, by name.
BOX_LOSSES = ("smooth-l1", *_OVERLAP_LOSSES)


class BoxHead(nn.Module):
    """The two outputs of Fast R-CNN over fully connected layers (Girshick 2015, section 2.1).

    Parameters
    ----------
    in_features : int
        Of a region: rows times columns times channels.
    n_classes : int
        K, without the background.
    hidden : int, default=4096
        Width of both hidden layers; the paper's, VGG-16's.
    dropout : float, default=0.5
        Behind each of them, in training; the paper's.
    random_state : int

    Notes
    -----
    :meth:`forward` gives logits of shape (R, K + 1), the background **last**, and deltas of shape
    (R, K, 4), one box for each class. At first every class is as likely as another, and no box is moved.

    Examples
    --------
    >>> head = BoxHead(3 * 3 * 8, 2, hidden=16, random_state=0)
    >>> [out.shape for out in head(np.zeros((5, 3, 3, 8), np.float32))]
    [(5, 3), (5, 2, 4)]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        hidden: int = 4096,
        dropout: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.n_classes = n_classes
        seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
        layers: list[nn.Module] = []
        for width, seed in ((in_features, seeds[0]), (hidden, seeds[1])):
            layers += [nn.Linear(width, hidden, random_state=seed), nn.ReLU()]
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.hidden = nn.Sequential(*layers)
        # One product computes both: K + 1 logits and then 4 K deltas.
        self.predictor = nn.Linear(hidden, 5 * n_classes + 1, random_state=seeds[2])
        self.predictor.weight.scale(0.1)
        assert self.predictor.bias is not None
        self.predictor.bias.scale(0)

    def begin_from(self, other: "BoxHead") -> None:
        """Take the weights of another head, whose classes are the first of this one's.

        The rows of further classes stay as they were drawn.

        Raises
        ------
        ValueError
            If the layers have other sizes.
        """
        own, theirs = (
            [layer for layer in head.hidden if isinstance(layer, nn.Linear)] for head in (self, other)
        )
        for layer, known in zip(own, theirs, strict=True):
            layer.load_state_dict(known.state_dict())
        # The classes, the background, which is last, and four deltas of each class.
        k, background = other.n_classes, self.n_classes
        rows = np.concatenate([np.arange(k), background + np.arange(1 + 4 * k)])
        state = {name: value.copy() for name, value in self.predictor.state_dict().items()}
        for name, kept in other.predictor.state_dict().items():
            state[name][rows] = kept
        self.predictor.load_state_dict(state)

    def forward(self, x: NDArray[Any]) -> Any:
        """Logits, (R, K + 1), and deltas, (R, K, 4), of regions of shape (R, S, S, C)."""
        self.save(x.shape)
        out = self.predictor(self.hidden(x.reshape(len(x), prod(x.shape[1:]))))
        split = self.n_classes + 1
        return out[:, :split], out[:, split:].reshape(-1, self.n_classes, 4)

    def backward(self, grad: Any, *, needs_input_grad: bool = True) -> Any:
        """The gradient by the regions from those by logits and deltas."""
        (shape,) = self.saved()
        grad_logits, grad_deltas = grad
        out = np.concatenate([grad_logits, grad_deltas.reshape(len(grad_deltas), 4 * self.n_classes)], axis=1)
        inner = self.predictor.backward(out)
        assert inner is not None
        passed = self.hidden.backward(inner, needs_input_grad=needs_input_grad)
        return None if passed is None else passed.reshape(shape)


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
    """Cross-entropy over K + 1 classes, and a loss on the box of the true class (equation 1).

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
    class_loss, grad_logits = nn.cross_entropy(logits, labels)
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
        return nn.smooth_l1_loss(deltas, encode(rois, objects, BOX_WEIGHTS), reduction="sum")
    moved = decode(rois, deltas, BOX_WEIGHTS)
    loss, grad = _OVERLAP_LOSSES[kind](moved, objects, reduction="sum")
    weights = np.asarray(BOX_WEIGHTS, deltas.dtype)
    grad_shift = (grad[:, :2] + grad[:, 2:]) * (rois[:, 2:] - rois[:, :2]) / weights[:2]
    grad_scale = (grad[:, 2:] - grad[:, :2]) * (moved[:, 2:] - moved[:, :2]) / 2 / weights[2:]
    return loss, np.concatenate([grad_shift, grad_scale], axis=1)
