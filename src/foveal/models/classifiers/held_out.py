"""Training rows that are set aside: one part, or several folds, with every class in proportion."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def held_out_part(labels: ArrayLike, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Draw the rows to choose a setting on.

    Parameters
    ----------
    labels : array-like of shape (N,), int
    share : float
        Of every class, rounded; at least one row of each class stays outside the part.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (N,), bool
        True for the rows in the part. None is where no class can spare one.

    Examples
    --------
    >>> held_out_part([0, 0, 0, 0, 0, 1], 0.2, np.random.default_rng(0)).sum()
    np.int64(1)
    """
    labels = np.asarray(labels)
    part = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        part[members[: min(round(share * len(members)), len(members) - 1)]] = True
    return part


def stratified_folds(labels: ArrayLike, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Number the rows for cross-validation.

    Parameters
    ----------
    labels : array-like of shape (N,), int
    folds : int
        At least 2.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (N,), int64
        From 0 to ``folds - 1``, or -1 for the only row of a class, which always trains. So every class
        is in the training rows of every fold.

    Examples
    --------
    >>> stratified_folds([0, 0, 0, 1], 3, np.random.default_rng(0))[3]
    np.int64(-1)
    """
    labels = np.asarray(labels)
    numbers = np.full(len(labels), -1, np.int64)
    start = 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) > 1:
            # Going on where the class before ended keeps the folds equally large.
            numbers[members] = (start + np.arange(len(members))) % folds
            start += len(members)
    return numbers
