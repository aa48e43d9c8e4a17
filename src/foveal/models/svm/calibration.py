"""From the decision values of several classes to their probabilities.

A support vector machine's decision values have no unit. One slope, fitted on rows that the machine was
not trained on, makes logits of them. It is Platt's method (1999) for several classes at once, without his
offset: so the classes keep their order, and the most probable class is always the one predicted.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.nn import softmax

# Never 0, which would make all classes equal.
_LEAST = 1e-3


def fit_slope(values: ArrayLike, labels: ArrayLike) -> float:
    """Fit the slope that decision values are multiplied by before a softmax.

    Newton's method on the mean cross-entropy, which is convex in the slope. As in Platt (1999) the targets
    are drawn in a little, to ``(n + 1) / (n + K)`` for the true class of K and ``1 / (n + K)`` for the others
    with n the number of rows, so that the slope stays finite where the values separate the classes. (Guo
    et al. 2017, "On calibration of modern neural networks", call its inverse the temperature.)

    Parameters
    ----------
    values : array-like of shape (N, K), or (N,) of two classes
        Of two classes, positive for the second.
    labels : array-like of shape (N,), int

    Returns
    -------
    float
        Above 0; 1 where there are no rows.

    Examples
    --------
    >>> fit_slope([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1]) > 0.5
    True
    """
    d = _two_columns(values)
    labels = np.asarray(labels, np.int64)
    rows, n_classes = d.shape
    if labels.shape != (rows,):
        raise ValueError(f"There are {rows} rows of decision values and labels of shape {labels.shape}.")
    if not rows:
        return 1.0
    target = np.full(d.shape, 1 / (rows + n_classes))
    target[np.arange(rows), labels] = (rows + 1) / (rows + n_classes)
    wanted = float((target * d).sum())

    def loss(slope: float) -> float:
        z = slope * d
        top = z.max(1)
        return float((np.log(np.exp(z - top[:, None]).sum(1)) + top).sum()) - slope * wanted

    slope, current = 1.0, loss(1.0)
    for _ in range(100):
        p = softmax(slope * d)
        mean = (p * d).sum(1)
        first = float(mean.sum()) - wanted
        second = float((p * d**2).sum() - (mean**2).sum())
        step = first / max(second, 1e-12)
        while (new := max(slope - step, _LEAST)) and loss(new) > current:
            step /= 2
            if abs(step) < 1e-10:
                return slope
        moved = abs(new - slope)
        slope, current = new, loss(new)
        if moved < 1e-10 * slope:
            break
    return slope


def class_probabilities(values: ArrayLike, slope: float) -> NDArray[np.float64]:
    """Probabilities of the classes.

    Parameters
    ----------
    values : array-like of shape (N, K), or (N,) of two classes
        Decision values.
    slope : float
        From :func:`fit_slope`.

    Returns
    -------
    ndarray of shape (N, K), float64
        Each row sums to 1.

    Examples
    --------
    >>> class_probabilities([0.0, 5.0], slope=2.0).round(3)
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    return softmax(slope * _two_columns(values))


def _two_columns(values: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(values, np.float64)
    return np.column_stack([np.zeros_like(values), values]) if values.ndim == 1 else values
