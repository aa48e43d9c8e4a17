"""The IoU of very many pairs, and the best object of very many boxes, compiled.

The arithmetic is that of :func:`foveal.boxes.iou`, operation by operation, so that the results are the same
to the last bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.kernels import njit

# So many boxes at a time: their coordinates and overlaps stay in the first cache.
_BLOCK = 1024


@njit(cache=True, nogil=True)
def pairwise_iou(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """Fill ``out`` of shape (N, M) from columns ``a`` of shape (4, N) and ``b`` of shape (4, M).

    One pass over the memory of ``out``, where NumPy needs one for each operation. The operations are
    those of :func:`foveal.boxes.iou` in the same order, so the result is the same to the last bit.
    """
    zero = out.dtype.type(0)
    one = out.dtype.type(1)
    left, top, right, bottom = b[0], b[1], b[2], b[3]
    areas = np.empty(len(left), out.dtype)
    for j in range(len(left)):
        areas[j] = (right[j] - left[j]) * (bottom[j] - top[j])
    for i in range(a.shape[1]):
        x1, y1, x2, y2 = a[0, i], a[1, i], a[2, i], a[3, i]
        own = (x2 - x1) * (y2 - y1)
        row = out[i]
        for j in range(len(row)):
            width = max(min(x2, right[j]) - max(x1, left[j]), zero)
            height = max(min(y2, bottom[j]) - max(y1, top[j]), zero)
            intersection = width * height
            union = own + areas[j] - intersection
            row[j] = intersection / (union if union > zero else one)


# Overlaps are no not-a-number and no negative zero; without being told, LLVM takes a maximum one by one. None
# of this changes how anything is rounded.
@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def best_objects(
    a: NDArray[Any],
    b: NDArray[Any],
    claimed: bool,
    highest: NDArray[Any],
    best: NDArray[Any],
    which: NDArray[np.int32],
) -> None:
    """The highest IoU of each of the N boxes and its object, from columns ``a`` (4, N) and ``b`` (4, M).

    Under ``claimed`` only those overlaps count that are an object's ``highest`` (M,); else that is filled in.
    Of equals the first object stays.
    """
    zero = best.dtype.type(0)
    one = best.dtype.type(1)
    overlaps = np.empty(_BLOCK, best.dtype)
    areas = np.empty(_BLOCK, best.dtype)
    if not claimed:
        highest[:] = zero
    for start in range(0, len(best), _BLOCK):
        stop = min(start + _BLOCK, len(best))
        left, top, right, bottom = a[0, start:stop], a[1, start:stop], a[2, start:stop], a[3, start:stop]
        top_overlaps, objects = best[start:stop], which[start:stop]
        for i in range(len(left)):
            areas[i] = (right[i] - left[i]) * (bottom[i] - top[i])
            top_overlaps[i] = zero
            objects[i] = 0
        for m in range(b.shape[1]):
            x1, y1, x2, y2 = b[0, m], b[1, m], b[2, m], b[3, m]
            own = (x2 - x1) * (y2 - y1)
            # One loop to compute and one to choose: over all arrays at once neither would be vectorised.
            for i in range(len(left)):
                width = max(min(right[i], x2) - max(left[i], x1), zero)
                height = max(min(bottom[i], y2) - max(top[i], y1), zero)
                intersection = width * height
                union = areas[i] + own - intersection
                overlaps[i] = intersection / (union if union > zero else one)
            wanted = highest[m] if claimed else zero
            object_index = np.int32(m)
            most = zero
            for i in range(len(left)):
                overlap, before, object_before = overlaps[i], top_overlaps[i], objects[i]
                higher = (overlap > before) & (overlap >= wanted)
                top_overlaps[i] = overlap if higher else before
                objects[i] = object_index if higher else object_before
                most = max(most, overlap)
            if not claimed:
                highest[m] = max(highest[m], most)
