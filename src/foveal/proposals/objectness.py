"""What tells an object from a part of one: cheap measures of a proposal, whatever its class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.grouping import Grouping
from foveal.proposals.ranking import FUSION_CONSTANT

_GEOMETRY = (
    "log of the share of the image", "log of width over height",
    "touches the left", "touches the top", "touches the right", "touches the bottom",
)  # fmt: skip
_HIERARCHY = (
    "log of how many strategies agree", "fused ranks", "log of the best rank", "best relative rank",
    "mean relative rank", "best fill", "mean fill", "longest life", "mean life", "highest similarity inside",
    "mean similarity inside", "lowest similarity to what it joined", "mean similarity to what it joined",
    "steepest fall of similarity", "mean fall of similarity",
)  # fmt: skip
_PIXELS = (
    "edges inside", "edges around", "edges inside minus around", "colour contrast", "lightness contrast",
    "chroma contrast", "edges in the middle", "edges along the border", "edges along the border minus around",
    "edges along the border over inside", "spread of lightness",
)  # fmt: skip

#: The name of each measure.
MEASURES = _GEOMETRY + _HIERARCHY + _PIXELS


def measures(
    image: NDArray[np.uint8],
    boxes: NDArray[np.int32],
    which: NDArray[np.int32],
    starts: NDArray[np.int64],
    groupings: Sequence[Grouping],
    terms: Sequence[int],
) -> NDArray[np.float32]:
    """Measure boxes by their shape, their regions in the hierarchies and their contrast.

    *Shape*: area, aspect and which sides of the image the box touches. Where in the image it lies is no
    measure: on few images that would overfit.

    *Hierarchy*: how many strategies have the box and how early; how much of it its region fills; how long
    the region lived, as a share of all joinings; how similar its parts were, how similar it was to what it
    was joined to, and by how much the one exceeds the other. *Pixels*: the contrast of colour with the
    surroundings and the density of edges inside, along the border and around, after the cues CC and ED of
    Alexe, Deselaers & Ferrari (2012), from integral images at half size.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB, at the size at which the boxes were found.
    boxes : ndarray of shape (U, 4), int32
    which : ndarray of shape (M,), int32
        Which box each region of each hierarchy has.
    starts : ndarray of shape (H + 1,), int64
        Where each hierarchy's regions start.
    groupings : sequence of Grouping
    terms : sequence of int
        How many measures each grouping's similarities add up.

    Returns
    -------
    ndarray of shape (U, 32), float32
        In the order of ``MEASURES``.
    """
    from foveal.proposals._objectness_kernels import contrast, summarize

    found = np.empty((len(boxes), len(MEASURES)), np.float32)
    geometry, hierarchy = len(_GEOMETRY), len(_GEOMETRY) + len(_HIERARCHY)
    _measure_shapes(image.shape[:2], boxes, found[:, :geometry])
    summarize(
        which,
        starts,
        boxes,
        np.concatenate([g.sizes for g in groupings]),
        np.concatenate([g.joined for g in groupings]),
        np.concatenate([g.similarities for g in groupings]),
        np.asarray(terms, np.float32),
        np.float32(FUSION_CONSTANT),
        found[:, geometry:hierarchy],
    )
    sums, squares = _integral_images(image)
    contrast(sums, squares, boxes // 2, found[:, hierarchy:])
    return found


def _measure_shapes(shape: tuple[int, ...], boxes: NDArray[np.int32], out: NDArray[np.float32]) -> None:
    height, width = shape
    x1, y1, x2, y2 = boxes.T.astype(np.float32)
    w, h = x2 - x1, y2 - y1
    out[:, 0] = np.log(w * h / np.float32(height * width))
    out[:, 1] = np.log(w / h)
    out[:, 2], out[:, 3], out[:, 4], out[:, 5] = x1 <= 0, y1 <= 0, x2 >= width, y2 >= height


def _integral_images(image: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Integral images of L, a, b and edges, (H/2 + 1, W/2 + 1, 4), and of the squares of L."""
    import cv2

    height, width = image.shape[:2]
    half = cv2.resize(image, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(half, cv2.COLOR_RGB2LAB)
    light = cv2.GaussianBlur(lab[:, :, 0], (3, 3), 0.8)
    edges = cv2.addWeighted(
        cv2.convertScaleAbs(cv2.Sobel(light, cv2.CV_16S, 1, 0), alpha=0.5), 1.0,
        cv2.convertScaleAbs(cv2.Sobel(light, cv2.CV_16S, 0, 1), alpha=0.5), 1.0, 0.0,
    )  # fmt: skip
    sums = cv2.integral(cv2.merge([lab, edges]))
    _, squares = cv2.integral2(np.ascontiguousarray(lab[:, :, 0]))
    return np.asarray(sums, np.int32), np.asarray(squares, np.float64)[:, :, None]
