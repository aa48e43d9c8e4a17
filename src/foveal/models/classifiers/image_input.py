"""Pictures as a user gives them: what counts as pictures, of which size and with which range of values."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel

# The largest side that raw pixels keep; larger pictures are brought to the default size.
LARGEST_NATIVE = 64


def are_pictures(X: Any) -> bool:
    """Whether X is pictures or paths of them, rather than feature rows."""
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim in (3, 4) or X.dtype.kind == "U"
    if not isinstance(X, (np.ndarray, Sequence)) or isinstance(X, (str, bytes)) or not len(X):
        return False
    first = X[0]
    return isinstance(first, (str, os.PathLike)) or (isinstance(first, np.ndarray) and first.ndim >= 2)


def from_0_to_1(X: Any) -> bool:
    """Whether the pictures are floating-point with no pixel above 1."""
    arrays = (
        [X]
        if isinstance(X, np.ndarray) and X.dtype != object
        else [x for x in X if isinstance(x, np.ndarray)]
    )
    floating = [a for a in arrays if a.dtype.kind == "f" and a.size]
    return bool(floating) and all(a.max() <= 1 for a in floating)


def native_sides(X: Any) -> tuple[int, int] | None:
    """The height and width that all pictures share, if they do."""
    from foveal.images import probe

    if isinstance(X, np.ndarray) and X.ndim > 1:
        sizes = {(X.shape[1], X.shape[2])}
    else:
        paths = [x for x in X if isinstance(x, (str, os.PathLike))]
        sizes = {x.shape[:2] for x in X if isinstance(x, np.ndarray)}
        sizes |= {(info.height, info.width) for info in parallel.map(probe, paths)}
    height, width = next(iter(sizes))
    return (int(height), int(width)) if len(sizes) == 1 else None


def native_side(X: Any) -> int | None:
    """The side that all pictures share, if they are square and small."""
    sides = native_sides(X)
    if sides is None or sides[0] != sides[1] or sides[0] > LARGEST_NATIVE:
        return None
    return sides[0]


def as_rgb(pictures: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """(N, H, W), (N, H, W, 1) or (N, H, W, 3) numbers as (N, H, W, 3) uint8."""
    if pictures.ndim == 3:
        if pictures.shape[2] in (3, 4) and pictures.shape[1] not in (3, 4):
            raise ValueError(
                f"An array of shape {pictures.shape} looks like one picture; "
                "give a list of pictures, such as [image]."
            )
        pictures = pictures[..., None]
    if pictures.ndim != 4 or pictures.shape[3] not in (1, 3) or 0 in pictures.shape[1:]:
        raise ValueError(f"Pictures must be (H, W, 3), (H, W, 1) or (H, W), not {pictures.shape[1:]}.")
    if pictures.dtype != np.uint8:
        if pictures.dtype.kind not in "iuf" or not np.isfinite(pictures).all():
            raise ValueError("Pixels must be finite numbers.")
        if pictures.dtype.kind == "f":
            pictures = np.rint(pictures * scale)
        if pictures.size and (pictures.min() < 0 or pictures.max() > 255):
            raise ValueError(
                f"Pixels must be from 0 to 255 (or 0 to 1 where the training pictures were); "
                f"these are from {pictures.min():g} to {pictures.max():g}."
            )
        pictures = pictures.astype(np.uint8)
    if pictures.shape[3] == 1:
        pictures = np.repeat(pictures, 3, axis=3)
    return np.ascontiguousarray(pictures)
