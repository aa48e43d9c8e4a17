"""The regions of a segmentation, described for grouping: size, box, colour, texture and neighbours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.segmentation import Segmentation, planes_of

COLOR_BINS = 25
TEXTURE_BINS = 10
_TEXTURE_SIGMA = 1.0


@dataclass(frozen=True, eq=False)
class Votes:
    """Which bins of the histograms each pixel of an image votes for, in one colour space.

    Attributes
    ----------
    colors : ndarray of shape (C, H, W), uint8
        One vote a channel: ``channel * 25 + bin``, the 256 values in 25 bins.
    textures : ndarray of shape (4 C, H, W), uint8
        Four votes a channel: ``(channel * 8 + direction) * 10 + bin`` of the Gaussian derivative (σ = 1) in
        that direction. Of two opposite directions a pixel votes for the one in which the derivative is
        not negative; in the other it has bin 0, which is not stored. The ten bins span 0 to the longest
        gradient of the channel in the image.
    """

    colors: NDArray[np.uint8]
    textures: NDArray[np.uint8]

    @classmethod
    def of(cls, values: NDArray[np.uint8]) -> "Votes":
        """The votes of an image of shape (H, W, C), uint8, in some colour space."""
        import cv2

        from foveal.proposals._region_kernels import texture_votes

        height, width, channels = values.shape
        bins = np.arange(256) * COLOR_BINS // 256
        colors = np.empty((channels, height, width), np.uint8)
        for c, channel in enumerate(cv2.split(values)):
            cv2.LUT(channel, (bins + COLOR_BINS * c).astype(np.uint8), colors[c])
        textures = np.empty((4 * channels, height, width), np.uint8)
        slopes = np.empty((2, width), np.float32)
        texture_votes(planes_of(values, _TEXTURE_SIGMA), TEXTURE_BINS, textures, slopes)
        return cls(colors, textures)


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a segmentation.

    Attributes
    ----------
    sizes : ndarray of shape (N,), int32
        In pixels.
    boxes : ndarray of shape (N, 4), int32
        ``x1, y1, x2, y2``, half-open.
    histograms : ndarray of shape (N, D), float32
        Colour, then texture, each with a sum of 1 (Uijlings et al. 2013, section 3.2).
    color_columns : int
        How many of the columns are colour.
    pairs : ndarray of shape (P, 2), int32
        Regions that touch by a side or a corner, the lower first, each pair once. The graph of the regions
        of an image is connected.
    """

    sizes: NDArray[np.int32]
    boxes: NDArray[np.int32]
    histograms: NDArray[np.float32]
    color_columns: int
    pairs: NDArray[np.int32]

    @classmethod
    def of(cls, segmentation: Segmentation, votes: Votes) -> "Regions":
        """Describe the regions of a segmentation by the votes of their pixels."""
        from foveal.proposals._region_kernels import measure

        colors, textures = len(votes.colors) * COLOR_BINS, len(votes.colors) * 8 * TEXTURE_BINS
        labels, number = segmentation.labels, segmentation.number
        sizes, boxes = np.zeros(number, np.int32), np.empty((number, 4), np.int32)
        histograms = np.empty((number, colors + textures), np.float32)
        counts = np.zeros((number, colors), np.uint32), np.zeros((number, textures), np.uint32)
        measure(labels, votes.colors, votes.textures, TEXTURE_BINS, sizes, boxes, histograms, *counts)
        return cls(sizes, boxes, histograms, colors, _touching(labels, number))


def _touching(labels: NDArray[np.int32], number: int) -> NDArray[np.int32]:
    """Pairs of regions that touch by a side or a corner, lower first, each once; shape (P, 2), int32."""
    from foveal.proposals._region_kernels import touching

    # Hardly an image has more of them; one that has is gone through again.
    room = max(16, 4 * number)
    while True:
        bits = (4 * room - 1).bit_length()
        pairs, table = np.empty((room, 2), np.int32), np.full(1 << bits, -1, np.int64)
        found = touching(labels, number, pairs, table, np.uint64(bits))
        if found >= 0:
            return pairs[:found].copy()
        room *= 2
