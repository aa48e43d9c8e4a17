"""The regions of a training set: proposals, what they cover, and their features on demand."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Dataset
from foveal.events import Callbacks, stage
from foveal.features import RegionFeatures, regions_on_maps
from foveal.images import read
from foveal.models.detection.frozen_maps import FrozenMaps, channel_scaling, mirrored_boxes
from foveal.models.detection.image_regions import regions_of
from foveal.proposals import Proposer

Answer = TypeVar("Answer")

# The length that vectors read off maps have on average (Girshick et al. 2014's program: 20).
_NORM = 20.0


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
    flip : bool
        Whether objects of mirrored images will be asked for.
    callbacks : sequence of callables

    Attributes
    ----------
    scaling : tuple of ndarray of shape (D,), float32, or None
        Where the features are read off maps that all regions of an image share: mean and scale that the
        features of this bank were standardised by. The maps are kept instead of the features.
    """

    def __init__(
        self,
        dataset: Dataset,
        proposer: Proposer,
        features: RegionFeatures,
        *,
        max_proposals: int,
        memory: float = 1.2e9,
        flip: bool = True,
        callbacks: Callbacks = (),
    ) -> None:
        self.dataset = dataset
        self.features = features
        self._callbacks = callbacks
        self.images = regions_of(dataset, proposer, max_proposals=max_proposals, callbacks=callbacks)
        total = sum(len(image.boxes) for image in self.images)
        self._keeps = total * features.n_features * 2 <= memory
        self._kept: dict[int, NDArray[np.float16]] = {}
        self.scaling: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._maps: FrozenMaps | None = None
        on_maps = regions_on_maps(features)
        if on_maps is None:
            return
        self._maps = FrozenMaps(dataset.samples, on_maps, mirror=flip, memory=memory)
        self._maps.complete(callbacks)
        mean, scale = channel_scaling(self._maps)
        # All vectors of about one length, on which the SVMs' C depends (Girshick et al. 2014 do the same).
        scale = scale * np.float32(np.sqrt(on_maps.n_features) / _NORM)
        # A region's numbers lie map by map, cell by cell.
        ends = np.cumsum([on_maps.channels[level] for level in on_maps.levels])[:-1]
        order = np.concatenate([np.tile(p, on_maps.grid**2) for p in np.split(np.arange(len(mean)), ends)])
        self.scaling = mean[order], scale[order]

    def describe(
        self, index: int, boxes: NDArray[np.float32], *, mirrored: bool = False
    ) -> NDArray[np.float32]:
        """Features of regions of an image, or of its mirror image, whose regions are given unmirrored.

        Parameters
        ----------
        index : int
        boxes : ndarray of shape (N, 4), float32
            In pixels of the image.
        mirrored : bool, default=False

        Returns
        -------
        ndarray of shape (N, D), float32
        """
        if not len(boxes):
            return np.zeros((0, self.features.n_features), np.float32)
        if self._maps is not None and self.scaling is not None:
            view = self._maps.view(index, mirrored)
            cells = self._maps.features.describe(view.levels, view.to_working(boxes))
            cells -= self.scaling[0]
            cells /= self.scaling[1]
            return cells
        image = self.read(index)
        if mirrored:
            boxes = mirrored_boxes(boxes, image.shape[1])
            image = np.ascontiguousarray(image[:, ::-1])
        return self.features.extract(image, boxes)

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
            # Rounded whether it is kept or not: what is learned must not depend on the memory.
            described = self.describe(index, self.images[index].boxes)
            if self._maps is not None:
                return function(index, described)
            half = described.astype(np.float16)
            if self._keeps:
                self._kept[index] = half
            return function(index, half.astype(np.float32))

        with stage(self._callbacks, name, len(chosen)) as progress:
            return parallel.map(one, chosen, done=progress)
