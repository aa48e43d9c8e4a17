"""The regions of images: what was proposed, and what it covers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.data.dataset import Dataset
from foveal.events import Callbacks
from foveal.files import user_cache
from foveal.models.detection.targets import GroundTruth
from foveal.proposals import Proposer, propose_files


@dataclass(frozen=True, eq=False)
class ImageRegions:
    """The regions of one image.

    Attributes
    ----------
    boxes : ndarray of shape (P, 4), float32
        Proposals.
    truth : GroundTruth
        The objects, clipped to the image.
    """

    boxes: NDArray[np.float32]
    truth: GroundTruth

    @cached_property
    def objects(self) -> NDArray[np.float32]:
        """The boxes of the objects to learn from, (M, 4)."""
        return self.truth.boxes[~self.truth.ignored]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Their classes, (M,)."""
        return self.truth.labels[~self.truth.ignored]

    @cached_property
    def ignored(self) -> NDArray[np.float32]:
        """The boxes of objects that are neither learned from nor background, (I, 4)."""
        return self.truth.boxes[self.truth.ignored]

    def overlaps(self, n_classes: int) -> NDArray[np.float32]:
        """The best IoU of each proposal with an object of each class, shape (P, n_classes); 0 for none."""
        best = np.zeros((len(self.boxes), n_classes), np.float32)
        every = iou(self.boxes, self.objects)
        for label in np.unique(self.labels):
            best[:, label] = every[:, self.labels == label].max(axis=1)
        return best

    def unsure(self, threshold: float) -> NDArray[np.bool_]:
        """Which proposals overlap an ignored object by at least the threshold, shape (P,)."""
        return np.asarray(iou(self.boxes, self.ignored).max(axis=1, initial=-1) >= threshold)

    def matched(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The object that each proposal overlaps most (-1 where there are none) and the IoU."""
        if not len(self.objects):
            return np.full(len(self.boxes), -1, np.int64), np.zeros(len(self.boxes), np.float32)
        every = iou(self.boxes, self.objects)
        return every.argmax(axis=1), every.max(axis=1)

    def sound(self) -> "ImageRegions":
        """Without proposals and objects that have no area."""
        there = self.truth.ignored | _have_area(self.truth.boxes)
        truth = GroundTruth(self.truth.boxes[there], self.truth.labels[there], self.truth.ignored[there])
        return ImageRegions(self.boxes[_have_area(self.boxes)], truth)


def _have_area(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((boxes[:, 2:] > boxes[:, :2]).all(axis=1))


def regions_of(
    dataset: Dataset, proposer: Proposer, *, max_proposals: int, callbacks: Callbacks = ()
) -> list[ImageRegions]:
    """The best proposals of every image of a data set, and its objects.

    Proposals are kept in the user's cache (:func:`foveal.files.user_cache`).

    Parameters
    ----------
    dataset : Dataset
    proposer : Proposer
    max_proposals : int
        The best so many of each image.
    callbacks : sequence of callables

    Returns
    -------
    list of ImageRegions
    """
    paths = [sample.path for sample in dataset]
    proposed = propose_files(proposer, paths, number=max_proposals, cache=user_cache(), callbacks=callbacks)
    return [
        ImageRegions(found.proposals.boxes, GroundTruth.of(sample, (found.height, found.width)))
        for sample, found in zip(dataset, proposed, strict=True)
    ]
