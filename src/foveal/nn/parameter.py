"""Weight arrays with their gradients, and their first values."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Parameter:
    """An array that is learnt, and the gradient of the loss by it.

    Parameters
    ----------
    data : ndarray
        Any shape, float32 or float64. Its memory order is the layer's own choice: a convolution's
        weights have PyTorch's shape (O, I, rows, columns), while output channels lie next to each other in
        memory, which is how the products read them.

    Attributes
    ----------
    data : ndarray
    grad : ndarray or None
        Shape and type of ``data``; None until a backward pass adds to it.
    requires_grad : bool
        False freezes the parameter: no backward pass computes its gradient and no optimiser moves it.

    Examples
    --------
    >>> weight = Parameter(np.zeros(2, np.float32))
    >>> weight.accumulate(np.ones(2, np.float32))
    >>> weight.accumulate(np.ones(2, np.float32))
    >>> weight.grad
    array([2., 2.], dtype=float32)
    """

    def __init__(self, data: NDArray[Any]) -> None:
        self.data = data
        self.grad: NDArray[Any] | None = None
        self.requires_grad = True

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``data``."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of ``data``."""
        return self.data.dtype

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    def accumulate(self, grad: NDArray[Any]) -> None:
        """Add to the gradient, unless frozen; the first array is kept, not copied."""
        if not self.requires_grad:
            return
        if self.grad is None:
            self.grad = grad
        else:
            self.grad += grad

    def __repr__(self) -> str:
        frozen = "" if self.requires_grad else ", frozen"
        return f"Parameter(shape={self.shape}, {self.dtype}{frozen})"


def accumulate(parameters: Sequence[Parameter | None], grads: Sequence[NDArray[Any] | None]) -> None:
    """Add each gradient to its parameter, where there are both."""
    for parameter, grad in zip(parameters, grads, strict=True):
        if parameter is not None and grad is not None:
            parameter.accumulate(grad)


def uniform_fan_in(
    shape: tuple[int, ...], fan_in: int, random_state: int | np.random.Generator | None
) -> NDArray[np.float32]:
    """Draw from the uniform distribution within ``±1 / sqrt(fan_in)``, PyTorch's default (LeCun et al. 1998).

    Parameters
    ----------
    shape : tuple of int
    fan_in : int
        Inputs to one output; 0 gives zeros.
    random_state : int, Generator or None

    Returns
    -------
    ndarray of the shape, float32
    """
    bound = 1 / sqrt(fan_in) if fan_in else 0.0
    drawn: Any = np.random.default_rng(random_state).uniform(-bound, bound, shape)
    return np.asarray(drawn, np.float32)
