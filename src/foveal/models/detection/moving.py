"""Boxes moved as a network says, unless what it says is infinite."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import decode
from foveal.errors import ModelFileError


def moved(
    boxes: NDArray[np.float32], deltas: NDArray[Any], weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)
) -> NDArray[Any]:
    """See :func:`foveal.boxes.decode`.

    Raises
    ------
    ModelFileError
        If the deltas, or the boxes that they lead to, are infinite or no numbers.
    """
    check_finite(deltas)
    with np.errstate(over="ignore", invalid="ignore"):
        found = decode(boxes, deltas, weights)
    check_finite(found)
    return found


def check_finite(values: NDArray[Any]) -> None:
    """Refuse what a model computes where it is infinite or no number: it would be taken for nothing found.

    Raises
    ------
    ModelFileError

    Examples
    --------
    >>> check_finite(np.zeros(3))
    >>> check_finite(np.array([1e30, np.inf], np.float32))
    Traceback (most recent call last):
    ...
    foveal.errors.ModelFileError: What the model computes is infinite; its weights are too large: train again.
    """
    if not np.isfinite(values).all():
        raise ModelFileError("What the model computes is infinite; its weights are too large: train again.")
