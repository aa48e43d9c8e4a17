"""Arrays as flat memory, for the kernels that go over every element of a parameter once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.functional.sharing import share


def axis_order(array: NDArray[Any]) -> list[int] | None:
    """The axes from the outermost in memory to the innermost; None where they are in order already.

    Examples
    --------
    >>> axis_order(np.zeros((2, 3), order="F"))
    [1, 0]
    """
    if array.flags.c_contiguous:
        return None
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis])


def is_dense(array: NDArray[Any], order: Sequence[int] | None) -> bool:
    """Whether the elements lie without gaps, the axes in this order."""
    return (array if order is None else array.transpose(order)).flags.c_contiguous


def flat(array: NDArray[Any], order: Sequence[int] | None) -> NDArray[Any]:
    """The elements as one row, the axes in this order; a view where the memory allows it."""
    return (array if order is None else array.transpose(order)).reshape(-1)


def flat_view(array: NDArray[Any], order: Sequence[int] | None) -> NDArray[Any]:
    """As :func:`flat`, and always a view, so that it may be written to.

    Raises
    ------
    ValueError
        If the array has gaps in memory.
    """
    if not is_dense(array, order):
        raise ValueError("A parameter's memory must be dense, its axes in any order; assign a copy of it.")
    return flat(array, order)


def laid_like(data: NDArray[Any], values: NDArray[Any] | None = None) -> NDArray[Any]:
    """Zeros, or the values given, in the shape, type and memory order of an array."""
    laid = np.zeros_like(data)
    if values is not None:
        laid[...] = values
    return laid


def in_pieces(kernel: Callable[..., None], arrays: Sequence[NDArray[Any]], numbers: Sequence[float]) -> None:
    """Call an elementwise kernel with flat arrays, in several threads where that pays.

    Parameters
    ----------
    kernel : callable
        Takes the arrays, then the numbers as one array of their type.
    arrays : sequence of ndarray of shape (N,)
        Of one type.
    numbers : sequence of float
    """
    row = np.array(numbers, arrays[0].dtype)
    size = arrays[0].size
    # One core already draws most of what the memory gives: a thread comes back with many elements alone.
    share(lambda part: kernel(*(array[part] for array in arrays), row), size, size // 8)
