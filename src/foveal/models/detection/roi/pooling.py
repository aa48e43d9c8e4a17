"""What the maps show of regions of interest, aligned to a grid (Girshick 2015; He et al. 2017)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from foveal.models.parameter_checks import Range
from foveal.nn.functional import roi_align, roi_align_backward


@dataclass(frozen=True)
class RoIPooling:
    """RoIAlign on every map of a pyramid, the maps joined.

    A region is not assigned to the one map of its size (Lin et al. 2017, equation 1), but looked at in each.

    Parameters
    ----------
    strides : tuple of int
        Pixels of the image from one place of each map to the next.
    size : int, default=7
        Rows and columns that a region is divided into (He et al. 2017, section 3).
    sampling_ratio : int, default=2
        Rows and columns of points that each of these cells is the mean of.
    join : {"sum", "concat"}, default="concat"
        Whether the maps, which then have equally many channels, are added up, or lie side by side.

    Examples
    --------
    >>> pool = RoIPooling((8, 16), size=2)
    >>> maps = [np.ones((1, 4, 4, 3), np.float32), np.ones((1, 2, 2, 5), np.float32)]
    >>> pool(maps, np.float32([[0, 0, 16, 24]]), np.zeros(1, np.int64)).shape
    (1, 2, 2, 8)
    """

    ranges: ClassVar[dict[str, Range]] = {
        "strides": Range(1, 4096, whole=True, many=True),
        "size": Range(1, 64, whole=True),
        "sampling_ratio": Range(0, 16, whole=True),
    }

    strides: tuple[int, ...]
    size: int = 7
    sampling_ratio: int = 2
    join: Literal["sum", "concat"] = "concat"

    def __call__(
        self, levels: Sequence[NDArray[Any]], rois: NDArray[np.float32], image_indices: NDArray[np.int64]
    ) -> NDArray[Any]:
        """What is seen of regions.

        Parameters
        ----------
        levels : sequence of ndarray of shape (N, H, W, C)
        rois : ndarray of shape (R, 4), float32
            In pixels of the working images.
        image_indices : ndarray of shape (R,), int64
            The image of each.

        Returns
        -------
        ndarray of shape (R, size, size, C)
            Of the maps' dtype; C is the sum of the maps' channels where they are joined by "concat". R may be
            0.
        """
        seen = [
            roi_align(
                level,
                rois,
                image_indices,
                self.size,
                spatial_scale=1 / stride,
                sampling_ratio=self.sampling_ratio,
            )
            for level, stride in zip(levels, self.strides, strict=True)
        ]
        if self.join == "concat":
            return np.concatenate(seen, axis=3)
        return sum(seen[1:], seen[0])

    def backward(
        self,
        grad: NDArray[Any],
        shapes: Sequence[tuple[int, ...]],
        rois: NDArray[np.float32],
        image_indices: NDArray[np.int64],
    ) -> list[NDArray[Any]]:
        """Gradients by the maps, whose shapes are given, from that by what was seen of the regions."""
        channels = [shape[3] for shape in shapes]
        parts = (
            np.split(grad, np.cumsum(channels)[:-1], axis=3)
            if self.join == "concat"
            else [grad] * len(channels)
        )
        return [
            roi_align_backward(
                np.ascontiguousarray(part),
                shape,
                rois,
                image_indices,
                self.size,
                spatial_scale=1 / stride,
                sampling_ratio=self.sampling_ratio,
            )
            for part, shape, stride in zip(parts, shapes, self.strides, strict=True)
        ]


def stack_rois(boxes: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes of several images one after the other, (R, 4), and the image of each, (R,).

    Examples
    --------
    >>> stack_rois([np.zeros((2, 4), np.float32), np.zeros((1, 4), np.float32)])[1]
    array([0, 0, 1])
    """
    return np.concatenate(boxes), np.repeat(np.arange(len(boxes)), [len(some) for some in boxes])
