"""What a picture's objects ask of anchors and of proposals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import IGNORE, encode, match, sample
from foveal.models.detection.settings import HEAD_WEIGHTS, RPN_WEIGHTS, DetectionSettings


@dataclass(frozen=True, eq=False)
class Objects:
    """What is known of a working picture.

    Attributes
    ----------
    boxes : ndarray of shape (M, 4), float32
        In its pixels, clipped to it, the ignored ones too.
    labels : ndarray of shape (M,), int64
    ignored : ndarray of shape (M,), bool
        Difficult objects and crowds: neither learnt from nor taken for background.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    ignored: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class AnchorTargets:
    """The sampled anchors of a picture: the foreground first, then the background.

    Attributes
    ----------
    places : ndarray of shape (S,), int64
        Among all anchors.
    n_foreground : int
    deltas : ndarray of shape (n_foreground, 4), float32
    """

    places: NDArray[np.int64]
    n_foreground: int
    deltas: NDArray[np.float32]


def label_anchors(
    anchors: NDArray[np.float32],
    objects: Objects,
    size: tuple[float, float],
    settings: DetectionSettings,
) -> NDArray[np.int64]:
    """The object of every anchor, or ``BACKGROUND``, or ``IGNORE`` (Ren et al. 2015, section 3.1.2).

    Foreground are anchors with an IoU of at least ``rpn_foreground`` with an object and each object's best;
    background are those below ``rpn_background`` with every object. Anchors that cross the border (by more
    than ``rpn_border`` of their sides) are ignored.

    Parameters
    ----------
    anchors : ndarray of shape (T, 4), float32
    objects : Objects
    size : (float, float)
        Rows and columns of the picture without its padding.
    settings : DetectionSettings

    Returns
    -------
    ndarray of shape (T,), int64
    """
    labels = np.full(len(anchors), IGNORE, np.int64)
    reach = settings.rpn_border * (anchors[:, 2:] - anchors[:, :2])
    inside = np.flatnonzero(
        (
            (anchors[:, :2] >= -reach) & (anchors[:, 2:] <= np.array([size[1], size[0]], np.float32) + reach)
        ).all(axis=1)
    )
    matched = match(
        anchors[inside],
        objects.boxes,
        foreground=settings.rpn_foreground,
        background=settings.rpn_background,
        force_best=True,
        ignore=objects.ignored,
    )
    labels[inside] = matched.indices
    return labels


def sample_anchors(
    anchors: NDArray[np.float32],
    objects: Objects,
    size: tuple[float, float],
    settings: DetectionSettings,
    rng: np.random.Generator,
) -> AnchorTargets:
    """Draw anchors to learn from, half of them foreground if there is so much (section 3.1.3)."""
    labels = label_anchors(anchors, objects, size, settings)
    foreground, background = sample(labels, settings.rpn_batch, foreground_fraction=0.5, random_state=rng)
    deltas = encode(anchors[foreground], objects.boxes[labels[foreground]], RPN_WEIGHTS)
    return AnchorTargets(
        np.concatenate([foreground, background]), len(foreground), deltas.astype(np.float32, copy=False)
    )


@dataclass(frozen=True, eq=False)
class RegionTargets:
    """The sampled regions of a picture: the foreground first.

    Attributes
    ----------
    boxes : ndarray of shape (S, 4), float32
    labels : ndarray of shape (S,), int64
        The class; K for background.
    objects : ndarray of shape (F, 4), float32
        The boxes of the objects that the foreground stands for.
    deltas : ndarray of shape (F, 4), float32
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    objects: NDArray[np.float32]
    deltas: NDArray[np.float32]


def sample_regions(
    proposals: NDArray[np.float32],
    objects: Objects,
    settings: DetectionSettings,
    rng: np.random.Generator,
) -> RegionTargets:
    """Draw regions for the box head (Girshick 2015, section 2.3).

    The objects' own boxes are among the proposals, so that an untrained region proposal network does not
    leave the head without foreground.
    """
    counted = ~objects.ignored
    candidates: NDArray[Any] = np.concatenate([proposals, objects.boxes[counted]])
    matched = match(
        candidates,
        objects.boxes,
        foreground=settings.roi_foreground,
        background_floor=settings.roi_background_floor,
        ignore=objects.ignored,
    )
    foreground, background = sample(
        matched.indices, settings.roi_batch, foreground_fraction=settings.roi_fraction, random_state=rng
    )
    own = objects.boxes[matched.indices[foreground]]
    labels = np.full(len(foreground) + len(background), settings.n_classes, np.int64)
    labels[: len(foreground)] = objects.labels[matched.indices[foreground]]
    boxes = candidates[np.concatenate([foreground, background])]
    deltas = encode(boxes[: len(foreground)], own, HEAD_WEIGHTS)
    return RegionTargets(boxes, labels, own, deltas.astype(np.float32, copy=False))
