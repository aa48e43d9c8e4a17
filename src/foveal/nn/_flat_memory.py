"""Arrays as flat memory, for the kernels that go over every element of a parameter once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.parallel import cores, threads

# A piece of work smaller than this is done before another thread has woken up.
_ELEMENTS_PER_THREAD = 1 << 17


def axis_order(array: NDArray[Any]) -> list[int]:
    """The axes from the outermost in memory to the innermost.

    Examples
    --------
    >>> axis_order(np.zeros((2, 3), order="F"))
    [1, 0]
    """
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis])


def is_dense(array: NDArray[Any], order: Sequence[int]) -> bool:
    """Whether the elements lie without gaps, the axes in this order."""
    return array.transpose(order).flags.c_contiguous


def flat(array: NDArray[Any], order: Sequence[int]) -> NDArray[Any]:
    """The elements as one row, the axes in this order; a view where the memory allows it."""
    return np.ascontiguousarray(array.transpose(order)).reshape(-1)


def flat_view(array: NDArray[Any], order: Sequence[int]) -> NDArray[Any]:
    """As :func:`flat`, and always a view, so that it may be written to.

    Raises
    ------
    ValueError
        If the array has gaps in memory.
    """
    if not is_dense(array, order):
        raise ValueError("A parameter's memory must be dense, its axes in any order; assign a copy of it.")
    return array.transpose(order).reshape(-1)


def in_pieces(kernel: Callable[..., None], arrays: Sequence[NDArray[Any]], numbers: Sequence[float]) -> None:
    """Call an elementwise kernel with flat arrays, in several threads where that pays.

    Parameters
    ----------
    kernel : callable
        Takes the arrays, then the numbers.
    arrays : sequence of ndarray of shape (N,)
        Of one type.
    numbers : sequence of float
        Handed over in the type of the arrays.
    """
    scalars = [arrays[0].dtype.type(number) for number in numbers]
    size = arrays[0].size
    pieces = min(cores(), size // _ELEMENTS_PER_THREAD)
    if pieces <= 1:
        kernel(*arrays, *scalars)
        return
    edges = [size * k // pieces for k in range(pieces + 1)]
    threads(
        lambda k: kernel(*[array[edges[k] : edges[k + 1]] for array in arrays], *scalars),
        range(pieces),
        n_jobs=pieces,
    )
