"""Which level of a feature pyramid a region is read from."""

from collections.abc import Sequence
from math import log2

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pyramid_levels(
    boxes: ArrayLike,
    strides: Sequence[float],
    canonical_size: float = 224.0,
    canonical_level: int | None = None,
) -> NDArray[np.int64]:
    """The level of each region: large ones are read from coarse maps.

    ``level = floor(canonical_level + log2(sqrt(w h) / canonical_size))``, and the first or the last where
    there is no such level.

    Parameters
    ----------
    boxes : array-like of shape (R, 4)
        ``x1, y1, x2, y2``, half-open, in pixels of the image.
    strides : sequence of float
        Of the levels, rising, each twice the one before.
    canonical_size : float, default=224
        The side, in pixels, of a square that is read from the canonical level.
    canonical_level : int, optional
        A place in ``strides``. By default the level of stride 16, which is the paper's, or the nearest to it.

    Returns
    -------
    ndarray of shape (R,), int64
        Places in ``strides``. Boxes without area are of the first level.

    Raises
    ------
    ValueError
        If there is no level, a shape is wrong, or ``canonical_size`` is not positive.

    References
    ----------
    Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017, equation 1.

    Examples
    --------
    >>> pyramid_levels([[0, 0, 112, 112], [0, 0, 223, 223], [0, 0, 224, 224]], (4, 8, 16, 32))
    array([1, 1, 2])
    """
    if len(strides) == 0 or not canonical_size > 0:
        raise ValueError(
            f"A pyramid has at least one level and a positive canonical size, not {len(strides)} and "
            f"{canonical_size}."
        )
    corners = np.asarray(boxes, np.float64)
    if corners.size == 0:
        return np.empty(0, np.int64)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise ValueError(f"boxes must have the shape (R, 4), not {corners.shape}.")
    if canonical_level is None:
        canonical_level = min(range(len(strides)), key=lambda level: abs(log2(strides[level] / 16)))
    sides = np.maximum(corners[:, 2:] - corners[:, :2], 0)
    # In area, so that a square of exactly the canonical size is not a rounding below it.
    octaves = np.log2(np.maximum(sides[:, 0] * sides[:, 1], 1e-30) / canonical_size**2) / 2
    levels = np.clip(np.floor(canonical_level + octaves), 0, len(strides) - 1)
    return np.asarray(levels, np.int64)
