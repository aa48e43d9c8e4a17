"""The IoU of very many pairs, compiled."""

from typing import Any

from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")
def pairwise_iou(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any]) -> None:
    """Fill ``out`` of shape (N, M) from columns ``a`` of shape (4, N) and ``b`` of shape (4, M).

    One pass over the memory of ``out``, where NumPy needs one for each operation. The operations are
    those of :func:`foveal.boxes.iou` in the same order, so the result is the same to the last bit.
    """
    zero = out.dtype.type(0)
    one = out.dtype.type(1)
    left, top, right, bottom = b[0], b[1], b[2], b[3]
    areas = (right - left) * (bottom - top)
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
