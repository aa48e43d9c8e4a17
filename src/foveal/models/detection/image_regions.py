"""The regions of one image: proposals and what they cover."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou


@dataclass(frozen=True, eq=False)
class ImageRegions:
    """The regions of one image.

    Attributes
    ----------
    boxes : ndarray of shape (P, 4), float32
        Proposals.
    objects : ndarray of shape (M, 4), float32
        The objects to learn from, clipped to the image.
    labels : ndarray of shape (M,), int64
        Their classes.
    ignored : ndarray of shape (I, 4), float32
        Objects that are neither learnt from nor counted as background: difficult ones and crowds.
    """

    boxes: NDArray[np.float32]
    objects: NDArray[np.float32]
    labels: NDArray[np.int64]
    ignored: NDArray[np.float32]

    def overlaps(self, n_classes: int) -> NDArray[np.float32]:
        """The best IoU of each proposal with an object of each class, shape (P, n_classes); 0 for none."""
        best = np.zeros((len(self.boxes), n_classes), np.float32)
        if len(self.objects):
            every = iou(self.boxes, self.objects)
            for label in np.unique(self.labels):
                best[:, label] = every[:, self.labels == label].max(axis=1)
        return best

    def unsure(self, threshold: float) -> NDArray[np.bool_]:
        """Which proposals overlap an ignored object by at least the threshold, shape (P,)."""
        if not len(self.ignored):
            return np.zeros(len(self.boxes), np.bool_)
        return np.asarray(iou(self.boxes, self.ignored).max(axis=1) >= threshold)

    def matched(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The object that each proposal overlaps most (-1 where there are none) and the IoU."""
        if not len(self.objects):
            return np.full(len(self.boxes), -1, np.int64), np.zeros(len(self.boxes), np.float32)
        every = iou(self.boxes, self.objects)
        return every.argmax(axis=1), every.max(axis=1)
