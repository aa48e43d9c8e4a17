"""What the classifiers share that end in one linear layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.models.classifiers.image_classifier import ImageClassifier


class LinearClassifier(ImageClassifier):
    """Base of the classifiers of whole images that end in one linear layer; not to be used itself.

    A subclass learns ``coef_``, (K, D), or (1, D) of two classes, and ``intercept_``, (K,) or (1,).
    """

    coef_: NDArray[np.float64]
    intercept_: NDArray[np.float64]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits of the classes: (N, K), or (N,) of two classes, positive for the second."""
        rows = self._rows(X)
        values = rows.astype(np.float64, copy=False) @ self.coef_.T + self.intercept_
        return np.asarray(values[:, 0] if len(self.classes_) == 2 else values)

    def _set_linear(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Take weights from a file."""
        self.coef_, self.intercept_ = arrays["coef"], arrays["intercept"]


def with_rows_for(
    coef: NDArray[np.float64], intercept: NDArray[np.float64], n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A row for each class, of two classes too, and rows of zeros for further ones.

    Parameters
    ----------
    coef : ndarray of shape (K, D), or (1, D) of two classes
    intercept : ndarray of shape (K,) or (1,)
    n_classes : int
        At least K.

    Returns
    -------
    coef, intercept : ndarray of shape (n_classes, D) and (n_classes,), float64

    Examples
    --------
    >>> coef, intercept = with_rows_for(np.array([[2.0, 4.0]]), np.array([6.0]), 3)
    >>> coef.tolist(), intercept.tolist()
    ([[-1.0, -2.0], [1.0, 2.0], [0.0, 0.0]], [-3.0, 3.0, 0.0])
    """
    if len(coef) == 1:
        coef, intercept = np.concatenate([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
    more = n_classes - len(coef)
    return np.pad(coef, ((0, more), (0, 0))), np.pad(intercept, (0, more))


def linear_layer(coef: NDArray[np.float64], intercept: NDArray[np.float64]) -> nn.Linear:
    """The layer that gives a logit for each class, of two classes too.

    Parameters
    ----------
    coef : ndarray of shape (K, D), or (1, D) of two classes
    intercept : ndarray of shape (K,) or (1,)

    Returns
    -------
    foveal.nn.Linear
        Of two classes the logits are minus and plus half of the one that is given.

    Examples
    --------
    >>> linear_layer(np.array([[2.0, 4.0]]), np.array([6.0])).weight.data.tolist()
    [[-1.0, -2.0], [1.0, 2.0]]
    """
    coef, intercept = with_rows_for(coef, intercept, max(2, len(coef)))
    layer = nn.Linear(coef.shape[1], len(coef), random_state=0)
    return layer.load_state_dict({"weight": coef, "bias": intercept})
