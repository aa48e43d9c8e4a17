"""Layers that read regions of feature maps: RoIAlign, RoIPool, and RoIAlign over a pyramid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.memory import empty
from foveal.nn.functional.roi_align import (
    align,
    align_weights,
    checked_maps,
    checked_regions,
    gather,
    scatter,
)
from foveal.nn.functional.windows import Pair, pair
from foveal.nn.module import Module


class RoIAlign(Module):
    """A grid of means for each region of interest, without rounding (He et al. 2017).

    It is called with maps, boxes in pixels of the image and the image of each box.

    Parameters
    ----------
    output_size : int or (int, int)
        Rows, columns of bins.
    spatial_scale : float
        Cells of the map to a pixel of the image: 1 / 16 for a map of stride 16.
    sampling_ratio : int, default=2
        Points along each side of a bin; 0 takes as many as the bin is cells long. See
        :func:`foveal.nn.functional.roi_align`.

    Examples
    --------
    >>> RoIAlign(7, 1 / 16)(np.zeros((1, 20, 30, 64), np.float32), [[0, 0, 100, 80]], [0]).shape
    (1, 7, 7, 64)
    """

    shown = ("output_size", "spatial_scale", "sampling_ratio")

    def __init__(self, output_size: Pair, spatial_scale: float, sampling_ratio: int = 2) -> None:
        self.output_size = pair(output_size)
        self.spatial_scale, self.sampling_ratio = spatial_scale, sampling_ratio

    def forward(self, x: NDArray[Any], boxes: ArrayLike, image_indices: ArrayLike) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.roi_align`."""
        x = checked_maps(x)
        found = align_weights(x.shape, x.dtype, boxes, image_indices, *self._arguments())
        self.save(found, x.shape)
        return align(x, found)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.roi_align_backward`."""
        found, shape = self.saved()
        return scatter(grad, shape, found, np.arange(len(grad))) if needs_input_grad else None


class RoIPool(Module):
    """The largest value in each bin of a region of interest, on whole cells (Girshick 2015).

    It is called with maps, boxes in pixels of the image and the image of each box.

    Parameters
    ----------
    output_size, spatial_scale
        See :class:`RoIAlign` and :func:`foveal.nn.functional.roi_pool`.

    Examples
    --------
    >>> RoIPool(7, 1 / 16)(np.zeros((1, 20, 30, 64), np.float32), [[0, 0, 100, 80]], [0]).shape
    (1, 7, 7, 64)
    """

    shown = ("output_size", "spatial_scale")

    def __init__(self, output_size: Pair, spatial_scale: float) -> None:
        self.output_size, self.spatial_scale = pair(output_size), spatial_scale

    def forward(self, x: NDArray[Any], boxes: ArrayLike, image_indices: ArrayLike) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.roi_pool`."""
        y, places = F.roi_pool(x, boxes, image_indices, self.output_size, spatial_scale=self.spatial_scale)
        self.save(places, x.shape, np.array(image_indices, np.int64))
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.roi_pool_backward`."""
        places, shape, images = self.saved()
        return F.roi_pool_backward(grad, places, shape, images) if needs_input_grad else None


class PyramidRoIAlign(Module):
    """RoIAlign from the level of a feature pyramid that fits each region's size (Lin et al. 2017).

    Called with a list of maps, finest first, boxes in pixels of the image and the image of each box. Its
    backward pass returns a list of gradients, one a map.

    Parameters
    ----------
    output_size : int or (int, int)
        Rows, columns of bins.
    strides : sequence of int
        Pixels of the image to a cell, for each map.
    sampling_ratio : int, default=2
        See :func:`foveal.nn.functional.roi_align`.
    canonical_size : float, default=224
    canonical_level : int, optional
        Which map a region of the canonical size is read from; by default the one of stride 16. See
        :func:`foveal.nn.functional.pyramid_levels`.

    Examples
    --------
    >>> maps = [np.ones((1, 64 // stride, 64 // stride, 8), np.float32) for stride in (8, 16)]
    >>> PyramidRoIAlign(7, (8, 16))(maps, [[0, 0, 64, 64], [0, 0, 9, 9]], [0, 0]).shape
    (2, 7, 7, 8)
    """

    shown = ("output_size", "strides", "sampling_ratio", "canonical_size", "canonical_level")

    def __init__(
        self,
        output_size: Pair,
        strides: Sequence[int],
        sampling_ratio: int = 2,
        canonical_size: float = 224.0,
        canonical_level: int | None = None,
    ) -> None:
        self.output_size, self.strides = pair(output_size), tuple(strides)
        self.sampling_ratio = sampling_ratio
        self.canonical_size, self.canonical_level = canonical_size, canonical_level

    def forward(
        self, maps: Sequence[NDArray[Any]], boxes: ArrayLike, image_indices: ArrayLike
    ) -> NDArray[Any]:
        """Each region from the map of its level.

        Raises
        ------
        ValueError
            If there are not as many maps as strides, or as :func:`foveal.nn.functional.roi_align`.
        """
        if len(maps) != len(self.strides):
            raise ValueError(
                f"PyramidRoIAlign takes {len(self.strides)} maps, one a stride, not {len(maps)}."
            )
        maps = [checked_maps(x) for x in maps]
        corners, images = checked_regions(boxes, image_indices, maps[0].shape)
        levels = F.pyramid_levels(corners, self.strides, self.canonical_size, self.canonical_level)
        y = empty((len(corners), *self.output_size, maps[0].shape[3]), maps[0].dtype)
        parts = []
        for level, (x, stride) in enumerate(zip(maps, self.strides, strict=True)):
            places = np.flatnonzero(levels == level)
            settings = (self.output_size, 1 / stride, self.sampling_ratio)
            found = align_weights(x.shape, x.dtype, corners[places], images[places], *settings)
            gather(x, found, y, places)
            parts.append((x.shape, found, places))
        self.save(parts)
        return y

    def backward(  # type: ignore[override]
        self, grad: NDArray[Any], *, needs_input_grad: bool = True
    ) -> list[NDArray[Any]] | None:
        """The gradient by each map; None where it is not asked for."""
        (parts,) = self.saved()
        if not needs_input_grad:
            return None
        return [scatter(grad, shape, found, places) for shape, found, places in parts]
