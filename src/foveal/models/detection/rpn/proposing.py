"""From objectness and deltas of all anchors to proposals."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import clip, decode, grid_anchors, nms
from foveal.models.detection.settings import RPN_WEIGHTS, DetectionSettings

#: Proposals narrower or lower than this, in pixels of the working picture, are dropped.
MIN_SIDE = 1.0


def anchors_of(settings: DetectionSettings, shape: tuple[int, int]) -> list[NDArray[np.float32]]:
    """All anchors over a working picture, level by level.

    Parameters
    ----------
    settings : DetectionSettings
    shape : (int, int)
        Rows and columns of the padded picture, multiples of the coarsest stride.

    Returns
    -------
    list of ndarray of shape (rows * columns * A, 4), float32
        In the order of :func:`foveal.boxes.grid_anchors`.
    """
    return [
        grid_anchors((shape[0] // stride, shape[1] // stride), stride, np.reshape(sizes, (-1, 2)))
        for stride, sizes in zip(settings.strides, settings.anchors, strict=True)
    ]


def level_starts(anchors: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Where each level begins among all anchors, and the end of the last."""
    return np.cumsum([0, *(len(level) for level in anchors)])


def proposals_of(
    logits: NDArray[Any],
    deltas: NDArray[Any],
    anchors: NDArray[np.float32],
    starts: NDArray[np.int64],
    size: tuple[float, float],
    settings: DetectionSettings,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The proposals of one picture (Ren et al. 2015, section 3.3).

    The best ``pre_nms`` anchors of each level are moved by their deltas and clipped to the picture; of those
    that overlap much the best one stays, and of all the best ``post_nms``.

    Parameters
    ----------
    logits : ndarray of shape (T,)
    deltas : ndarray of shape (T, 4)
    anchors : ndarray of shape (T, 4), float32
    starts : ndarray of int64
        See :func:`level_starts`.
    size : (float, float)
        Rows and columns of the picture without its padding.
    settings : DetectionSettings

    Returns
    -------
    boxes : ndarray of shape (P, 4), float32
        In pixels of the working picture, best first.
    scores : ndarray of shape (P,), float32
        Objectness logits.
    """
    boxes, scores = candidates_of(logits, deltas, anchors, starts, size, settings)
    kept = nms(boxes, scores, settings.rpn_nms)[: settings.post_nms]
    return boxes[kept].astype(np.float32, copy=False), scores[kept].astype(np.float32, copy=False)


def candidates_of(
    logits: NDArray[Any],
    deltas: NDArray[Any],
    anchors: NDArray[np.float32],
    starts: NDArray[np.int64],
    size: tuple[float, float],
    settings: DetectionSettings,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """What :func:`proposals_of` suppresses: boxes and logits of the best anchors, moved and clipped."""
    chosen = np.concatenate(
        [start + _best(logits[start:end], settings.pre_nms) for start, end in pairwise(starts.tolist())]
    )
    boxes = clip(decode(anchors[chosen], deltas[chosen], RPN_WEIGHTS), size[1], size[0])
    scores = logits[chosen]
    large = ((boxes[:, 2:] - boxes[:, :2]) >= MIN_SIDE).all(axis=1)
    return boxes[large], scores[large]


def _best(values: NDArray[Any], number: int) -> NDArray[np.int64]:
    """Places of the largest values, the largest first; of equal ones the first."""
    if len(values) > number:
        # Equal values at the border are told apart by their places as well.
        border = np.partition(values, len(values) - number)[len(values) - number]
        some = np.flatnonzero(values >= border)
    else:
        some = np.arange(len(values))
    return some[np.argsort(-values[some], kind="stable")[:number]]
