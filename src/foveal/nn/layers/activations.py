"""Activations."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn.module import Module


class ReLU(Module):
    """``max(x, 0)``; the gradient at 0 is 0."""

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """``max(x, 0)``."""
        y: NDArray[Any] = np.maximum(x, 0)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient where the output is above 0."""
        (y,) = self.saved()
        return grad * (y > 0) if needs_input_grad else None
