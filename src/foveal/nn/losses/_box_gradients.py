"""The gradients of overlap measures by the coordinates of the first box.

Columns are of shape (4, N): ``x1, y1, x2, y2``, float64. Where a maximum or minimum has two equal
arguments, each takes half of the gradient, as in PyTorch: so two identical boxes, the optimum of every
measure, have a gradient of exactly 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Pairs:
    """Boxes one to one, and what the measures are made of, with its gradients.

    Parameters
    ----------
    a, b : ndarray of shape (4, N), float64
        With ``x2 >= x1`` and ``y2 >= y1``.

    Attributes
    ----------
    iou, union, hull : ndarray of shape (N,)
    grad_iou, grad_union, grad_hull : ndarray of shape (4, N)
        Their gradients.
    """

    def __init__(self, a: Array, b: Array) -> None:
        self.a, self.b = a, b
        after, before = _share(a, b), _share(b, a)  # how far a's coordinate is the larger, the smaller
        sides, others = a[2:] - a[:2], b[2:] - b[:2]
        inner = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
        grad_inner = np.concatenate((-after[:2], before[2:])) * (inner > 0).all(axis=0)
        self.outer = np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])
        self.grad_outer = np.concatenate((-before[:2], after[2:]))
        intersection = inner[0] * inner[1]
        grad_intersection = grad_inner * _crossed(inner)
        self.union = sides[0] * sides[1] + others[0] * others[1] - intersection
        self.grad_union = np.concatenate((-sides[::-1], sides[::-1])) - grad_intersection
        self.iou = divide(intersection, self.union)
        self.grad_iou = grad_quotient(intersection, grad_intersection, self.union, self.grad_union)
        self.hull = self.outer[0] * self.outer[1]
        self.grad_hull = self.grad_outer * _crossed(self.outer)

    def grad_giou(self) -> Array:
        """Of ``IoU - 1 + union / hull``."""
        return self.grad_iou + grad_quotient(self.union, self.grad_union, self.hull, self.grad_hull)

    def grad_diou(self) -> Array:
        """Of ``IoU - d² / c²``, with the centres' distance and the hull's diagonal."""
        offset = (self.a[:2] + self.a[2:] - self.b[:2] - self.b[2:]) / 2
        distance, diagonal = (offset**2).sum(axis=0), (self.outer**2).sum(axis=0)
        grad_distance = np.concatenate((offset, offset))
        grad_diagonal = 2 * self.grad_outer * np.concatenate((self.outer, self.outer))
        return self.grad_iou - grad_quotient(distance, grad_distance, diagonal, grad_diagonal)

    def grad_ciou(self) -> Array:
        """Of ``DIoU - α v`` with α held constant."""
        w, h = self.a[2:] - self.a[:2]
        w2, h2 = self.b[2:] - self.b[:2]
        turn = np.arctan2(w, h) - np.arctan2(w2, h2)
        v = 4 / np.pi**2 * turn**2
        alpha = divide(v, 1 - self.iou + v)
        slope = alpha * 8 / np.pi**2 * turn
        square = w**2 + h**2
        grad_w, grad_h = slope * divide(h, square), -slope * divide(w, square)
        return np.asarray(self.grad_diou() - np.stack((-grad_w, -grad_h, grad_w, grad_h)))


def divide(part: Array, whole: Array) -> Array:
    """``part / whole``, 0 where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def grad_quotient(part: Array, grad_part: Array, whole: Array, grad_whole: Array) -> Array:
    """The gradient of ``part / whole``, 0 where the whole is 0."""
    safe = np.where(whole > 0, whole, 1)
    return np.asarray(np.where(whole > 0, (grad_part - part / safe * grad_whole) / safe, 0))


def _share(a: Array, b: Array) -> Array:
    """What of the gradient of ``max(a, b)`` is a's: 1, 0, or half of it where they are equal."""
    return np.asarray((np.sign(a - b) + 1) / 2)


def _crossed(sides: Array) -> Array:
    """For each of x1, y1, x2, y2 the side that its movement sweeps along."""
    return np.concatenate((sides[::-1], sides[::-1]))
