"""What the arrays of a model file have to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError

Arrays = Mapping[str, NDArray[Any]]

F4, F8, I8 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)


@dataclass(frozen=True)
class Spec:
    """Type and shape of an array, and what its numbers may be.

    Attributes
    ----------
    dtype : numpy.dtype
    shape : tuple of int
    least : float
        Of the numbers.
    above : bool
        Whether they are all above it.
    gaps : bool
        Whether NaN and infinity stand for what was not measured.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    least: float = -np.inf
    above: bool = False
    gaps: bool = False


def check_arrays(arrays: Arrays, specs: Mapping[str, Spec], *, others: tuple[str, ...] = ()) -> None:
    """Refuse arrays that are missing, unknown, of another type or shape, or not finite.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    specs : mapping of str to Spec
        All of them, but for
    others : tuple of str
        beginnings of the names of a network's weights, whose shapes the network itself knows.

    Raises
    ------
    ModelFileError
    """
    for name in specs:
        if name not in arrays:
            raise ModelFileError(f"its array {name} is missing.")
    for name, array in arrays.items():
        spec = specs.get(name)
        if spec is None:
            if not name.startswith(others or ("\0",)):
                raise ModelFileError(f"its array {name[:200]!r} is unknown to this version of Foveal.")
            spec = _weight(name, array)
        if array.dtype != spec.dtype or array.shape != spec.shape:
            raise ModelFileError(
                f"its {name} is {array.dtype} of the shape {array.shape}, not {spec.dtype} of {spec.shape}."
            )
        _check_numbers(name, array, spec)


def _weight(name: str, array: NDArray[Any]) -> Spec:
    """Of a network: all are float32 but the number of batches."""
    last = name.rpartition(".")[2]
    if last == "num_batches_tracked":
        return Spec(I8, array.shape, least=0)
    return Spec(F4, array.shape, least=0 if last == "running_var" else -np.inf)


def _check_numbers(name: str, array: NDArray[Any], spec: Spec) -> None:
    if not array.size:
        return
    if array.dtype.kind == "f" and not spec.gaps:
        wrong = array.size - int(np.count_nonzero(np.isfinite(array)))
        if wrong:
            raise ModelFileError(f"its {name} holds {wrong} numbers that are infinite or none at all.")
    least = np.fmin.reduce(array, axis=None)
    if least < spec.least or (spec.above and least <= spec.least):
        words = "above" if spec.above else "at least"
        raise ModelFileError(f"its {name} holds {least:g}; all of it has to be {words} {spec.least:g}.")
