"""One linear SVM a class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.events import Callbacks
from foveal.models.svm.examples import Examples
from foveal.models.svm.primal import fit_squared_hinge
from foveal.models.svm.region_svms import fit_each_class

# liblinear copies its examples into float64: of more numbers than these the same problem is solved in place.
_MOST_NUMBERS = 4_000_000


@dataclass(frozen=True, eq=False)
class LinearSVMs:
    """Several linear classifiers over the same features.

    Attributes
    ----------
    weights : ndarray of shape (D, K), float32
    biases : ndarray of shape (K,), float32
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Decision values, (N, D) to (N, K)."""
        return np.asarray(features @ self.weights + self.biases, np.float32)

    def unscaled(self, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> "LinearSVMs":
        """The same classifiers of features ``x`` that were learned on ``(x - mean) / scale``; both (D,)."""
        weights = self.weights / scale[:, None]
        return LinearSVMs(np.ascontiguousarray(weights), self.biases - mean @ weights)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a model file has to hold."""
        return {"svm.weights": self.weights, "svm.biases": self.biases}


def fit_linear_svms(
    examples: Examples,
    *,
    C: float,
    without: NDArray[np.int64] | None = None,
    callbacks: Callbacks = (),
) -> LinearSVMs:
    """Fit one linear SVM for each class against its negatives.

    Parameters
    ----------
    examples : Examples
    C : float
        Weight of the losses (squared hinge) against the margin.
    without : ndarray of int64, optional
        Images whose examples are left out.
    callbacks : sequence of callables

    Returns
    -------
    LinearSVMs
        A class without positive examples scores -10 everywhere, so far behind the margin that it is
        never found; one without negative examples scores 1.
    """

    def fit(rows: NDArray[np.int64], positive: NDArray[np.bool_]) -> tuple[NDArray[np.float32], float]:
        if len(rows) * examples.features.shape[1] > _MOST_NUMBERS:
            return fit_squared_hinge(examples.features, rows, positive, C=C, intercept_scaling=10.0)
        from sklearn.svm import LinearSVC

        # The primal: liblinear's dual draws from one generator for the whole process, which threads would
        # take numbers from in an order that nothing fixes.
        svm = LinearSVC(C=C, intercept_scaling=10.0, dual=False, tol=1e-2, max_iter=200)
        svm.fit(examples.features[rows], positive.astype(np.float64))
        return svm.coef_[0].astype(np.float32), float(svm.intercept_[0])

    flat = np.zeros(examples.features.shape[1], np.float32)
    fitted = [
        machine if isinstance(machine, tuple) else (flat, machine)
        for machine in fit_each_class(examples, fit, without=without, callbacks=callbacks)
    ]
    return LinearSVMs(
        np.ascontiguousarray(np.stack([w for w, _ in fitted], axis=1)),
        np.array([b for _, b in fitted], np.float32),
    )
