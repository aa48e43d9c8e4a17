"""Activation layers."""

from math import inf
from typing import Any, Literal

from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.module import Module


class ReLU(Module):
    """``max(x, 0)``; the gradient at 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    bounds = (0.0, inf)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.relu`."""
        y = F.relu(x)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient where the output is above 0."""
        (y,) = self.saved()
        return F.relu_backward(grad, y) if needs_input_grad else None


class ReLU6(Module):
    """``min(max(x, 0), 6)`` (Howard et al. 2017); the gradient at 0 and at 6 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU6()(np.array([1.0, 7.0])).tolist()
    [1.0, 6.0]
    """

    bounds = (0.0, 6.0)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.relu6`."""
        y = F.relu6(x)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """The gradient where the output is between 0 and 6."""
        (y,) = self.saved()
        return F.relu6_backward(grad, y) if needs_input_grad else None


class LeakyReLU(Module):
    """``x`` above 0, ``negative_slope * x`` below (Maas et al. 2013).

    Parameters
    ----------
    negative_slope : float, default=0.01

    Examples
    --------
    >>> import numpy as np
    >>> LeakyReLU()(np.array([-2.0, 2.0])).tolist()
    [-0.02, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.leaky_relu`."""
        self.save(x)
        return F.leaky_relu(x, self.negative_slope)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.leaky_relu_backward`."""
        (x,) = self.saved()
        return F.leaky_relu_backward(grad, x, self.negative_slope) if needs_input_grad else None

    def extra_repr(self) -> str:
        """The settings."""
        return f"negative_slope={self.negative_slope}"


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import numpy as np
    >>> Sigmoid()(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.sigmoid`."""
        y = F.sigmoid(x)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.sigmoid_backward`."""
        (y,) = self.saved()
        return F.sigmoid_backward(grad, y) if needs_input_grad else None


class Tanh(Module):
    """The hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> Tanh()(np.array([0.0, 100.0])).tolist()
    [0.0, 1.0]
    """

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.tanh`."""
        y = F.tanh(x)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.tanh_backward`."""
        (y,) = self.saved()
        return F.tanh_backward(grad, y) if needs_input_grad else None


class SiLU(Module):
    """``x * sigmoid(x)`` (Elfwing et al. 2018).

    Examples
    --------
    >>> import numpy as np
    >>> SiLU()(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.silu`."""
        self.save(x)
        return F.silu(x)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.silu_backward`."""
        (x,) = self.saved()
        return F.silu_backward(grad, x) if needs_input_grad else None


class GELU(Module):
    """``x Φ(x)`` with the normal distribution's ``Φ`` (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    approximate : {"none", "tanh"}, default="none"
        "tanh" is their quicker approximation.

    Raises
    ------
    ValueError
        If ``approximate`` is another word.

    Examples
    --------
    >>> import numpy as np
    >>> GELU()(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8413]
    """

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'approximate of GELU is "none" or "tanh", not {approximate!r}.')
        self.approximate: Literal["none", "tanh"] = approximate

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.gelu`."""
        self.save(x)
        return F.gelu(x, self.approximate)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.gelu_backward`."""
        (x,) = self.saved()
        return F.gelu_backward(grad, x, self.approximate) if needs_input_grad else None

    def extra_repr(self) -> str:
        """The settings."""
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """Probabilities in proportion to the exponentials along an axis.

    Parameters
    ----------
    dim : int, default=-1
        The axis of the channels-last array: -1 is the channels.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.array([[0.0, 0.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.softmax`."""
        y = F.softmax(x, self.dim)
        self.save(y)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.softmax_backward`."""
        (y,) = self.saved()
        return F.softmax_backward(grad, y, self.dim) if needs_input_grad else None

    def extra_repr(self) -> str:
        """The settings."""
        return f"dim={self.dim}"
