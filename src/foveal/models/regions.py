"""The regions of a training set: proposals, what they cover, and their features on demand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip, iou
from foveal.data.dataset import Dataset, Sample
from foveal.events import Callbacks, stage
from foveal.features import RegionFeatures
from foveal.files import user_cache
from foveal.images import read
from foveal.proposals import FileProposals, Proposer, propose_files

Answer = TypeVar("Answer")


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


class RegionBank:
    """Proposals of every image of a data set, and their features when they are asked for.

    Features of all proposals together may be larger than memory: they are kept, in half precision, up
    to a limit, and computed again beyond it. Proposals are kept on disk as well, in the user's cache
    (:func:`foveal.files.user_cache`).

    Parameters
    ----------
    dataset : Dataset
    proposer : Proposer
    features : RegionFeatures
    max_proposals : int
        The best so many of each image.
    memory : float
        Bytes of features to keep.
    callbacks : sequence of callables
    """

    def __init__(
        self,
        dataset: Dataset,
        proposer: Proposer,
        features: RegionFeatures,
        *,
        max_proposals: int,
        memory: float = 3e9,
        callbacks: Callbacks = (),
    ) -> None:
        self.dataset = dataset
        self.features = features
        self._callbacks = callbacks
        proposed = propose_files(
            proposer,
            [sample.path for sample in dataset],
            number=max_proposals,
            cache=user_cache(),
            callbacks=callbacks,
        )
        self.images = [_regions(s, p) for s, p in zip(dataset.samples, proposed, strict=True)]
        total = sum(len(image.boxes) for image in self.images)
        self._keeps = total * features.n_features * 2 <= memory
        self._kept: dict[int, NDArray[np.float16]] = {}

    def read(self, index: int) -> NDArray[np.uint8]:
        """The pixels of an image."""
        return read(self.dataset[index].path)

    def visit(
        self,
        function: Callable[[int, NDArray[np.float32]], Answer],
        name: str,
        indices: Sequence[int] | None = None,
    ) -> list[Answer]:
        """Call a function with the index and the features, (P, D), of every image.

        Parameters
        ----------
        function : callable
            Called from several threads.
        name : str
            The stage to report.
        indices : sequence of int, optional
            Which images; all by default.

        Returns
        -------
        list
            What the function answered, in the order of the images.
        """
        chosen = range(len(self.images)) if indices is None else indices

        def one(index: int) -> Answer:
            kept = self._kept.get(index)
            if kept is not None:
                return function(index, kept.astype(np.float32))
            # Rounded whether it is kept or not: what is learnt must not depend on the memory.
            half = self.features.extract(self.read(index), self.images[index].boxes).astype(np.float16)
            if self._keeps:
                self._kept[index] = half
            return function(index, half.astype(np.float32))

        with stage(self._callbacks, name, len(chosen)) as progress:
            return parallel.map(one, chosen, done=progress)


def _regions(sample: Sample, proposed: FileProposals) -> ImageRegions:
    objects = clip(sample.boxes, proposed.width, proposed.height)
    good = sample.trainable
    ignored = sample.difficult | sample.crowd
    return ImageRegions(proposed.proposals.boxes, objects[good], sample.labels[good], objects[ignored])
