"""Images as a user gives them to an estimator: paths, columns of them, images of Pillow, arrays."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from foveal.data import Dataset
from foveal.images import Source, as_image, is_pillow

#: What an estimator of images may be given, in words.
IMAGES_IN_WORDS = (
    "a path, a list of paths, of arrays (H, W, 3) or of Pillow's images, one array (N, H, W, 3), a pandas "
    "Series or column of paths, or a data set"
)


def as_given(X: Any) -> Any:
    """What a user means by X, as a list or an array.

    Parameters
    ----------
    X : object
        A path is a list of one, and so is an image of Pillow; a Series or a table of one column of paths, as
        pandas has them, and an array of shape (N, 1) of them are a list, and so are the files of a data set;
        images of Pillow are arrays, (H, W, 3) uint8, upright. What is anything else stays as it is.

    Raises
    ------
    ValueError
        If it is a table of several columns with paths in one, or an iterator, or lacks some paths.
    """
    if isinstance(X, (str, os.PathLike)):
        return [X]
    if is_pillow(X):
        return [as_image(X)]
    if isinstance(X, Dataset):
        return [sample.path for sample in X]
    if hasattr(X, "iloc"):
        # A table of numbers, with its names of columns, is scikit-learn's matter.
        if getattr(X, "ndim", 1) == 2 and X.shape[1] > 1 and len(X):
            _refuse_paths_among_columns(X)
        column = X.iloc[:, 0] if getattr(X, "ndim", 1) == 2 and X.shape[1] == 1 else X
        if getattr(column, "ndim", 2) == 1 and any(map(_is_source, column)):
            X = column.tolist()
    elif isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1 and len(X):
        if _is_source(X[0, 0]):
            X = X[:, 0].tolist()
    elif isinstance(X, tuple):
        X = list(X)
    one_dimension = isinstance(X, list) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)
    if one_dimension and any(map(is_pillow, X)):
        return [as_image(x) if is_pillow(x) else x for x in X]
    if isinstance(X, Iterator):
        raise ValueError(f"X is a {type(X).__name__}, which can be read but once: give a list.")
    if isinstance(X, list):
        _refuse_gaps(X)
    return X


def _refuse_paths_among_columns(X: Any) -> None:
    named = next((name for name, value in zip(X.columns, X.iloc[0], strict=True) if _is_source(value)), None)
    if named is not None:
        raise ValueError(
            f"X has {X.shape[1]} columns, of which {named!r} holds text: give the column with the images' "
            "paths alone, or a table of numbers."
        )


def _refuse_gaps(X: Sequence[Any]) -> None:
    """Refuse a list of paths in which some are missing, as they are in a table's column."""
    if not any(map(_is_source, X)):
        return
    for place, item in enumerate(X):
        if item is None or (np.ndim(item) == 0 and not _is_source(item)):
            raise ValueError(f"X has {item!r} in place {place}, where an image or its path has to be.")


def _is_source(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) or is_pillow(value)


def sources_of(images: Any) -> list[Source]:
    """What a detector is given, as a list of paths and images.

    Parameters
    ----------
    images : object
        As of :func:`as_given`; one image, (H, W, 3) or (H, W), is a list of one.

    Returns
    -------
    list of path-like, of ndarray of shape (H, W, 3), uint8, or of images of Pillow

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if is_pillow(images) or (isinstance(images, np.ndarray) and _is_one(images)):
        return [images]  # type: ignore[list-item]
    if (
        isinstance(images, Sequence)
        and not isinstance(images, (str, bytes))
        and len(images)
        and all(map(_is_source, images))
    ):
        # Images of Pillow stay what they are until their turn comes, so that not all are decoded at once.
        return list(images)
    given = as_given(images)
    if isinstance(given, np.ndarray) and (
        given.dtype == object or given.ndim == 4 or given.dtype.kind in "US"
    ):
        given = list(given)
    if not isinstance(given, list) or not all(_is_source(x) or isinstance(x, np.ndarray) for x in given):
        raise ValueError(f"images are to be {IMAGES_IN_WORDS}; got {described(images)}.")
    return given


def refuse_strange(X: Any) -> None:
    """Refuse what is neither images nor rows of numbers, with a sentence that says what X may be.

    What is an array or nearly one stays scikit-learn's matter.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if hasattr(X, "shape") or hasattr(X, "__array__"):
        return
    numbers = (int, float, complex, np.generic, np.ndarray, Sequence, type(None))
    if isinstance(X, Sequence) and not isinstance(X, (str, bytes)):
        first = X[0] if len(X) else 0
        if isinstance(first, numbers) and not isinstance(first, bytes):
            return
    raise ValueError(f"X is to be {IMAGES_IN_WORDS}, or rows of numbers, (N, D); got {described(X)}.")


def described(X: Any) -> str:
    """What somebody gave instead of images, in words."""
    if isinstance(X, (list, tuple)):
        kind = f"a {type(X).__name__}"
        wrong = next((x for x in X if not (_is_source(x) or isinstance(x, np.ndarray))), X[0] if X else None)
        return f"{kind} with {_kind(wrong)} in it" if X else f"an empty {type(X).__name__}"
    if hasattr(X, "shape"):
        return f"{_kind(X)} of shape {tuple(X.shape)}"
    return _kind(X)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _is_one(image: np.ndarray[Any, Any]) -> bool:
    """Whether an array is one image, not several."""
    if image.dtype.kind not in "uifb":
        return False
    return image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3, 4))
