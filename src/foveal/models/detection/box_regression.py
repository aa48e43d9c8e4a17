"""From a proposal to the object's box: ridge regression of the box deltas."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import encode
from foveal.models.detection.moving import moved


@dataclass(frozen=True, eq=False)
class BoxRegression:
    """Girshick et al. (2014), appendix C: a linear map from features to box deltas, for each class.

    Attributes
    ----------
    weights : ndarray of shape (K, D, 4), float32
    biases : ndarray of shape (K, 4), float32
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def __call__(
        self, features: NDArray[np.float32], boxes: NDArray[np.float32], label: int
    ) -> NDArray[np.float32]:
        """Moved boxes: (N, D) features and (N, 4) boxes of one class to (N, 4)."""
        if not len(boxes):
            return boxes
        with np.errstate(over="ignore", invalid="ignore"):
            deltas = features @ self.weights[label] + self.biases[label]
        return np.asarray(moved(boxes, deltas), np.float32)

    def unscaled(self, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> "BoxRegression":
        """The same map of features ``x`` that was learned on ``(x - mean) / scale``; both (D,)."""
        weights = self.weights / scale[:, None]
        return BoxRegression(weights, self.biases - np.einsum("d,kdj->kj", mean, weights))


def fit_box_regression(
    features: list[NDArray[np.float32]],
    boxes: list[NDArray[np.float32]],
    targets: list[NDArray[np.float32]],
    *,
    alpha: float,
) -> BoxRegression:
    """Fit the regression of every class.

    Parameters
    ----------
    features, boxes, targets : list of ndarray
        For each class (N, D), (N, 4) and (N, 4): proposals near an object, and the object's box.
    alpha : float
        Ridge penalty (the paper's λ).

    Returns
    -------
    BoxRegression
        The identity for a class with fewer than ten examples.
    """
    from sklearn.linear_model import Ridge

    n_classes, n_features = len(features), features[0].shape[1] if features else 0
    weights = np.zeros((n_classes, n_features, 4), np.float32)
    biases = np.zeros((n_classes, 4), np.float32)
    for label in range(n_classes):
        if len(boxes[label]) < 10:
            continue
        deltas = encode(boxes[label], targets[label])
        ridge = Ridge(alpha=alpha).fit(features[label], deltas)
        weights[label] = np.asarray(ridge.coef_, np.float32).T
        biases[label] = np.asarray(ridge.intercept_, np.float32)
    return BoxRegression(weights, biases)
