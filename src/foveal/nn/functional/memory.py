"""Arrays whose memory is used again."""

import sys
import threading
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Smaller arrays cost the operating system nothing.
_SMALLEST = 1 << 16
# A block that nobody asked for during so many requests is given back.
_PATIENCE = 400


class _Blocks(threading.local):
    """The blocks of one thread, by size, with when each was last handed out."""

    def __init__(self) -> None:
        self.by_size: dict[int, list[list[Any]]] = {}
        self.requests = 0


_blocks = _Blocks()


def empty(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array of any content, in memory that an array of before may have left.

    Fresh memory of a few megabytes costs as much as the arithmetic on it, since the operating system
    clears every page; a training asks for the same sizes in every step. A block is handed out again once no
    array looks into it any more.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype-like

    Returns
    -------
    ndarray

    Examples
    --------
    >>> first = empty((512, 512), np.float32)
    >>> place = first.ctypes.data
    >>> del first
    >>> empty((512, 512), np.float32).ctypes.data == place
    True
    """
    dtype = np.dtype(dtype)
    size = prod(shape) * dtype.itemsize
    if size < _SMALLEST:
        return np.empty(shape, dtype)
    # Sizes that differ by little share their blocks.
    grain = 1 << max(12, size.bit_length() - 4)
    size = -(-size // grain) * grain
    _blocks.requests += 1
    kept = _blocks.by_size.setdefault(size, [])
    for entry in kept:
        # Two references: the entry's own and the argument of the call.
        if sys.getrefcount(entry[0]) == 2:
            block = entry[0]
            entry[1] = _blocks.requests
            break
    else:
        block = np.empty(size, np.uint8)
        kept.append([block, _blocks.requests])
        _release_idle()
    array: NDArray[Any] = block[: prod(shape) * dtype.itemsize].view(dtype)
    return array.reshape(shape)


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """The array, or a copy of it that is C-contiguous and may be written to.

    A kernel is compiled anew for arrays that may not, which takes seconds; copying them takes less.
    """
    flags = array.flags
    return array if flags.c_contiguous and flags.writeable else np.array(array, order="C")


@cache
def nothing(dtype: "np.dtype[Any]") -> NDArray[Any]:
    """The empty array of a type, for an argument of a kernel that is not given."""
    return np.empty(0, dtype)


def release() -> None:
    """Give all idle blocks of this thread back to the operating system."""
    _release_idle(patience=0)


def _release_idle(patience: int = _PATIENCE) -> None:
    for size, kept in list(_blocks.by_size.items()):
        asked_since = _blocks.requests - patience
        kept[:] = [entry for entry in kept if sys.getrefcount(entry[0]) > 2 or entry[1] > asked_since]
        if not kept:
            del _blocks.by_size[size]
