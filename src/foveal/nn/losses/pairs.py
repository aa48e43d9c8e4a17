"""Taking outputs and targets from callers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_pair(
    outputs: ArrayLike, targets: ArrayLike, name: str = "outputs"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as arrays of the outputs' floating-point type; integers become float32.

    Raises
    ------
    ValueError
        If the shapes differ: nothing is broadcast, since (N,) against (N, 1) would be (N, N).
    """
    first = np.asarray(outputs)
    if not np.issubdtype(first.dtype, np.floating):
        first = first.astype(np.float32)
    second = np.asarray(targets, first.dtype)
    if first.shape != second.shape:
        raise ValueError(
            f"{name} and targets must have the same shape, not {first.shape} and {second.shape}."
        )
    return first, second
