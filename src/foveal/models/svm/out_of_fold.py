"""What SVMs say of training images that they were not trained on, for the calibration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.events import Callbacks
from foveal.metrics import first_hits
from foveal.models.detection.region_bank import RegionBank
from foveal.models.svm.examples import Examples
from foveal.models.svm.region_svms import FitSVMs, RegionSVMs


@dataclass(frozen=True, eq=False)
class Suppressed:
    """Regions moved class by class, and those that suppression left.

    Attributes
    ----------
    boxes : ndarray of shape (Q, 4), float32
        Moved, the probable regions of every class, class after class.
    values : ndarray of shape (Q,), float32
        Their decision values.
    labels, rois : ndarray of shape (Q,), int64
        Their classes, and the region that each came from.
    kept : ndarray of shape (D,), int64
        Class after class, best first.
    """

    boxes: NDArray[np.float32]
    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    rois: NDArray[np.int64]
    kept: NDArray[np.int64]


#: From SVMs, features and proposals to detections.
Suppress = Callable[[RegionSVMs, NDArray[np.float32], NDArray[np.float32]], Suppressed]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Detections on images that the SVMs were not trained on.

    Attributes
    ----------
    values : ndarray of shape (N,), float32
        Decision values.
    labels : ndarray of shape (N,), int64
        The classes they are of.
    correct : ndarray of shape (N,), bool
        Whether each is the first to overlap an object of its class by half.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    correct: NDArray[np.bool_]


def out_of_fold_detections(
    bank: RegionBank,
    examples: Examples,
    suppress: Suppress,
    fit_svms: FitSVMs,
    *,
    folds: int,
    random_state: int,
    callbacks: Callbacks = (),
) -> OutOfFold:
    """Cross-validation: hold out each fold of the images, train on the rest, and judge what is found.

    With fewer than two images there are no folds and the answer is empty. Detections that overlap an
    ignored object by half, and no other, are left out.
    """
    n_images, n_classes = len(bank.images), examples.n_classes
    values, labels, correct = [np.zeros(0, np.float32)], [np.zeros(0, np.int64)], [np.zeros(0, bool)]
    folds = min(folds, n_images)
    order = np.random.default_rng(random_state).permutation(n_images)
    for fold in range(folds if folds >= 2 else 0):
        held = np.sort(order[fold::folds])
        svms = fit_svms(examples, without=held, callbacks=callbacks)

        def judge(index: int, features: NDArray[np.float32], svms: RegionSVMs = svms) -> OutOfFold:
            regions = bank.images[index]
            found = suppress(svms, features, regions.boxes)
            boxes, scores = found.boxes[found.kept], found.values[found.kept]
            classes = found.labels[found.kept]
            right = np.zeros(len(boxes), bool)
            for label in range(n_classes):
                rows = np.flatnonzero(classes == label)
                objects = regions.objects[regions.labels == label]
                if len(rows) and len(objects):
                    right[rows] = first_hits(iou(boxes[rows], objects))
            sure = right | (iou(boxes, regions.ignored).max(axis=1, initial=0) < 0.5)
            return OutOfFold(scores[sure], classes[sure], right[sure])

        for judged in bank.visit(judge, f"calibration {fold + 1} of {folds}", held.tolist()):
            values.append(judged.values)
            labels.append(judged.labels)
            correct.append(judged.correct)
    return OutOfFold(np.concatenate(values), np.concatenate(labels), np.concatenate(correct))
