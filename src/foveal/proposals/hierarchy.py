"""Which regions merged, when, and at what similarity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.strategies import Strategy


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The tree that one strategy grew over one segmentation.

    Regions 0 … N - 1 are those of the segmentation; region N + i is what the i-th joining made; the last
    one is the whole image.

    Attributes
    ----------
    strategy : Strategy
        Colour space, ``k`` and similarities.
    labels : ndarray of shape (H', W'), int32
        The first segmentation, at the size at which the image was worked on.
    boxes : ndarray of shape (2 N - 1, 4), float32
        The bounding box of each region, in pixels of the image.
    sizes : ndarray of shape (2 N - 1,), int32
        Pixels of each region, at working size.
    joined : ndarray of shape (N - 1, 2), int32
        The two regions that were joined each time, the older first.
    similarities : ndarray of shape (N - 1,), float32
        Their similarity when they were joined: the sum of the strategy's measures, from 0 to their number.
    """

    strategy: Strategy
    labels: NDArray[np.int32]
    boxes: NDArray[np.float32]
    sizes: NDArray[np.int32]
    joined: NDArray[np.int32]
    similarities: NDArray[np.float32]

    def __len__(self) -> int:
        """The number of regions that ever existed, 2 N - 1."""
        return len(self.boxes)

    @property
    def number(self) -> int:
        """How many regions the first segmentation has: N."""
        return (len(self.boxes) + 1) // 2

    @property
    def parents(self) -> NDArray[np.int32]:
        """The region that each one became part of, shape (2 N - 1,), int32; -1 for the whole image.

        Examples
        --------
        >>> image = np.zeros((20, 30, 3), np.uint8)
        >>> image[:, 15:] = 255
        >>> from foveal.proposals import SelectiveSearch
        >>> tree = SelectiveSearch("single", sigma=0).propose(image).hierarchy[0]
        >>> tree.parents
        array([ 2,  2, -1], dtype=int32)
        """
        parents = np.full(len(self), -1, np.int32)
        made = np.arange(self.number, len(self), dtype=np.int32)
        parents[self.joined[:, 0]] = made
        parents[self.joined[:, 1]] = made
        return parents

    def level(self, number: int) -> NDArray[np.int32]:
        """The image parted into so many regions: the grouping stopped early.

        Parameters
        ----------
        number : int
            From 1, the whole image, to N, the first segmentation; beyond it N.

        Returns
        -------
        ndarray of shape (H', W'), int32
            The region of each pixel, by its index in this hierarchy.

        Raises
        ------
        ValueError
            If ``number`` is below 1.
        """
        if number < 1:
            raise ValueError(f"An image has at least 1 region; got {number}.")
        joinings = max(0, self.number - number)
        now = np.arange(self.number + joinings, dtype=np.int32)
        # A region's parent is younger: from the youngest back, each takes what its parent has become.
        for i in range(joinings - 1, -1, -1):
            now[self.joined[i]] = now[self.number + i]
        return now[: self.number][self.labels]
