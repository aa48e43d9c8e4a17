"""Features brought to one scale."""

from dataclasses import dataclass
from typing import Any, Self

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
    return mean, _positive(rows.std(0, dtype=np.float64), mean)


def _positive(scale: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    # Rounding gives a constant feature a deviation of about its size times the machine's precision.
    return np.where(scale <= 1e-6 * np.maximum(np.abs(mean), 1e-12), 1.0, scale)


@dataclass(frozen=True)
class RunningScaling:
    """Mean and variance of every feature over rows that come in parts.

    Parameters
    ----------
    count : int
        Rows so far.
    mean, variance : ndarray of shape (D,), float64

    References
    ----------
    Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
    COMPSTAT 1982.

    Examples
    --------
    >>> first = RunningScaling.of(np.array([[1.0], [2.0]]))
    >>> both = first.joined(RunningScaling.of(np.array([[6.0]])))
    >>> both.count, both.mean.tolist(), both.variance.round(3).tolist()
    (3, [3.0], [4.667])
    """

    count: int
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Self:
        """Of rows, (N, D), at least one."""
        return cls(len(rows), rows.mean(0, dtype=np.float64), rows.var(0, dtype=np.float64))

    def joined(self, other: "RunningScaling") -> "RunningScaling":
        """Of these rows and others."""
        count = self.count + other.count
        share = other.count / count
        apart = other.mean - self.mean
        variance = (1 - share) * self.variance + share * other.variance + share * (1 - share) * apart**2
        return RunningScaling(count, self.mean + share * apart, variance)

    @property
    def scale(self) -> NDArray[np.float64]:
        """The standard deviation of every feature; 1 where it is constant, up to rounding."""
        return _positive(np.sqrt(self.variance), self.mean)


def standardized(
    rows: NDArray[Any], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float32]:
    """``(rows - mean) / scale``, computed in float64 and given as float32."""
    return np.asarray((rows - mean) / scale, np.float32)
