"""From a proposal to its object and back: R-CNN's four numbers.

Half-open boxes have width ``x2 - x1`` and centre ``(x1 + x2) / 2``; nothing adds 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes._arrays import as_boxes

# No side grows by more than this factor in one step (from a feature cell of 16 pixels to 1000), so a
# wild delta cannot overflow the exponential.
LARGEST_LOG_SCALE = float(np.log(1000 / 16))


def encode(
    proposals: ArrayLike, targets: ArrayLike, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)
) -> NDArray[Any]:
    """What must be told to a proposal so that it becomes its target.

    ``dx = (x_t - x_p) / w_p``, ``dy = (y_t - y_p) / h_p``, ``dw = log(w_t / w_p)``,
    ``dh = log(h_t / h_p)``, with (x, y) the centres, each multiplied by its weight.

    Parameters
    ----------
    proposals, targets : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open; target ``i`` belongs to proposal ``i``.
    weights : sequence of 4 floats, default=(1, 1, 1, 1)
        Of ``dx, dy, dw, dh``; Fast R-CNN uses (10, 10, 5, 5) to bring them to unit variance.

    Returns
    -------
    ndarray of shape (N, 4), float32
        ``dx, dy, dw, dh``; float64 where an argument is float64.

    Raises
    ------
    ValueError
        If the shapes differ or are not (N, 4), a coordinate is no finite number, a weight is not
        positive, or a box has no width or no height: its logarithm does not exist.

    References
    ----------
    Girshick et al., "Rich feature hierarchies for accurate object detection and semantic
    segmentation", CVPR 2014, appendix C, equations 6 to 9.

    Examples
    --------
    >>> encode([[0, 0, 10, 10]], [[5, 0, 15, 10]])
    array([[0.5, 0. , 0. , 0. ]], dtype=float32)
    """
    proposals, targets, scale = _checked(proposals, targets, "target", weights)
    for name, boxes in (("proposals", proposals), ("targets", targets)):
        empty = (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
        if empty.any():
            row = int(empty.argmax())
            raise ValueError(f"{name} must have a width and a height; number {row} is {boxes[row].tolist()}.")
    dtype = np.result_type(proposals, targets)
    # Each coordinate as one row: NumPy is several times as fast along rows as along pairs.
    corner_p, corner_t = np.array(proposals.T, order="C"), np.array(targets.T, order="C")
    size_p, size_t = corner_p[2:] - corner_p[:2], corner_t[2:] - corner_t[:2]
    centre_p, centre_t = corner_p[:2] + size_p / 2, corner_t[:2] + size_t / 2
    deltas = np.concatenate([(centre_t - centre_p) / size_p, np.log(size_t / size_p)])
    if (scale != 1).any():
        deltas = deltas * scale[:, None]
    return np.ascontiguousarray(deltas.T, dtype)


def decode(
    proposals: ArrayLike, deltas: ArrayLike, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)
) -> NDArray[Any]:
    """Proposals moved and scaled by their deltas: the inverse of :func:`encode`.

    Parameters
    ----------
    proposals : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open. An empty box stays empty and only moves along its
        sides that have a length.
    deltas : array-like of shape (N, 4)
        ``dx, dy, dw, dh``.
    weights : sequence of 4 floats, default=(1, 1, 1, 1)
        Those given to :func:`encode`.

    Returns
    -------
    ndarray of shape (N, 4), float32
        Boxes, not clipped to an image; float64 where an argument is float64. No side becomes more
        than 1000 / 16 times as long as the proposal's.

    Raises
    ------
    ValueError
        If the shapes differ or are not (N, 4), a number is not finite, or a weight is not positive.

    Examples
    --------
    >>> decode([[0, 0, 10, 10]], [[0.5, 0, 0, 0]])
    array([[ 5.,  0., 15., 10.]], dtype=float32)
    """
    proposals, deltas, scale = _checked(proposals, deltas, "delta", weights)
    dtype = np.result_type(proposals, deltas)
    corner, delta = np.array(proposals.T, order="C"), np.array(deltas.T, order="C")
    size = np.maximum(corner[2:] - corner[:2], 0)
    centre = corner[:2] + size / 2
    if (scale != 1).any():
        delta = (delta / scale[:, None]).astype(dtype, copy=False)
    centre = centre + delta[:2] * size
    half = np.exp(np.minimum(delta[2:], LARGEST_LOG_SCALE)) * size / 2
    return np.ascontiguousarray(np.concatenate([centre - half, centre + half]).T, dtype)


def _checked(
    proposals: ArrayLike, others: ArrayLike, what: str, weights: Sequence[float]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]:
    """Proposals, what there is one of for each of them, and the weights."""
    first, second = as_boxes(proposals, "proposals"), as_boxes(others, f"{what}s")
    scale = np.asarray(weights, np.float64)
    if scale.shape != (4,) or not (np.isfinite(scale) & (scale > 0)).all():
        raise ValueError(f"weights must be four positive numbers, for dx, dy, dw, dh, not {weights!r}.")
    if len(first) != len(second):
        raise ValueError(f"there must be one {what} a proposal, not {len(second)} for {len(first)}.")
    return first, second, scale
