"""How much two boxes overlap: IoU and its generalisations.

All four take the same arguments and share the same conventions. A box with no area has an IoU of 0
with every box, itself included; a term of a penalty whose denominator vanishes counts as 0. So
every value is a finite number, and every measure is symmetric in its arguments. Where ``x2 < x1``
or ``y2 < y1``, the box is taken as empty, with that side of length 0 at ``x1`` or ``y1``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes
from foveal.compiling import ready

Array = NDArray[Any]

# So many pairs at a time: the half dozen temporaries of a block then stay in the cache.
_PAIRS_PER_BLOCK = 1 << 15

# From so many pairs on the compiled IoU, some six times as fast, is worth the import of Numba.
_PAIRS_TO_COMPILE = 100_000


def iou(a: ArrayLike, b: ArrayLike, elementwise: bool = False) -> Array:
    """Intersection over union (the Jaccard index) of boxes.

    Parameters
    ----------
    a : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open.
    b : array-like of shape (M, 4)
    elementwise : bool, default=False
        Compare ``a[i]`` with ``b[i]`` only; then N and M must be equal.

    Returns
    -------
    ndarray of shape (N, M), or (N,) if elementwise, float32
        In [0, 1]; float64 where ``a`` or ``b`` is float64. Two identical boxes have exactly 1, unless
        they have no area: then 0.

    Raises
    ------
    ValueError
        If a shape is not (N, 4), a coordinate is no finite number, or ``elementwise`` is asked of
        different numbers of boxes.

    See Also
    --------
    giou, diou, ciou : Measures that also tell apart boxes which do not touch.

    Examples
    --------
    >>> iou([[0, 0, 2, 2]], [[1, 0, 3, 2], [0, 0, 2, 2], [5, 5, 6, 6]]).round(3)
    array([[0.333, 1.   , 0.   ]], dtype=float32)
    >>> iou([[0, 0, 2, 2], [3, 3, 3, 9]], [[0, 0, 2, 4], [3, 3, 3, 9]], elementwise=True)
    array([0.5, 0. ], dtype=float32)
    """
    return _measure(_iou, a, b, elementwise)


def giou(a: ArrayLike, b: ArrayLike, elementwise: bool = False) -> Array:
    """Generalised IoU: the IoU less the share of the hull that neither box covers.

    ``GIoU = IoU - (C - U) / C``, where U is the area of the union and C that of the hull, the
    smallest box around both.

    In [-1, 1] and never above the IoU. 0 where the hull has no area. Arguments and shapes are as of
    :func:`iou`, which raises the same.

    References
    ----------
    Rezatofighi et al., "Generalized Intersection over Union: A Metric and A Loss for Bounding Box
    Regression", CVPR 2019, algorithm 1.

    Examples
    --------
    >>> giou([[0, 0, 1, 1]], [[0, 0, 1, 1], [1, 0, 2, 1], [3, 0, 4, 1]])
    array([[ 1. ,  0. , -0.5]], dtype=float32)
    """
    return _measure(_giou, a, b, elementwise)


def diou(a: ArrayLike, b: ArrayLike, elementwise: bool = False) -> Array:
    """Distance IoU: the IoU less the squared distance of the centres, in diagonals of the hull.

    ``DIoU = IoU - d² / c²``, where d is the distance between the boxes' centres and c the diagonal of
    the smallest box around both.

    In [-1, 1] and never above the IoU. 0 where both boxes are the same point. Arguments and shapes are as
    of :func:`iou`.

    References
    ----------
    Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression", AAAI
    2020, equations 6 and 7.

    Examples
    --------
    >>> diou([[0, 0, 2, 2]], [[0, 0, 2, 2], [2, 0, 4, 2]])
    array([[ 1. , -0.2]], dtype=float32)
    """
    return _measure(_diou, a, b, elementwise)


def ciou(a: ArrayLike, b: ArrayLike, elementwise: bool = False) -> Array:
    """Complete IoU: the distance IoU less a penalty for a different aspect ratio.

    ``CIoU = DIoU - α v`` with ``v = 4/π² (atan(w_a / h_a) - atan(w_b / h_b))²`` and
    ``α = v / ((1 - IoU) + v)``.

    In [-1.5, 1] and never above the distance IoU. The angle of a point, of width and height 0, counts as 0.
    Arguments and shapes are as of :func:`iou`.

    References
    ----------
    Zheng et al., "Distance-IoU Loss: Faster and Better Learning for Bounding Box Regression", AAAI
    2020, equations 8 to 11. The variant of their later paper that drops the penalty below an IoU of
    0.5 is not used.

    Examples
    --------
    >>> ciou([[0, 0, 2, 2]], [[0, 0, 2, 2], [0, 0, 4, 1]]).round(4)
    array([[1.   , 0.253]], dtype=float32)
    """
    return _measure(_ciou, a, b, elementwise)


def _measure(
    measure: Callable[[Array, Array], Array], a: ArrayLike, b: ArrayLike, elementwise: bool
) -> Array:
    a, b = as_boxes(a, "a"), as_boxes(b, "b")
    dtype = np.result_type(a, b)
    # Coordinates first, so that each of the four is one contiguous row.
    columns_a, columns_b = columns(a, dtype), columns(b, dtype)
    if elementwise:
        if len(a) != len(b):
            raise ValueError(f"elementwise needs as many boxes in a as in b, not {len(a)} and {len(b)}.")
        return measure(columns_a, columns_b)
    result = np.empty((len(a), len(b)), dtype)
    if measure is _iou and result.size >= _PAIRS_TO_COMPILE:
        ready("foveal.boxes.")
        from foveal.boxes._overlap_kernels import pairwise_iou

        pairwise_iou(columns_a, columns_b, result)
        return result
    rows = max(1, _PAIRS_PER_BLOCK // max(1, len(b)))
    for start in range(0, len(a), rows):
        result[start : start + rows] = measure(columns_a[:, start : start + rows, None], columns_b[:, None])
    return result


def columns(boxes: Array, dtype: np.dtype[Any]) -> Array:
    """Each coordinate as one contiguous row, shape (4, N), of boxes whose sides are not negative."""
    turned = np.array(boxes.T, dtype, order="C")
    np.maximum(turned[2:], turned[:2], out=turned[2:])
    return turned


def _areas(columns: Array) -> Array:
    return np.asarray((columns[2] - columns[0]) * (columns[3] - columns[1]))


def _intersection(a: Array, b: Array) -> Array:
    width = np.minimum(a[2], b[2])
    width -= np.maximum(a[0], b[0])
    height = np.minimum(a[3], b[3])
    height -= np.maximum(a[1], b[1])
    np.maximum(width, 0, out=width)
    np.maximum(height, 0, out=height)
    width *= height
    return np.asarray(width)


def _ratio(part: Array, whole: Array) -> Array:
    """``part / whole``, written over ``part``, which stays 0 where the whole, and so the part, is 0."""
    np.divide(part, whole, out=part, where=whole > 0)
    return part


def _iou_and_union(a: Array, b: Array) -> tuple[Array, Array]:
    intersection = _intersection(a, b)
    union = _areas(a) + _areas(b)
    union -= intersection
    return _ratio(intersection, union), union


def _iou(a: Array, b: Array) -> Array:
    return _iou_and_union(a, b)[0]


def _hull(a: Array, b: Array) -> tuple[Array, Array]:
    width = np.maximum(a[2], b[2])
    width -= np.minimum(a[0], b[0])
    height = np.maximum(a[3], b[3])
    height -= np.minimum(a[1], b[1])
    return width, height


def _giou(a: Array, b: Array) -> Array:
    result, union = _iou_and_union(a, b)
    width, height = _hull(a, b)
    width *= height
    # Rounding can leave the hull of nested boxes a trifle smaller than their union.
    uncovered = np.maximum(width - union, 0)
    result -= _ratio(uncovered, width)
    return result


def _diou_and_iou(a: Array, b: Array) -> tuple[Array, Array]:
    overlap = _iou(a, b)
    width, height = _hull(a, b)
    width *= width
    height *= height
    width += height
    # Twice the offset of the centres: the factor is taken out of the square.
    dx = (a[0] + a[2]) - (b[0] + b[2])
    dy = (a[1] + a[3]) - (b[1] + b[3])
    dx *= dx
    dy *= dy
    dx += dy
    dx /= 4
    np.minimum(dx, width, out=dx)
    return overlap - _ratio(dx, width), overlap


def _diou(a: Array, b: Array) -> Array:
    return _diou_and_iou(a, b)[0]


def _ciou(a: Array, b: Array) -> Array:
    result, overlap = _diou_and_iou(a, b)
    angle_a = np.arctan2(a[2] - a[0], a[3] - a[1])
    angle_b = np.arctan2(b[2] - b[0], b[3] - b[1])
    v = angle_a - angle_b
    v *= v
    v *= 4 / np.pi**2
    slack = (1 - overlap) + v
    v *= v
    result -= _ratio(v, slack)
    return result
