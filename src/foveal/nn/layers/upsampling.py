"""A layer that enlarges maps."""

from typing import Any

from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.module import Module


class Upsample(Module):
    """Every cell repeated along rows and columns (nearest neighbour).

    Parameters
    ----------
    scale_factor : int, default=2

    Examples
    --------
    >>> import numpy as np
    >>> Upsample()(np.zeros((1, 5, 7, 3), np.float32)).shape
    (1, 10, 14, 3)
    """

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

    def extra_repr(self) -> str:
        """The settings."""
        return f"scale_factor={self.scale_factor}"
