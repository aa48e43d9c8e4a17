"""Greedy suppression, compiled. ``boxes`` are sorted by class, and by falling score in each class.

``starts`` of shape (K + 1,) says where each class begins, and where the last one ends. The arithmetic
follows :func:`foveal.boxes.iou` operation by operation, so that both fall on the same side of a threshold.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def hard(boxes: NDArray[Any], starts: NDArray[np.int64], threshold: Any) -> NDArray[np.bool_]:
    """Which boxes stay: no better kept box of the same class overlaps them above the threshold."""
    # Loops in place of arithmetic on arrays, which takes Numba twice as long to compile.
    columns = np.empty((6, len(boxes)), boxes.dtype)
    x1, y1, x2, y2, areas, covered = columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]
    zero = boxes.dtype.type(0)
    one = boxes.dtype.type(1)
    for i in range(len(boxes)):
        x1[i], y1[i], x2[i], y2[i] = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        areas[i] = (x2[i] - x1[i]) * (y2[i] - y1[i])
        covered[i] = zero
    for k in range(len(starts) - 1):
        end = starts[k + 1]
        for i in range(starts[k], end):
            if covered[i] > threshold:
                continue
            left, top, right, bottom, own = x1[i], y1[i], x2[i], y2[i], areas[i]
            # Slices that count from 0 and a body without a branch: so LLVM makes the loop SIMD.
            lefts, tops, rights, bottoms = x1[i + 1 : end], y1[i + 1 : end], x2[i + 1 : end], y2[i + 1 : end]
            others, overlaps = areas[i + 1 : end], covered[i + 1 : end]
            for j in range(len(lefts)):
                width = max(min(right, rights[j]) - max(left, lefts[j]), zero)
                height = max(min(bottom, bottoms[j]) - max(top, tops[j]), zero)
                intersection = width * height
                union = own + others[j] - intersection
                overlaps[j] = max(overlaps[j], intersection / (union if union > zero else one))
    kept = np.empty(len(boxes), np.bool_)
    for i in range(len(boxes)):
        kept[i] = covered[i] <= threshold
    return kept


@njit(cache=True, nogil=True)
def soft(
    boxes: NDArray[Any],
    scores: NDArray[np.float64],
    starts: NDArray[np.int64],
    gaussian: bool,
    threshold: Any,
    sigma: float,
    min_score: float,
) -> NDArray[np.float64]:
    """The decayed scores; -1 for a box that fell below ``min_score``."""
    n = len(boxes)
    zero = boxes.dtype.type(0)
    scores = scores.copy()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    final = np.full(n, -1.0)
    waiting = np.empty(n, np.int64)
    for k in range(len(starts) - 1):
        count = starts[k + 1] - starts[k]
        for i in range(count):
            waiting[i] = starts[k] + i
        while count > 0:
            best = 0
            for w in range(1, count):
                if scores[waiting[w]] > scores[waiting[best]]:
                    best = w
            i = waiting[best]
            if scores[i] < min_score:
                break
            final[i] = scores[i]
            # Those that wait keep their order, by which ties are decided, and close the gap.
            left = 0
            for w in range(count):
                j = waiting[w]
                if j == i:
                    continue
                width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
                height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
                if width > zero and height > zero:
                    intersection = width * height
                    union = areas[i] + areas[j] - intersection
                    if union > zero:
                        iou = intersection / union
                        if gaussian:
                            scores[j] *= math.exp(-(float(iou) * float(iou)) / sigma)
                        elif iou >= threshold:
                            scores[j] *= 1.0 - float(iou)
                if scores[j] >= min_score:
                    waiting[left] = j
                    left += 1
            count = left
    return final
