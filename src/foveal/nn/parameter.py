"""Weight arrays with their gradients, and their first values."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


class _ThreadState(threading.local):
    """Whether layers are made without values."""

    unfilled = False


_state = _ThreadState()


@contextmanager
def unfilled() -> Iterator[None]:
    """Layers that are made in the block have shapes but no values, nor memory for any; per thread.

    For networks whose weights come from a file: nothing is drawn that is thrown away, and sizes that the file
    has no weights for cost nothing. :meth:`foveal.nn.Module.load_state_dict` gives them their values; until
    then they are read-only and 0.

    Examples
    --------
    >>> from foveal.nn import Linear
    >>> with unfilled():
    ...     layer = Linear(10**6, 10**6)
    >>> layer.weight.shape
    (1000000, 1000000)
    """
    before, _state.unfilled = _state.unfilled, True
    try:
        yield
    finally:
        _state.unfilled = before


class Parameter:
    """An array that is learnt, and the gradient of the loss by it.

    Parameters
    ----------
    data : ndarray
        Any shape, float32 or float64.
    order : tuple of int, optional
        The axes in the order in which they lie in memory, the outermost first, as the layer chooses it: a
        convolution's weights have PyTorch's shape (O, I, rows, columns), while output channels lie next to
        each other in memory, which is how the products read them. Without it ``data`` stays as it lies.

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

    def __init__(self, data: NDArray[Any], order: tuple[int, ...] | None = None) -> None:
        self.order = order
        self.data = laid_out(data, order) if order is not None and data.flags.writeable else data
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

    def scale(self, factor: float) -> None:
        """Multiply the values, where there are any yet; see :func:`unfilled`."""
        if self.data.flags.writeable:
            # Not -0 of negative ones.
            self.data[...] = self.data * self.data.dtype.type(factor) if factor else 0

    def __repr__(self) -> str:
        frozen = "" if self.requires_grad else ", frozen"
        return f"Parameter(shape={self.shape}, {self.dtype}{frozen})"


def accumulate(parameters: Sequence[Parameter | None], grads: Sequence[NDArray[Any] | None]) -> None:
    """Add each gradient to its parameter, where there are both."""
    for parameter, grad in zip(parameters, grads, strict=True):
        if parameter is not None and grad is not None:
            parameter.accumulate(grad)


def first_values(shape: tuple[int, ...], value: float, dtype: type[np.generic] = np.float32) -> NDArray[Any]:
    """An array of one value; see :func:`unfilled`."""
    if _state.unfilled:
        return np.broadcast_to(np.zeros((), dtype), shape)
    return np.full(shape, value, dtype)


def laid_out(values: NDArray[Any], order: Sequence[int] | None) -> NDArray[Any]:
    """The same values in memory of their own, their axes in an order, the outermost first; None for C order.

    Examples
    --------
    >>> laid_out(np.zeros((2, 3)), (1, 0)).flags.f_contiguous
    True
    """
    if order is None:
        return np.array(values, order="C")
    return np.array(values.transpose(order), order="C").transpose(np.argsort(order))


def uniform_fan_in(
    shape: tuple[int, ...],
    fan_in: int,
    random_state: int | np.random.Generator | None,
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
    if _state.unfilled:
        return first_values(shape, 0)
    bound = 1 / sqrt(fan_in) if fan_in else 0.0
    drawn: Any = np.random.default_rng(random_state).uniform(-bound, bound, shape)
    return np.asarray(drawn, np.float32)
