"""From a decision value to a probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Platt:
    """A sigmoid for each class: ``1 / (1 + exp(-(slope · value + offset)))``.

    Attributes
    ----------
    slopes, offsets : ndarray of shape (K,), float32
    """

    slopes: NDArray[np.float32]
    offsets: NDArray[np.float32]

    def __call__(self, values: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float32]:
        """Probabilities of decision values, both of shape (N,), of the given classes."""
        from scipy.special import expit

        return np.asarray(expit(self.slopes[labels] * values + self.offsets[labels]), np.float32)


def fit_platt(
    values: NDArray[np.float32], labels: NDArray[np.int64], correct: NDArray[np.bool_], n_classes: int
) -> Platt:
    """Fit the sigmoids by maximum likelihood with Platt's (1999, section 2.2) smoothed targets.

    Parameters
    ----------
    values : ndarray of shape (N,), float32
        Decision values on examples that the classifier has not been trained on.
    labels : ndarray of shape (N,), int64
        The class that each value is of.
    correct : ndarray of shape (N,), bool
    n_classes : int

    Returns
    -------
    Platt
        A class with fewer than five correct or five wrong values takes the sigmoid of all classes
        together; where those have too few as well, the slope is 2 and the offset 0. Slopes are kept
        positive, so that the order of the values stays.
    """
    slopes = np.full(n_classes, 2.0, np.float32)
    offsets = np.zeros(n_classes, np.float32)
    together = _sigmoid(values, correct)
    for label in range(n_classes):
        mine = labels == label
        fitted = _sigmoid(values[mine], correct[mine]) or together
        if fitted is not None:
            slopes[label], offsets[label] = fitted
    return Platt(slopes, offsets)


def _sigmoid(values: NDArray[np.float32], correct: NDArray[np.bool_]) -> tuple[float, float] | None:
    from sklearn.linear_model import LogisticRegression

    right, wrong = int(correct.sum()), int((~correct).sum())
    if right < 5 or wrong < 5:
        return None
    high, low = (right + 1) / (right + 2), 1 / (wrong + 2)
    target = np.where(correct, high, low)
    # A soft target is one example of each answer, weighted.
    fit = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.tile(values, 2)[:, None].astype(np.float64),
        np.r_[np.ones(len(values)), np.zeros(len(values))],
        sample_weight=np.r_[target, 1 - target],
    )
    return max(float(fit.coef_[0, 0]), 1e-3), float(fit.intercept_[0])
