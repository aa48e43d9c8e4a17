"""Graph-based segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.scratch import scratch


def segment(
    image: NDArray[np.uint8] | NDArray[np.float32],
    k: float = 100.0,
    *,
    sigma: float = 0.8,
    min_size: int | None = None,
) -> NDArray[np.int32]:
    """Part an image into regions by Felzenszwalb & Huttenlocher's graph-based segmentation.

    The image is smoothed by a Gaussian; each pixel is joined to its eight neighbours by edges that weigh
    the Euclidean distance of their colours. The edges are gone through from the lightest to the heaviest.
    An edge of weight ``w`` between two components joins them if ::

        w <= min(Int(C1) + k / |C1|, Int(C2) + k / |C2|)        (equations 3 and 4)

    where ``Int(C)`` is the heaviest edge by which the component grew (equation 1) and ``|C|`` its number
    of pixels. In the end components smaller than ``min_size`` are joined to a neighbour along the lightest
    edge.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C), uint8 or float32
        Any number of channels; the weights are differences of its values, so ``k`` belongs to a scale of
        0 to 255.
    k : float, default=100.0
        Scale of observation: larger values give larger regions. Not a smallest size.
    sigma : float, default=0.8
        Standard deviation of the smoothing in pixels; 0 for none.
    min_size : int, optional
        Smallest region in pixels; ``k`` by default, as in Uijlings et al. (2013)'s software.

    Returns
    -------
    ndarray of shape (H, W), int32
        The region of each pixel, counted from 0 in the order in which a reader meets them. Each
        region is connected (by sides or corners).

    Raises
    ------
    ValueError
        If the image is empty or not of the shape above, ``k`` is negative or ``sigma`` is.

    Notes
    -----
    Squared weights are rounded to eight significant bits and sorted by counting. Edges of equal rounded
    weight come in a fixed order; the result is therefore the same on every run.

    An edge that is the heaviest of a triangle or a square of neighbouring pixels is not looked at: the
    lighter way round joins the same two pixels before. That leaves 1.6 of the four edges a pixel. It can
    matter where the way round leads through a component that has stopped growing: on photographs the
    adjusted Rand index with and without these edges is 0.99 or more.

    References
    ----------
    P. F. Felzenszwalb, D. P. Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 59, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((4, 6), np.uint8)
    >>> image[:, 3:] = 200
    >>> segment(image, k=10, sigma=0, min_size=1)[0]
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    """
    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.size == 0:
        raise ValueError(f"An image to segment is (H, W) or (H, W, C) with pixels in it; got {image.shape}.")
    if not 0 <= k < np.inf or not 0 <= sigma < np.inf:
        raise ValueError(f"k and sigma are numbers from 0; got k={k} and sigma={sigma}.")
    graph = PixelGraph.of(planes_of(image, sigma))
    return graph.segmentations([k], min_sizes=[k if min_size is None else min_size])[0].labels


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A partition of an image into connected regions.

    Attributes
    ----------
    labels : ndarray of shape (H, W), int32
        The region of each pixel, from 0, in reading order.
    number : int
        How many regions there are.
    """

    labels: NDArray[np.int32]
    number: int


@dataclass(frozen=True, eq=False)
class PixelGraph:
    """The neighbouring pixels of an image and how unlike they are, sorted once for every ``k``.

    Attributes
    ----------
    shape : tuple of int
        Height and width.
    edges : ndarray of shape (E,), uint32
        By rising weight.
    ends : ndarray of shape (32768,), uint32
        Where the edges of each rounded weight end.
    """

    shape: tuple[int, int]
    edges: NDArray[np.uint32]
    ends: NDArray[np.uint32]

    @classmethod
    def of(cls, planes: NDArray[np.float32]) -> PixelGraph:
        """The graph of an image of shape (C, H, W), float32."""
        from foveal.proposals._segmentation_kernels import edge_keys, needed, sorted_edges

        _, height, width = planes.shape
        keys = scratch("keys", (4, height, width), np.int16)
        kept = scratch("kept", (4, height, width), np.uint8)
        squared = np.empty((4, width), np.float32)
        edge_keys(planes, keys, squared, squared.view(np.int32))
        needed(keys, kept)
        room = 4 * height * width + 1
        edges, ends = sorted_edges(
            keys, kept, scratch("edges", (room,), np.uint32), scratch("edge keys", (room,), np.uint16)
        )
        return cls((height, width), edges, ends)

    def segmentations(
        self, ks: Sequence[float], *, min_sizes: Sequence[float] | None = None, nested: bool = False
    ) -> list[Segmentation]:
        """A segmentation for each ``k``.

        Parameters
        ----------
        ks : sequence of float
        min_sizes : sequence of float, optional
            The smallest region of each, in pixels; the ``k`` themselves by default.
        nested : bool, default=False
            Let each ``k`` go on from where the one before it stopped, with the edges that it rejected. That
            is faster and not the same: what a small ``k`` has joined stays joined. ``ks`` must rise.

        Returns
        -------
        list of Segmentation
        """
        from foveal.proposals._segmentation_kernels import by_key, finish, grow

        height, width = self.shape
        found: list[Segmentation] = []
        before: float | None = None
        rejected, keys = self.edges[:0], np.zeros(0, np.uint16)
        for k, min_size in zip(ks, ks if min_sizes is None else min_sizes, strict=True):
            if before is None or not nested:
                edges, ends = self.edges, self.ends
                parent, size, limit = _apart(height * width, k)
            else:
                # What stays of the k before: components, and the edges that it rejected.
                edges, ends = by_key(rejected, keys)
                limit += np.float32(k - before) / size.astype(np.float32)
            rejected, keys = grow(edges, ends, _weights(), width, float(k), parent, size, limit)
            before = float(k)
            if nested:
                labels, number = finish(rejected, height, width, int(min_size), parent.copy(), size.copy())
            else:
                labels, number = finish(rejected, height, width, int(min_size), parent, size)
            found.append(Segmentation(np.asarray(labels), int(number)))
        return found


def _apart(pixels: int, k: float) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.float32]]:
    """Every pixel a component of its own: parent, size and limit."""
    parent, size = scratch("parent", (pixels,), np.uint32), scratch("size", (pixels,), np.int32)
    limit = scratch("limit", (pixels,), np.float32)
    parent[:] = np.arange(pixels, dtype=np.uint32)
    size.fill(1)
    limit.fill(k)
    return parent, size, limit


@cache
def _weights() -> NDArray[np.float32]:
    """The weight that each key stands for: the middle of its bucket; no difference is no weight."""
    from foveal.proposals._segmentation_kernels import BUCKETS, NO_EDGE

    bits = (np.arange(BUCKETS, dtype=np.int32) << 16) + (1 << 15)
    weights = np.full(BUCKETS, np.inf, np.float32)
    weights[:NO_EDGE] = np.sqrt(bits[:NO_EDGE].view(np.float32))
    weights[0] = 0
    return weights


def planes_of(image: NDArray[np.uint8] | NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """The channels of an image (H, W, C), smoothed by a Gaussian, as float32 of shape (C, H, W).

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    sigma : float
        In pixels; 0 for none. The Gaussian is cut four standard deviations to either side, as in
        Felzenszwalb & Huttenlocher's software; beyond the border the last pixel repeats.

    Returns
    -------
    ndarray of shape (C, H, W), float32
        Memory of this thread: it holds until the next call.
    """
    import cv2

    height, width, channels = image.shape
    planes = scratch("planes", (channels, height, width), np.float32)
    if sigma > 0:
        kernel = cv2.getGaussianKernel(2 * int(np.ceil(4 * sigma)) + 1, sigma, cv2.CV_32F)
    known = image if image.dtype == np.uint8 else image.astype(np.float32)
    for plane, channel in zip(planes, cv2.split(np.ascontiguousarray(known)), strict=True):
        if sigma > 0:
            # A plane at a time and from whole numbers: several times as fast as all channels as floats.
            cv2.sepFilter2D(channel, cv2.CV_32F, kernel, kernel, plane, borderType=cv2.BORDER_REPLICATE)
        else:
            plane[:] = channel
    return planes
