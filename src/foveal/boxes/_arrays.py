"""Taking boxes from callers: every function of the room begins here."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_boxes(array: ArrayLike, name: str = "boxes") -> NDArray[Any]:
    """Boxes as a C-contiguous float array of shape (N, 4).

    An array of float64 stays float64; everything else, lists of Python numbers included, becomes
    float32. An empty list is no boxes. The result may share memory with the argument.

    Raises
    ------
    ValueError
        If the shape is not (N, 4), or a coordinate is no finite number.
    """
    double = getattr(array, "dtype", None) == np.float64
    try:
        boxes = np.ascontiguousarray(array, dtype=np.float64 if double else np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers in an array of shape (N, 4): {error}.") from None
    if boxes.size == 0 and boxes.shape in ((0,), (0, 4), (1, 0)):
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        mend = " (one box is written [[x1, y1, x2, y2]])" if np.shape(array) == (4,) else ""
        raise ValueError(f"{name} must have the shape (N, 4), not {np.shape(array)}{mend}.")
    finite = np.isfinite(boxes)
    if not finite.all():
        row = int(np.flatnonzero(~finite.all(axis=1))[0])
        raise ValueError(f"{name} must be finite; number {row} is {boxes[row].tolist()}.")
    return boxes


def as_index(which: ArrayLike | slice) -> slice | NDArray[Any]:
    """A slice, or an array of one dimension that chooses rows: a number is a choice of one, [] of none."""
    if isinstance(which, slice):
        return which
    index = np.atleast_1d(np.asarray(which))
    return index.astype(np.intp) if index.size == 0 else index


def as_column(array: ArrayLike, length: int, name: str, dtype: Any) -> NDArray[Any]:
    """One value a box, as a C-contiguous array of shape (N,).

    Raises
    ------
    ValueError
        If there are not as many as boxes.
    """
    column = np.asarray(array, dtype=dtype)
    if column.shape != (length,) and not (column.size == 0 and length == 0):
        raise ValueError(
            f"{name} must be one for each of the {length} boxes, of shape ({length},), not {column.shape}."
        )
    return np.ascontiguousarray(column.reshape(length))
