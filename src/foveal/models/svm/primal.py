"""A linear SVM by its primal, in the memory that its examples lie in."""

import numpy as np
from numpy.typing import NDArray


def fit_squared_hinge(
    features: NDArray[np.float32],
    rows: NDArray[np.int64],
    positive: NDArray[np.bool_],
    *,
    C: float,
    intercept_scaling: float = 10.0,
    iterations: int = 40,
) -> tuple[NDArray[np.float32], float]:
    r"""Minimise the squared hinge loss of a linear classifier by L-BFGS.

    .. math:: \frac{1}{2} |w|^2 + \frac{1}{2} (b / s)^2 + C \sum_i \max(0, 1 - y_i (w x_i + b))^2

    with :math:`s` the scaling of the intercept. It is the problem that liblinear solves in float64, on a
    copy of all examples; here the products are those of float32, which for tens of thousands of vectors with
    thousands of numbers is the difference between megabytes and gigabytes.

    Parameters
    ----------
    features : ndarray of shape (N, D), float32
    rows : ndarray of shape (n,), int64
        Those of ``features`` to learn from. They are copied only if they are less than half of all.
    positive : ndarray of shape (n,), bool
    C : float
    intercept_scaling : float, default=10.0
    iterations : int, default=40
        At most.

    Returns
    -------
    weights : ndarray of shape (D,), float32
    intercept : float

    References
    ----------
    Fan, Chang, Hsieh, Wang and Lin, "LIBLINEAR: A Library for Large Linear Classification", JMLR 2008.

    Examples
    --------
    >>> x = np.array([[2.0, 0.0], [1.0, 1.0], [-2.0, 0.5], [-1.0, 0.0]], np.float32)
    >>> w, b = fit_squared_hinge(x, np.arange(4), np.array([True, True, False, False]), C=1.0)
    >>> (x @ w + b > 0).tolist()
    [True, True, False, False]
    """
    from scipy.optimize import minimize

    if 2 * len(rows) < len(features):
        features, rows = features[rows], np.arange(len(rows))
    # Rows that are not learned from have no sign, and so neither lack nor pull.
    y, counted = np.zeros(len(features)), np.zeros(len(features))
    np.add.at(y, rows, np.where(positive, 1.0, -1.0))
    np.add.at(counted, rows, 1.0)
    depth = features.shape[1]

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, shift = point[:depth], point[depth]
        values = (features @ weights.astype(np.float32)).astype(np.float64) + intercept_scaling * shift
        lack = np.maximum(0, counted - y * values)
        pull = -2 * C * y * lack
        grad = np.empty_like(point)
        grad[:depth] = weights + pull.astype(np.float32) @ features
        grad[depth] = shift + intercept_scaling * pull.sum()
        return 0.5 * float(point @ point) + C * float(lack @ lack), grad

    found = minimize(
        objective,
        np.zeros(depth + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": iterations, "ftol": 1e-4, "gtol": 1e-3},
    )
    return found.x[:depth].astype(np.float32), float(intercept_scaling * found.x[depth])
