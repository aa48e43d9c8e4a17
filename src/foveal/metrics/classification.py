"""How good a classifier of whole images or crops is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.metrics.confusion_matrix import ConfusionMatrix


def evaluate_classes(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    probabilities: ArrayLike | None = None,
    *,
    classes: Sequence[str],
) -> dict[str, float]:
    """Accuracy and its relatives, as flat keys.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (N,), int
        True and predicted classes, as positions in `classes`.
    probabilities : array-like of shape (N, K), optional
        Of each class; every row adds up to 1.
    classes : sequence of str
        The K names.

    Returns
    -------
    dict of str to float
        ``images`` always; then ``accuracy``, ``balanced_accuracy`` (the mean recall of the classes in
        `y_true`), ``f1_macro`` (the mean over the classes in `y_true` or `y_pred`), ``log_loss`` in
        nats where there are probabilities, and ``precision/<class>``, ``recall/<class>``,
        ``f1/<class>``. A class that was never predicted has precision 0; one that is not in `y_true`
        has no recall; one in neither has no keys. Without images ``images`` is the only key. With one
        class ``log_loss`` is 0.

    Raises
    ------
    ValueError
        If shapes do not agree, a class is not a position in `classes`, or probabilities are
        negative, not finite, or do not add up to 1 (to 0.001).

    Examples
    --------
    >>> figures = evaluate_classes([0, 0, 1], [0, 1, 1], classes=["cat", "dog"])
    >>> round(figures["accuracy"], 3), figures["balanced_accuracy"], figures["precision/dog"]
    (0.667, 0.75, 0.5)
    """
    truth, predicted = _checked(y_true, y_pred, classes)
    shares = (
        None if probabilities is None else _checked_probabilities(probabilities, len(truth), len(classes))
    )
    figures: dict[str, float] = {"images": len(truth)}
    if not len(truth):
        return figures

    from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support

    numbers = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=numbers, zero_division=0.0
    )
    present = support > 0
    seen = present | np.isin(numbers, predicted)
    figures["accuracy"] = float(accuracy_score(truth, predicted))
    figures["balanced_accuracy"] = float(recall[present].mean())
    figures["f1_macro"] = float(f1[seen].mean())
    if shares is not None:
        # A single class is certain; scikit-learn wants two.
        figures["log_loss"] = float(log_loss(truth, shares, labels=numbers)) if len(classes) > 1 else 0.0
    for k, name in enumerate(classes):
        if seen[k]:
            figures[f"precision/{name}"] = float(precision[k])
            if present[k]:
                figures[f"recall/{name}"] = float(recall[k])
            figures[f"f1/{name}"] = float(f1[k])
    return figures


def confusion_of_classes(y_true: ArrayLike, y_pred: ArrayLike, *, classes: Sequence[str]) -> ConfusionMatrix:
    """Confusion matrix of a classifier.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (N,), int
        As in :func:`evaluate_classes`. They may be empty.
    classes : sequence of str
        The K names.

    Returns
    -------
    ConfusionMatrix
        Of shape (K, K), true classes in rows; no background.

    Raises
    ------
    ValueError
        As in :func:`evaluate_classes`.

    Examples
    --------
    >>> confusion_of_classes([0, 0, 1], [0, 1, 1], classes=["cat", "dog"]).matrix
    array([[1, 1],
           [0, 1]])
    """
    truth, predicted = _checked(y_true, y_pred, classes)
    k = len(classes)
    matrix = np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k)
    return ConfusionMatrix(matrix.astype(np.int64), tuple(classes))


def _checked(
    y_true: ArrayLike, y_pred: ArrayLike, classes: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    arrays = []
    for name, values in (("y_true", y_true), ("y_pred", y_pred)):
        array = np.asarray(values)
        if array.ndim != 1:
            raise ValueError(f"{name} has the shape {array.shape}: give one class for each image")
        if len(array) and not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"{name} is of {array.dtype}: give whole numbers, positions in classes")
        if len(array) and not (array.min() >= 0 and array.max() < len(classes)):
            raise ValueError(
                f"{name} has classes from {array.min()} to {array.max()}, but there are {len(classes)}"
            )
        arrays.append(array.astype(np.int64))
    truth, predicted = arrays
    if len(truth) != len(predicted):
        raise ValueError(f"y_true has {len(truth)} classes and y_pred {len(predicted)}: give as many")
    return truth, predicted


def _checked_probabilities(probabilities: ArrayLike, images: int, classes: int) -> NDArray[np.float64]:
    shares = np.asarray(probabilities, np.float64)
    if not images and not shares.size:
        return np.zeros((0, classes))
    if shares.shape != (images, classes):
        raise ValueError(f"probabilities have the shape {shares.shape}, not {(images, classes)}")
    totals = shares.sum(axis=1, keepdims=True)
    if not (np.isfinite(shares).all() and (shares >= 0).all() and np.allclose(totals, 1, rtol=0, atol=1e-3)):
        raise ValueError("probabilities must be finite, not negative, and add up to 1 in each row")
    normalized: NDArray[np.float64] = shares / totals
    return normalized
