"""What one step of a detector's training learns from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.targets import Objects


@dataclass(frozen=True, eq=False)
class ViewBatch:
    """Views of N pictures.

    Attributes
    ----------
    maps : dict of str to ndarray of shape (N, H, W, C), float32
        The frozen backbone's maps, by their names.
    sizes : ndarray of shape (N, 2), float32
        Rows and columns of each view, in pixels, without its padding.
    objects : list of Objects
    seeds : list of sequences of int
        What is drawn for each view depends on these alone.
    tunes : bool
        Whether the backbone's last stages learn too, and so compute their maps themselves.
    """

    maps: dict[str, NDArray[np.float32]]
    sizes: NDArray[np.float32]
    objects: list[Objects]
    seeds: list[list[int]]
    tunes: bool

    def __len__(self) -> int:
        return len(self.sizes)

    def size(self, place: int) -> tuple[float, float]:
        """Rows and columns of one view."""
        return float(self.sizes[place, 0]), float(self.sizes[place, 1])
