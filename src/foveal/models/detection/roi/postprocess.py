"""From the box head's outputs to detections."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import clip, decode, nms
from foveal.models.detection.settings import HEAD_WEIGHTS, DetectionSettings
from foveal.nn import softmax


def detections_of(
    logits: NDArray[Any],
    deltas: NDArray[Any],
    regions: NDArray[np.float32],
    size: tuple[float, float],
    settings: DetectionSettings,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """The detections of one picture.

    Every region stands for a box of every class that is probable enough, moved by that class's deltas;
    suppression goes class by class.

    Parameters
    ----------
    logits : ndarray of shape (R, K + 1)
        The background last.
    deltas : ndarray of shape (R, K, 4)
    regions : ndarray of shape (R, 4), float32
    size : (float, float)
        Rows and columns of the picture without its padding.
    settings : DetectionSettings

    Returns
    -------
    boxes : ndarray of shape (D, 4), float32
        In pixels of the working picture.
    scores : ndarray of shape (D,), float32
        Probabilities, falling.
    labels : ndarray of shape (D,), int64
    """
    probabilities = softmax(logits)[:, :-1]
    rows, labels = np.nonzero(probabilities >= settings.min_score)
    boxes = clip(decode(regions[rows], deltas[rows, labels], HEAD_WEIGHTS), size[1], size[0])
    scores = probabilities[rows, labels]
    kept = nms(boxes, scores, settings.nms, labels)
    kept = kept[(boxes[kept, 2:] > boxes[kept, :2]).all(axis=1)][: settings.max_detections]
    return (
        boxes[kept].astype(np.float32, copy=False),
        scores[kept].astype(np.float32, copy=False),
        labels[kept].astype(np.int64),
    )
