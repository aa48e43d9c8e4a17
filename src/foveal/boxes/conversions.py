"""Boxes as other programs spell them: corner and sides, centre and sides, shares of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes


def from_xywh(boxes: ArrayLike, size: Sequence[float] | None = None) -> NDArray[Any]:
    """Boxes of ``x, y, width, height``, as COCO has them.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        The upper left corner and the sides.
    size : (height, width), optional
        Of the image, where the numbers are shares of it, from 0 to 1; by default they are pixels.

    Returns
    -------
    ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels; float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        If the shape is not (N, 4), a number is not finite, or the size is no two positive numbers.

    Examples
    --------
    >>> from_xywh([[10, 20, 30, 40]])
    array([[10., 20., 40., 60.]], dtype=float32)
    """
    given = as_boxes(boxes)
    return _in_pixels(np.concatenate([given[:, :2], given[:, :2] + given[:, 2:]], axis=1), size)


def to_xywh(boxes: ArrayLike, size: Sequence[float] | None = None) -> NDArray[Any]:
    """Boxes as ``x, y, width, height``; the way back of :func:`from_xywh`.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels.
    size : (height, width), optional
        Of the image, to give shares of it; pixels by default.

    Returns
    -------
    ndarray of shape (N, 4), float32
        float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        As :func:`from_xywh`.

    Examples
    --------
    >>> to_xywh([[10, 20, 40, 60]])
    array([[10., 20., 30., 40.]], dtype=float32)
    """
    given = _in_shares(as_boxes(boxes), size)
    return np.concatenate([given[:, :2], given[:, 2:] - given[:, :2]], axis=1)


def from_cxcywh(boxes: ArrayLike, size: Sequence[float] | None = None) -> NDArray[Any]:
    """Boxes of ``centre x, centre y, width, height``, as YOLO has them, there as shares of the image.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        The centre and the sides.
    size : (height, width), optional
        Of the image, where the numbers are shares of it, from 0 to 1; by default they are pixels.

    Returns
    -------
    ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels; float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        As :func:`from_xywh`.

    Examples
    --------
    >>> from_cxcywh([[0.5, 0.5, 0.25, 0.5]], size=(100, 200))
    array([[ 75.,  25., 125.,  75.]], dtype=float32)
    """
    given = as_boxes(boxes)
    half = given[:, 2:] / 2
    return _in_pixels(np.concatenate([given[:, :2] - half, given[:, :2] + half], axis=1), size)


def to_cxcywh(boxes: ArrayLike, size: Sequence[float] | None = None) -> NDArray[Any]:
    """Boxes as ``centre x, centre y, width, height``; the way back of :func:`from_cxcywh`.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels.
    size : (height, width), optional
        Of the image, to give shares of it, as YOLO's label files have them; pixels by default.

    Returns
    -------
    ndarray of shape (N, 4), float32
        float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        As :func:`from_xywh`.

    Examples
    --------
    >>> to_cxcywh([[75, 25, 125, 75]], size=(100, 200))
    array([[0.5 , 0.5 , 0.25, 0.5 ]], dtype=float32)
    """
    given = _in_shares(as_boxes(boxes), size)
    return np.concatenate([(given[:, :2] + given[:, 2:]) / 2, given[:, 2:] - given[:, :2]], axis=1)


def from_normalized(boxes: ArrayLike, size: Sequence[float]) -> NDArray[Any]:
    """Boxes whose corners are shares of the image, in pixels.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` from 0 to 1.
    size : (height, width)
        Of the image.

    Returns
    -------
    ndarray of shape (N, 4), float32
        float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        As :func:`from_xywh`.

    Examples
    --------
    >>> from_normalized([[0, 0.5, 0.5, 1]], size=(100, 200))
    array([[  0.,  50., 100., 100.]], dtype=float32)
    """
    return _in_pixels(as_boxes(boxes), size)


def to_normalized(boxes: ArrayLike, size: Sequence[float]) -> NDArray[Any]:
    """Boxes as shares of the image; the way back of :func:`from_normalized`.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels.
    size : (height, width)
        Of the image.

    Returns
    -------
    ndarray of shape (N, 4), float32
        float64 where ``boxes`` is float64.

    Raises
    ------
    ValueError
        As :func:`from_xywh`.

    Examples
    --------
    >>> to_normalized([[0, 50, 100, 100]], size=(100, 200))
    array([[0. , 0.5, 0.5, 1. ]], dtype=float32)
    """
    return _in_shares(as_boxes(boxes), size)


def _in_pixels(boxes: NDArray[Any], size: Sequence[float] | None) -> NDArray[Any]:
    return boxes.copy() if size is None else boxes * _sides(size, boxes.dtype)


def _in_shares(boxes: NDArray[Any], size: Sequence[float] | None) -> NDArray[Any]:
    return boxes if size is None else boxes / _sides(size, boxes.dtype)


def _sides(size: Sequence[float], dtype: Any) -> NDArray[Any]:
    sides = np.asarray(size, dtype)
    if sides.shape != (2,) or not (np.isfinite(sides).all() and (sides > 0).all()):
        raise ValueError(f"size is (height, width) of the image, two positive numbers; got {size!r}.")
    return np.tile(sides[::-1], 2)
