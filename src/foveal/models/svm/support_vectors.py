"""A support vector machine as plain arrays.

What scikit-learn's ``SVC`` (libsvm) has learned, and its decision in NumPy, so that a saved machine needs
neither of them. Fitted and loaded machines decide through the same code.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kernel = Literal["linear", "rbf", "intersection"]

# Rows of kernel values at a time.
_BATCH = 2048


def kernel_values(
    a: NDArray[Any], b: NDArray[Any], kernel: Kernel, gamma: float = 0.0
) -> NDArray[np.float64]:
    """The kernel of every row of ``a`` with every row of ``b``, in float64.

    Parameters
    ----------
    a : ndarray of shape (N, D)
    b : ndarray of shape (M, D)
    kernel : {"linear", "rbf", "intersection"}
        The inner product, ``exp(-gamma · |a - b|²)``, or the sum of ``min(a_d, b_d)`` (histogram
        intersection; added up in float32).
    gamma : float

    Returns
    -------
    ndarray of shape (N, M)

    Examples
    --------
    >>> kernel_values(np.eye(2), np.eye(2), "rbf", 0.5).round(3)
    array([[1.   , 0.368],
           [0.368, 1.   ]])
    """
    if kernel == "intersection":
        from foveal.models.svm._intersection_kernels import intersection_kernel

        sums = np.empty((len(a), len(b)))
        intersection_kernel(
            np.ascontiguousarray(a, np.float32), np.ascontiguousarray(b, np.float32), a is b, sums
        )
        return sums
    a, b = a.astype(np.float64, copy=False), b.astype(np.float64, copy=False)
    product: NDArray[np.float64] = np.asarray(a @ b.T, np.float64)
    if kernel == "linear":
        return product
    product *= -2
    product += (a**2).sum(1)[:, None]
    product += (b**2).sum(1)
    np.maximum(product, 0, out=product)
    product *= -gamma
    np.exp(product, out=product)
    return product


@dataclass(frozen=True, eq=False)
class SupportVectors:
    """Support vectors of a one-against-one machine of K classes.

    Attributes
    ----------
    vectors : ndarray of shape (S, D), float32
        In the order of their classes.
    dual : ndarray of shape (K - 1, S), float64
        libsvm's dual coefficients (scikit-learn's ``dual_coef_``).
    intercepts : ndarray of shape (K (K - 1) / 2,), float64
        Of the pairs of classes in the order (0, 1), (0, 2), …, (K - 2, K - 1).
    counts : ndarray of shape (K,), int64
        How many of the vectors belong to each class.
    kernel : {"linear", "rbf", "intersection"}
    gamma : float
        The rbf kernel's; 0 for the others.
    """

    vectors: NDArray[np.float32]
    dual: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    counts: NDArray[np.int64]
    kernel: Kernel
    gamma: float = 0.0

    @classmethod
    def from_svc(cls, svc: Any, rows: NDArray[np.float32], kernel: Kernel, gamma: float) -> "SupportVectors":
        """Take what a fitted ``SVC`` has learned.

        Parameters
        ----------
        svc : sklearn.svm.SVC
            Fitted on ``rows``, or on their precomputed kernel.
        rows : ndarray of shape (N, D), float32
        kernel : {"linear", "rbf", "intersection"}
        gamma : float
        """
        return cls(
            vectors=np.ascontiguousarray(rows[svc.support_], np.float32),
            dual=np.array(svc.dual_coef_, np.float64, order="C"),
            intercepts=np.array(svc.intercept_, np.float64),
            counts=np.array(svc.n_support_, np.int64),
            kernel=kernel,
            gamma=float(gamma),
        )

    @property
    def n_classes(self) -> int:
        """K."""
        return len(self.counts)

    def pairwise(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Decision values of every pair of classes.

        Parameters
        ----------
        rows : ndarray of shape (N, D)

        Returns
        -------
        ndarray of shape (N, K (K - 1) / 2), float64
            Positive for the first class of the pair, and of two classes for the second, as in
            scikit-learn.
        """
        out = np.empty((len(rows), len(self.intercepts)))
        weights = self._weights()
        for start in range(0, len(rows), _BATCH):
            values = kernel_values(rows[start : start + _BATCH], self.vectors, self.kernel, self.gamma)
            out[start : start + _BATCH] = values @ weights.T
        out += self.intercepts
        return out

    def _weights(self) -> NDArray[np.float64]:
        # A row a pair: a vector of class i meets class j with its coefficient in row j - 1 (j after i) or
        # j (j before i) of the dual coefficients.
        ends = np.cumsum(self.counts)
        weights = np.zeros((len(self.intercepts), len(self.vectors)))
        for pair, (i, j) in enumerate(combinations(range(self.n_classes), 2)):
            of_i = slice(ends[i] - self.counts[i], ends[i])
            of_j = slice(ends[j] - self.counts[j], ends[j])
            weights[pair, of_i] = self.dual[j - 1, of_i]
            weights[pair, of_j] = self.dual[i, of_j]
        return weights

    def decision_function(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Decision values of the classes: scikit-learn's, with ``decision_function_shape="ovr"``.

        Parameters
        ----------
        rows : ndarray of shape (N, D)

        Returns
        -------
        ndarray of shape (N, K), or (N,) of two classes, float64
            The votes of a class plus its summed pairwise values, squeezed into less than ± 1/3. Of two
            classes, the pairwise value.
        """
        return one_against_rest(self.pairwise(rows), self.n_classes)


def one_against_rest(pairwise: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Join pairwise decision values into one a class; see :meth:`SupportVectors.decision_function`."""
    pairwise = np.asarray(pairwise, np.float64)
    if n_classes == 2:
        return np.asarray(pairwise[:, 0])
    votes = np.zeros((len(pairwise), n_classes))
    sums = np.zeros((len(pairwise), n_classes))
    for pair, (i, j) in enumerate(combinations(range(n_classes), 2)):
        value = pairwise[:, pair]
        sums[:, i] += value
        sums[:, j] -= value
        votes[:, i] += value >= 0
        votes[:, j] += value < 0
    return np.asarray(votes + sums / (3 * (np.abs(sums) + 1)))
