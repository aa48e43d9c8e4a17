"""Memory that a thread keeps from one image to the next.

Pages that the system has to hand out anew for every image cost a fifth of the time of two threads.
"""

import threading
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Arrays of more bytes, as of images at full resolution, are made anew and given back.
_MOST_KEPT = 16 << 20
_kept = threading.local()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array with undefined values that is the same memory whenever a thread asks for this name.

    It must not be handed on to a caller who keeps it.

    Parameters
    ----------
    name : str
    shape : tuple of int
    dtype : dtype-like

    Returns
    -------
    ndarray
        Contiguous.

    Examples
    --------
    >>> first = scratch("example", (2, 3), np.float32)
    >>> np.shares_memory(first, scratch("example", (3, 1), np.float32))
    True
    """
    number = prod(shape)
    dtype = np.dtype(dtype)
    if number * dtype.itemsize > _MOST_KEPT:
        return np.empty(shape, dtype)
    arrays: dict[str, NDArray[Any]] = _kept.__dict__
    known = arrays.get(name)
    if known is None or len(known) < number or known.dtype != dtype:
        known = arrays[name] = np.empty(number, dtype)
    return known[:number].reshape(shape)
