"""Layers that only move numbers: to rows, and to larger maps."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.module import Module


class Flatten(Module):
    """(N, H, W, C) as (N, C * H * W), in the order channels, rows, columns.

    That is PyTorch's order, so that a linear layer behind it has the same weights there. Batches of other
    dimensions are flattened as they lie.

    Examples
    --------
    >>> Flatten()(np.arange(4).reshape(1, 1, 2, 2)).tolist()
    [[0, 2, 1, 3]]
    """

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The rows."""
        self.save(x.shape)
        moved = x.transpose(0, 3, 1, 2) if x.ndim == 4 else x
        return np.ascontiguousarray(moved).reshape(len(x), prod(x.shape[1:]))

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient in the shape of the input."""
        (shape,) = self.saved()
        if not needs_input_grad:
            return None
        if len(shape) != 4:
            return grad.reshape(shape)
        n, h, w, c = shape
        return np.ascontiguousarray(grad.reshape(n, c, h, w).transpose(0, 2, 3, 1))


class Upsample(Module):
    """Every cell repeated along rows and columns (nearest neighbour).

    Parameters
    ----------
    scale_factor : int, default=2

    Examples
    --------
    >>> Upsample()(np.zeros((1, 5, 7, 3), np.float32)).shape
    (1, 10, 14, 3)
    """

    shown = ("scale_factor",)

    def __init__(self, scale_factor: int = 2) -> None:
        self.scale_factor = scale_factor

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.upsample_nearest`."""
        self.save()
        return F.upsample_nearest(x, self.scale_factor)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.upsample_nearest_backward`."""
        self.saved()
        return F.upsample_nearest_backward(grad, self.scale_factor) if needs_input_grad else None
