"""Which parts of an image a classifier's answer hangs on, by hiding them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from foveal.models.contracts import ClassifierModel

# Copies of the image that are classified at a time.
_AT_A_TIME = 128


def occlusion_map(
    model: ClassifierModel,
    image: Any,
    label: int | None = None,
    *,
    patch: float = 0.25,
    steps: int = 12,
    value: float | None = None,
) -> NDArray[np.float32]:
    """What hiding each part of an image takes from a probability (Zeiler & Fergus 2014, section 4.2).

    A patch of one colour slides over the image, and each time the classifier is asked anew. A pixel's
    number is the mean over all patches that hid it.

    Parameters
    ----------
    model : classifier
        Any fitted classifier of whole images: svm, logistic, mlp, cnn.
    image : path-like or ndarray of shape (H, W, C) or (H, W)
        As ``model.predict`` takes it in a list.
    label : int, optional
        The class to ask about, an index into ``model.classes_``; by default the predicted one.
    patch : float, default=0.25
        The sides of the patch as a share of the image's, above 0 and at most 1.
    steps : int, default=12
        Places of the patch along each side, at most: the classifier is asked ``steps`` squared times.
    value : float, optional
        What the patch is filled with, 0 to 255 or as the images of the training were; by default the
        image's mean colour.

    Returns
    -------
    ndarray of shape (h, w), float32
        At the size at which the classifier sees the image, from -1 to 1: the probability that is lost
        where it is above 0, and gained where it is below.

    Raises
    ------
    ValueError
        If the classifier was fitted on rows, or a parameter is impossible.

    Examples
    --------
    >>> from foveal.models import LogisticClassifier
    >>> X = np.zeros((8, 16, 16, 3), np.uint8)
    >>> X[::2, 2:6, 2:6], X[1::2, 10:14, 10:14] = 255, 255
    >>> model = LogisticClassifier(features="pixels", random_state=0).fit(X, ["above", "below"] * 4)
    >>> lost = occlusion_map(model, X[0])
    >>> lost.shape, bool(lost[4, 4] > lost[12, 4])
    ((16, 16), True)
    """
    check_is_fitted(model)
    if not 0 < patch <= 1:
        raise ValueError(f"patch is {patch!r}; give a share of the image's sides, above 0 and at most 1.")
    if steps < 1:
        raise ValueError(f"steps is {steps!r}; give a whole number from 1.")
    if label is not None and not 0 <= label < len(model.classes_):
        raise ValueError(f"label is {label!r}; give the index of one of the {len(model.classes_)} classes.")
    seen = model.as_seen([image])[0]
    height, width = seen.shape[:2]
    fill = seen.mean((0, 1)) if value is None else np.full(seen.shape[2], value)
    if seen.dtype == np.uint8:
        fill = np.rint(fill)
    tall, wide = max(1, round(patch * height)), max(1, round(patch * width))
    places = [(top, left) for top in _places(height, tall, steps) for left in _places(width, wide, steps)]
    whole = np.asarray(model.predict_proba(seen[None]))[0]
    asked = int(whole.argmax()) if label is None else label
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for start in range(0, len(places), _AT_A_TIME):
        some = places[start : start + _AT_A_TIME]
        hidden = np.repeat(seen[None], len(some), axis=0)
        for copy, (top, left) in zip(hidden, some, strict=True):
            copy[top : top + tall, left : left + wide] = fill
        lost = whole[asked] - np.asarray(model.predict_proba(hidden))[:, asked]
        for (top, left), number in zip(some, lost, strict=True):
            total[top : top + tall, left : left + wide] += number
            times[top : top + tall, left : left + wide] += 1
    return np.asarray(total / np.maximum(times, 1), np.float32)


def _places(side: int, patch: int, steps: int) -> list[int]:
    """Where the patch begins along one side: evenly, from end to end, without a pixel left out."""
    last = side - patch
    least = -(-last // patch) + 1
    number = min(max(steps, least), last + 1)
    return [int(p) for p in np.unique(np.rint(np.linspace(0, last, number)))]
