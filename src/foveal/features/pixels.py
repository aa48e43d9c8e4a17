"""The pixels themselves."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images import resize
from foveal.images.warping import warp


@dataclass(frozen=True)
class Pixels:
    """Raw pixels of a region brought to one size, from 0 to 1.

    Parameters
    ----------
    size : int, default=32
        Side of the square that a region is brought to.
    context : float, default=0.0
        See :func:`foveal.images.warp`.

    Examples
    --------
    >>> import numpy as np
    >>> Pixels(size=2).transform(np.full((1, 2, 2, 3), 255, np.uint8)).shape
    (1, 12)
    """

    size: int = 32
    context: float = 0.0

    @property
    def n_features(self) -> int:
        """``3 · size²``."""
        return 3 * self.size**2

    def transform(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, H, W, 3) uint8 to (N, n_features) float32."""
        if crops.shape[1:3] != (self.size, self.size):
            crops = np.array([resize(crop, (self.size, self.size)) for crop in crops], np.uint8)
        return crops.reshape(len(crops), self.n_features).astype(np.float32) / np.float32(255)

    def extract(self, image: NDArray[np.uint8], boxes: ArrayLike) -> NDArray[np.float32]:
        """Features of the regions of one image."""
        return self.transform(warp(image, boxes, self.size, context=self.context))

    def get_config(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {"kind": "pixels", **asdict(self)}
