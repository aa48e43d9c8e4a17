"""The regions of a training set: proposals, what they cover, and their features on demand."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Dataset
from foveal.events import Callbacks, stage
from foveal.features import RegionFeatures
from foveal.images import read
from foveal.models.region_proposals import regions_of
from foveal.proposals import Proposer

Answer = TypeVar("Answer")


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
        self.images = regions_of(dataset, proposer, max_proposals=max_proposals, callbacks=callbacks)
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
