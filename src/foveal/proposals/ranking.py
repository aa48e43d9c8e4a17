"""The order of proposals where nothing has been learned: by their places in the hierarchies."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Reciprocal rank fusion's constant (Cormack, Clarke & Büttcher 2009 found 60 to do well).
FUSION_CONSTANT = 60.0
#: A box that overlaps a better one by more than this keeps half of its score; beyond the second, a quarter.
NEAR_COPIES = (0.7, 0.85)


def fused_scores(which: NDArray[np.int32], starts: NDArray[np.int64], number: int) -> NDArray[np.float64]:
    """How early and how often each box comes in the hierarchies.

    Each hierarchy ranks its regions: the last made comes first (rank 0). Ranks are fused by their
    reciprocals (Cormack, Clarke & Büttcher 2009): a box scores the sum of ``1 / (60 + rank)`` over all
    regions that have it. A box in which several strategies agree comes before one that a single strategy
    has at the same rank, and so does one that stays while its region takes in what lies within it.

    Parameters
    ----------
    which : ndarray of shape (M,), int32
        Which box each region of each hierarchy has.
    starts : ndarray of shape (H + 1,), int64
        Where each hierarchy's regions start, in the order in which they were made.
    number : int
        How many boxes there are.

    Returns
    -------
    ndarray of shape (number,), float64

    Examples
    --------
    Two hierarchies of three regions. Box 0 is the last made of both; box 1 is in both, box 2 in one.

    >>> which = np.array([1, 2, 0, 3, 1, 0], np.int32)
    >>> (60 * fused_scores(which, np.array([0, 3, 6]), 4)).round(2)
    array([2.  , 1.95, 0.98, 0.97])
    """
    from foveal.proposals._ranking_kernels import fuse_ranks

    scores = np.zeros(number)
    fuse_ranks(which, starts, FUSION_CONSTANT, scores)
    return scores


def united(boxes: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The different ones of some boxes, in the order in which they are first met, and which each one is.

    Parameters
    ----------
    boxes : ndarray of shape (M, 4), int32

    Returns
    -------
    different : ndarray of shape (U, 4), int32
    which : ndarray of shape (M,), int32

    Examples
    --------
    >>> different, which = united(np.array([[0, 0, 2, 2], [0, 0, 1, 1], [0, 0, 2, 2]], np.int32))
    >>> different.tolist(), which.tolist()
    ([[0, 0, 2, 2], [0, 0, 1, 1]], [0, 1, 0])
    """
    from foveal.proposals._ranking_kernels import unite

    different, which = np.empty_like(boxes), np.empty(len(boxes), np.int32)
    bits = max(4, (2 * len(boxes) - 1).bit_length())
    number = unite(boxes, different, which, np.full(1 << bits, -1, np.int32), np.uint64(bits))
    return different[:number].copy(), which


def discounted(boxes: NDArray[np.int32], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores with those of near copies lowered, so that the first hundred boxes are different ones.

    A box that overlaps a better one by an IoU of more than 0.7 keeps half of its score, one that does so by
    more than 0.85 a quarter: suppression as in :func:`foveal.boxes.nms`, but soft. What is a near copy
    itself lowers no other.

    Parameters
    ----------
    boxes : ndarray of shape (N, 4), int32
    scores : ndarray of shape (N,), float64
        At least 0.

    Returns
    -------
    ndarray of shape (N,), float64
        Of equal scores the lower index is the better one.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 100, 100], [0, 0, 100, 99], [0, 0, 80, 100], [0, 0, 50, 50]], np.int32)
    >>> discounted(boxes, np.array([0.8, 0.8, 0.8, 0.8]))
    array([0.8, 0.2, 0.4, 0.8])
    """
    from foveal.proposals._ranking_kernels import best_overlap_before

    order = np.argsort(-scores, kind="stable")
    near, nearer = NEAR_COPIES
    overlaps = best_overlap_before(np.ascontiguousarray(boxes[order]), near)
    lowered = np.empty(len(boxes))
    lowered[order] = scores[order] * np.where(overlaps > nearer, 0.25, np.where(overlaps > near, 0.5, 1.0))
    return lowered


def find_near_copies(boxes: ArrayLike, *, near_copy: float = NEAR_COPIES[-1]) -> NDArray[np.bool_]:
    """Which proposals are near copies of better ones.

    Parameters
    ----------
    boxes : array-like of shape (N, 4)
        Best first.
    near_copy : float, default=0.85
        A box is a near copy if it overlaps one before it, that is none itself, by a larger IoU.

    Returns
    -------
    ndarray of shape (N,), bool

    Examples
    --------
    >>> find_near_copies([[0, 0, 100, 100], [0, 0, 50, 50], [0, 0, 100, 99]])
    array([False, False,  True])
    """
    from foveal.proposals._ranking_kernels import best_overlap_before

    known = np.ascontiguousarray(boxes, np.float32).reshape(-1, 4)
    return np.asarray(best_overlap_before(known, near_copy) > 0)
