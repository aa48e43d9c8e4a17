"""Products of matrices on several threads, with what comes before and after them."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.compiling import announce, ready
from foveal.nn.functional.memory import contiguous, empty, nothing
from foveal.nn.functional.sharing import shares, threads_for

#: Between these bounds a clipped value lies; the gradient is 0 at and beyond them.
Clip = tuple[float, float]

# Rows from which packing the whole right side beforehand pays.
_MANY_ROWS = 512


def multiply(
    left: NDArray[Any],
    right: NDArray[Any],
    bias: NDArray[Any] | None = None,
    *,
    clip: Clip | None = None,
    gate: NDArray[Any] | None = None,
    gate_clip: Clip | None = None,
    sums: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """``clip(left @ right + bias)``, 0 where ``gate`` lies at or beyond ``gate_clip``.

    The sums of an element are added up in an order that does not depend on the number of threads.

    Parameters
    ----------
    left : ndarray of shape (M, K)
        C-contiguous, or the transpose of such an array.
    right : ndarray of shape (K, N)
        Any strides that are whole elements.
    bias : ndarray of shape (N,), optional
    clip : (float, float), optional
        A rectifier's bounds.
    gate : ndarray of shape (M, N), optional
    gate_clip : (float, float), optional
    sums : ndarray of shape (N,), optional
        The sum of each of the right side's columns is added to it, which is read anyway.

    Returns
    -------
    ndarray of shape (M, N)
    """
    from foveal.nn.functional._product_kernels import (
        CHUNK,
        COPIED_STEP,
        DEEP_ALONE,
        pack_all,
        product,
    )
    from foveal.nn.functional._register_tile import COLUMNS, multiply_tile

    announce_compiling()
    (rows, depth), columns = left.shape, right.shape[1]
    out = empty((rows, columns), left.dtype)
    if not out.size:
        return out
    start = padded(bias, columns, left.dtype)
    if depth == 0:
        out[...] = start[:columns]
        return out
    left_flat, (left_row, left_step) = flat(left)
    right_flat, right_strides = flat(right)
    gate_flat, none = as_gate(gate, left.dtype), nothing(left.dtype)
    limits, gate_limits = bounds(clip, left.dtype), bounds(gate_clip, left.dtype)
    whole_sums = none if sums is None else np.zeros(len(start), left.dtype)
    count = threads_for(rows * columns * depth)
    panels = -(-columns // COLUMNS)
    packed, tile = none, multiply_tile(left.dtype)
    if left_step == 1 and rows > _MANY_ROWS and sums is None:
        # Else each thread packs a panel just before it needs it.
        packed = empty((panels * COLUMNS * depth,), left.dtype)

        def pack(part: tuple[int, int]) -> None:
            pack_all(right_flat, right_strides, columns, depth, packed, *part)

        parallel.threads(pack, list(pairwise(shares(panels, count))), n_jobs=count)

    def block(part: tuple[int, int, int, int]) -> None:
        product(
            tile,
            (left_flat, depth, left_row, left_step),
            (right_flat, right_strides),
            packed,
            (
                none if packed.size else empty((DEEP_ALONE * CHUNK,), left.dtype),
                none if left_step == 1 else empty((DEEP_ALONE * COPIED_STEP,), left.dtype),
            ),
            start,
            out,
            limits,
            gate_flat,
            gate_limits,
            whole_sums,
            part,
        )

    if count == 1:
        parts = [(0, rows, 0, columns)]
    elif columns > rows and panels >= count:
        parts = [
            (0, rows, first * COLUMNS, min(columns, last * COLUMNS))
            for first, last in pairwise(shares(panels, count))
        ]
    else:
        parts = [(first, last, 0, columns) for first, last in pairwise(shares(rows, count))]
    parallel.threads(block, parts, n_jobs=count)
    if sums is not None:
        sums += whole_sums[:columns]
    return out


def as_rows(array: NDArray[Any]) -> NDArray[Any]:
    """All but the last axis as one: the left side of a product."""
    return contiguous(array).reshape(-1, array.shape[-1])


def announce_compiling() -> None:
    """Say that the engine is about to be compiled, if it is; whatever multiplies calls it first."""
    ready("foveal.nn.")
    announce("the network engine", "foveal.nn.functional._product_kernels", "product")


def padded(bias: NDArray[Any] | None, columns: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The bias, or zeros, long enough for whole tiles."""
    from foveal.nn.functional._register_tile import COLUMNS

    start = np.zeros(columns + COLUMNS, dtype)
    if bias is not None:
        start[:columns] = bias
    return start


def bounds(clip: Clip | None, dtype: "np.dtype[Any]") -> tuple[Any, Any]:
    """The bounds in the kernels' type, infinite where there are none."""
    low, high = clip or (-np.inf, np.inf)
    return dtype.type(low), dtype.type(high)


def as_gate(gate: NDArray[Any] | None, dtype: "np.dtype[Any]") -> NDArray[Any]:
    """A gate as the kernels take it: flat, or empty for none."""
    return nothing(dtype) if gate is None else contiguous(gate).reshape(-1)


def flat(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[int, ...]]:
    """An array's memory as a contiguous row, and its strides in elements.

    An array that is no permutation of a contiguous one is copied.
    """
    if not array.flags.writeable:
        array = array.copy(order="K")
    if array.flags.c_contiguous:
        dense = array
    else:
        order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
        dense = array.transpose(order)
        if not dense.flags.c_contiguous:
            dense = array = np.ascontiguousarray(array)
    size = array.itemsize
    return dense.reshape(-1), tuple([stride // size for stride in array.strides])
