"""One SVM a class with the histogram intersection kernel."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.events import Callbacks
from foveal.models.svm.examples import Examples
from foveal.models.svm.region_svms import fit_each_class
from foveal.models.svm.support_vectors import kernel_values

#: Examples of a class whose kernel values are in memory together: 0.8 GB.
MOST_EXAMPLES = 10_000


@dataclass(frozen=True, eq=False)
class IntersectionSVMs:
    """Several SVMs with the histogram intersection kernel over the same features.

    The kernel ``K(a, b)`` is the sum of ``min(a[d], b[d])``. It adds up over the features, and so does
    the decision: each feature has a share that is a piecewise linear function of its value alone (Maji,
    Berg & Malik 2008, section 3). The shares are tabulated at equally spaced values from 0 to the
    greatest among the support vectors and read off linearly between them, so that the time of a decision
    does not depend on the number of support vectors. With 128 steps the values of 2000 regions of 1500
    features are within 0.005 of the exact ones, some thirty times as fast with 4500 support vectors.

    Attributes
    ----------
    vectors : ndarray of shape (S, D), float32
        The support vectors of all classes; never negative.
    coefficients : ndarray of shape (S, K), float64
        libsvm's dual coefficients, 0 where a vector does not support a class.
    biases : ndarray of shape (K,), float32
    steps : int
        Values of each feature that the table holds, 0 among them.

    Examples
    --------
    Against ``[1, 0]`` and for ``[2, 0]``: the second feature does not matter, and neither does the first
    below 1 and above 2.

    >>> svms = IntersectionSVMs(np.float32([[1, 0], [2, 0]]), np.float64([[-1], [1]]), np.float32([0]))
    >>> svms(np.float32([[0.5, 0], [1.5, 3], [2, 0], [9, 0]])).round(2)
    array([[0. ],
           [0.5],
           [1. ],
           [1. ]], dtype=float32)
    """

    vectors: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    biases: NDArray[np.float32]
    steps: int = 128
    _scales: NDArray[np.float32] = field(init=False, repr=False)
    _table: NDArray[np.float32] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        from foveal.models.svm._intersection_kernels import tabulate_kernel

        n_features, n_classes = self.vectors.shape[1], len(self.biases)
        highest = self.vectors.max(axis=0, initial=0).astype(np.float64)
        last = self.steps - 1
        scales = np.divide(last, highest, out=np.zeros(n_features), where=highest > 0).astype(np.float32)
        # Of the vectors that end at each step: their coefficients, and these times their values.
        weights = np.zeros((n_features, self.steps, n_classes))
        moments = np.zeros_like(weights)
        tabulate_kernel(self.vectors, self.coefficients, scales, weights, moments)
        # At a value, a vector adds its own value where it is lower, and the value where it is higher.
        higher = weights.sum(axis=1, keepdims=True) - weights.cumsum(axis=1)
        at = np.arange(self.steps) * (highest[:, None] / last)
        table = moments.cumsum(axis=1) + at[:, :, None] * higher
        object.__setattr__(self, "_scales", scales)
        object.__setattr__(self, "_table", table.astype(np.float32))

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Decision values, (N, D) to (N, K). What is negative or no number counts as 0."""
        from foveal.models.svm._intersection_kernels import look_up_kernel

        out = np.zeros((len(features), len(self.biases)), np.float32)
        look_up_kernel(np.ascontiguousarray(features, np.float32), self._scales, self._table, out)
        out += self.biases
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a model file has to hold."""
        return {
            "svm.vectors": self.vectors,
            "svm.coefficients": self.coefficients,
            "svm.biases": self.biases,
        }


def fit_intersection_svms(
    examples: Examples,
    *,
    C: float,
    without: NDArray[np.int64] | None = None,
    callbacks: Callbacks = (),
    most: int = MOST_EXAMPLES,
) -> IntersectionSVMs:
    """Fit one SVM with the histogram intersection kernel for each class against its negatives.

    The classifier of Uijlings et al. (2013, section 4), by scikit-learn's ``SVC`` (libsvm) on precomputed
    kernel values.

    Parameters
    ----------
    examples : Examples
        Without negative features.
    C : float
        Weight of the losses (hinge) against the margin.
    without : ndarray of int64, optional
        Images whose examples are left out.
    callbacks : sequence of callables
    most : int
        Examples of a class, at most, whose kernel values are in memory together.

    Returns
    -------
    IntersectionSVMs
        A class without positive examples scores -10 everywhere, so far behind the margin that it is
        never found; one without negative examples scores 1.

    Raises
    ------
    SettingError
        If a feature is negative or no number.

    Notes
    -----
    The kernel values of N examples of a class take 8 N² bytes, for each of the classes that are fitted at
    the same time, and N² D / 2 minima: 10,000 examples of 1500 features are 0.8 GB and some ten seconds,
    several times what a linear SVM takes.

    Of more than ``most`` examples an SVM is fitted to so many, evenly spaced, and then once more to
    those that it puts least far on their own side (half of them positive ones, at most; evenly spaced
    where too many are inside the margin): what is far on its own side would not be a support vector
    (Felzenszwalb et al. 2010, section 4.4).
    """
    if not examples.features.min(initial=0) >= 0:
        raise SettingError(
            "kernel='intersection' compares histograms, and these features have negative values or such "
            "that are no numbers: take features that have none, or kernel='linear'."
        )

    def fit(
        rows: NDArray[np.int64], positive: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
        if len(rows) > most:
            hard = _hard(examples.features, rows, positive, C, most)
            rows, positive = rows[hard], positive[hard]
        return _fit_one(examples.features, rows, positive, C)

    fitted = fit_each_class(examples, fit, without=without, callbacks=callbacks)
    supports = [machine[0] for machine in fitted if isinstance(machine, tuple)]
    used = np.unique(np.concatenate([np.zeros(0, np.int64), *supports]))
    coefficients = np.zeros((len(used), examples.n_classes))
    biases = np.zeros(examples.n_classes, np.float32)
    for label, machine in enumerate(fitted):
        if isinstance(machine, tuple):
            rows, dual, biases[label] = machine
            coefficients[np.searchsorted(used, rows), label] = dual
        else:
            biases[label] = machine
    return IntersectionSVMs(examples.features[used], coefficients, biases)


def _fit_one(
    features: NDArray[np.float32], rows: NDArray[np.int64], positive: NDArray[np.bool_], C: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    """The support vectors' rows, their dual coefficients and the bias of one class."""
    from sklearn.svm import SVC

    values = features[rows]
    # libsvm draws nothing here; the seed keeps scikit-learn from asking the global generator for one.
    svm = SVC(C=C, kernel="precomputed", random_state=0)
    svm.fit(kernel_values(values, values, "intersection"), positive)
    return rows[svm.support_], svm.dual_coef_[0], float(svm.intercept_[0])


def _hard(
    features: NDArray[np.float32],
    rows: NDArray[np.int64],
    positive: NDArray[np.bool_],
    C: float,
    most: int,
) -> NDArray[np.int64]:
    """Which examples, ``most`` of them, are put least far on their own side; rising."""
    sides = [np.flatnonzero(positive), np.flatnonzero(~positive)]
    n_positive = max(min(len(sides[0]), most // 2), most - len(sides[1]))
    numbers = (n_positive, most - n_positive)
    some = np.concatenate([_spaced(side, n) for side, n in zip(sides, numbers, strict=True)])
    support, dual, bias = _fit_one(features, rows[some], positive[some], C)
    svm = IntersectionSVMs(features[support], dual[:, None], np.array([bias], np.float32))
    signed = np.where(positive, 1, -1) * svm(features[rows])[:, 0]
    chosen = []
    for side, n in zip(sides, numbers, strict=True):
        inside = side[signed[side] < 1]
        # The worst alone would be the mistaken ones alone.
        hard = _spaced(inside, n) if len(inside) > n else side[np.argsort(signed[side], kind="stable")[:n]]
        chosen.append(hard)
    return np.sort(np.concatenate(chosen))


def _spaced(rows: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    return rows[np.linspace(0, len(rows) - 1, number).astype(np.int64)]
