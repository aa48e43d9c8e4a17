"""Features brought to one scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def feature_scaling(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of every feature.

    Parameters
    ----------
    rows : ndarray of shape (N, D)

    Returns
    -------
    mean, scale : ndarray of shape (D,), float64
        The scale of a feature that is constant, up to rounding, is 1.

    Examples
    --------
    >>> mean, scale = feature_scaling(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> mean.tolist(), scale.tolist()
    ([2.0, 5.0], [1.0, 1.0])
    """
    mean = rows.mean(0, dtype=np.float64)
    scale = rows.std(0, dtype=np.float64)
    # Rounding gives a constant feature a deviation of about its size times the machine's precision.
    scale[scale <= 1e-6 * np.maximum(np.abs(mean), 1e-12)] = 1.0
    return mean, scale


def standardized(
    rows: NDArray[Any], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float32]:
    """``(rows - mean) / scale``, computed in float64 and given as float32."""
    return np.asarray((rows - mean) / scale, np.float32)
