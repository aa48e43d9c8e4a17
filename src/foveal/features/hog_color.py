"""Shape and colour together: the hand-made features of a region."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.errors import SettingError
from foveal.features.color import color_histogram
from foveal.features.hog import CHANNELS, hog
from foveal.images import resize
from foveal.images.warping import warp

# Regions at a time: what is in flight stays in the cache.
_BATCH = 64


@dataclass(frozen=True)
class HogColor:
    """Histograms of oriented gradients and of colours, side by side.

    Parameters
    ----------
    size : int, default=48
        Side in pixels of the square that an image or region is brought to.
    cell : int, default=8
        Side of a cell of the gradient histograms.
    grid : int, default=4
        Cells a side of the colour histograms.
    bins : int, default=8
        Bins a colour channel.
    context : float, default=0.07
        How much of the square, on each side, shows what lies around the region (R-CNN's 16 pixels of
        227); see :func:`foveal.images.warp`. ``transform`` takes images whole.
    color_weight : float, default=1.0
        What the colour histograms are multiplied by; 0 leaves them out.

    Examples
    --------
    >>> import numpy as np
    >>> features = HogColor()
    >>> image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    >>> features.extract(image, [[0, 0, 20, 20], [10, 8, 50, 40]]).shape == (2, features.n_features)
    True
    """

    size: int = 48
    cell: int = 8
    grid: int = 4
    bins: int = 8
    context: float = 0.07
    color_weight: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.cell <= self.size:
            raise SettingError(
                f"The squares of HogColor hold at least one cell; got size={self.size} and cell={self.cell}."
            )
        if not 0 <= self.context < 0.5:
            raise SettingError(f"context is a share of the square in [0, 0.5); got {self.context}.")
        if self.grid < 1 or self.bins < 2:
            raise SettingError(
                f"A histogram has at least two bins and one cell; got bins={self.bins} and grid={self.grid}."
            )

    @property
    def n_features(self) -> int:
        """The length of a feature vector."""
        color = self.grid**2 * 3 * self.bins if self.color_weight else 0
        return (self.size // self.cell) ** 2 * CHANNELS + color

    def transform(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of images.

        Parameters
        ----------
        crops : ndarray of shape (N, H, W, 3), uint8

        Returns
        -------
        ndarray of shape (N, n_features), float32
        """
        out = np.empty((len(crops), self.n_features), np.float32)
        shapes = (self.size // self.cell) ** 2 * CHANNELS
        for start in range(0, len(crops), _BATCH):
            batch = crops[start : start + _BATCH]
            if batch.shape[1:3] != (self.size, self.size):
                batch = np.array([resize(crop, (self.size, self.size)) for crop in batch], np.uint8)
            rows = out[start : start + _BATCH]
            rows[:, :shapes] = hog(batch, self.cell).reshape(len(batch), -1)
            if self.color_weight:
                colors = color_histogram(batch, self.grid, self.bins).reshape(len(batch), -1)
                np.multiply(colors, np.float32(self.color_weight), out=rows[:, shapes:])
        return out

    def extract(self, image: NDArray[np.uint8], boxes: ArrayLike) -> NDArray[np.float32]:
        """Features of the regions ``x1, y1, x2, y2`` of one image, (N, n_features) float32."""
        return self.transform(warp(image, boxes, self.size, context=self.context))

    def get_config(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {"kind": "hog-color", **asdict(self)}
