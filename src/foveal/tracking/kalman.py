"""Where an object will be in the next frame: the Kalman filter of SORT."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The state is centre x, centre y, area, width / height, and the speeds of the first three.
_MOVES = np.eye(7)
_MOVES[[0, 1, 2], [4, 5, 6]] = 1
_SEES = np.eye(4, 7)
# How sure the first box is, how much the movement may change in a frame, and how far detections are off:
# the values of SORT's authors.
_FIRST = np.diag([10.0, 10, 10, 10, 1e4, 1e4, 1e4])
_CHANGES = np.diag([1, 1, 1, 1, 1e-2, 1e-2, 1e-4])
_NOISE = np.diag([1.0, 1, 10, 10])


class KalmanBox:
    """A box that moves at a steady speed, as a filter sees it through uncertain detections.

    Parameters
    ----------
    box : array-like of shape (4,)
        Where it is seen first; ``x1, y1, x2, y2`` in pixels.

    References
    ----------
    A. Bewley, Z. Ge, L. Ott, F. Ramos and B. Upcroft, "Simple online and realtime tracking", ICIP 2016,
    section 3.2. R. E. Kalman, "A new approach to linear filtering and prediction problems", 1960.

    Examples
    --------
    >>> moving = KalmanBox([0, 0, 10, 10])
    >>> for x in range(5, 50, 5):
    ...     _ = moving.predict()
    ...     moving.update([x, 0, x + 10, 10])
    >>> moving.predict().round()
    array([50.,  0., 60., 10.], dtype=float32)
    """

    def __init__(self, box: ArrayLike) -> None:
        self._mean = np.concatenate([_measured(box), np.zeros(3)])
        self._covariance = _FIRST.copy()

    @property
    def box(self) -> NDArray[np.float32]:
        """Where the object is believed to be, of shape (4,)."""
        x, y, area, ratio = self._mean[:4]
        width = np.sqrt(max(area, 1e-9) * max(ratio, 1e-9))
        height = max(area, 1e-9) / width
        return np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2], np.float32)

    def predict(self) -> NDArray[np.float32]:
        """Go on by a frame, and say where the object should be: ``x = F x``, ``P = F P F' + Q``."""
        if self._mean[2] + self._mean[6] <= 0:
            self._mean[6] = 0  # an area does not fall below nothing
        self._mean = _MOVES @ self._mean
        self._covariance = _MOVES @ self._covariance @ _MOVES.T + _CHANGES
        return self.box

    def update(self, box: ArrayLike) -> None:
        """Learn from a detection: ``K = P H' (H P H' + R)^-1``, ``x += K (z - H x)``, ``P -= K H P``."""
        surprise = _measured(box) - _SEES @ self._mean
        spread = _SEES @ self._covariance @ _SEES.T + _NOISE
        gain = np.linalg.solve(spread, _SEES @ self._covariance).T
        self._mean = self._mean + gain @ surprise
        self._covariance = self._covariance - gain @ _SEES @ self._covariance


def _measured(box: ArrayLike) -> NDArray[np.float64]:
    x1, y1, x2, y2 = np.asarray(box, np.float64)
    width, height = max(x2 - x1, 1e-3), max(y2 - y1, 1e-3)
    return np.array([x1 + width / 2, y1 + height / 2, width * height, width / height])
