"""Activation layers."""

from collections.abc import Callable
from math import inf
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.fusing import Rectifier
from foveal.nn.module import Module


class _Activation(Module):
    """A function of the input alone, by its two passes in :mod:`foveal.nn.functional`.

    Both take the layer's own settings behind what is theirs; the backward pass needs either the input or,
    with ``needs_output``, the output of the forward pass.
    """

    function: ClassVar[Callable[..., NDArray[Any]]]
    function_backward: ClassVar[Callable[..., NDArray[Any]]]
    needs_output: ClassVar[bool] = False

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See the function of the same name in :mod:`foveal.nn.functional`."""
        y = type(self).function(x, *self._arguments())
        self.save(y if self.needs_output else x)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See the function's backward pass in :mod:`foveal.nn.functional`."""
        (kept,) = self.saved()
        return type(self).function_backward(grad, kept, *self._arguments()) if needs_input_grad else None


class ReLU(_Activation, Rectifier):
    """``max(x, 0)``; the gradient at 0 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    function, function_backward = staticmethod(F.relu), staticmethod(F.relu_backward)
    needs_output = True
    bounds = (0.0, inf)


class ReLU6(_Activation, Rectifier):
    """``min(max(x, 0), 6)`` (Howard et al. 2017); the gradient at 0 and at 6 is 0.

    Examples
    --------
    >>> import numpy as np
    >>> ReLU6()(np.array([1.0, 7.0])).tolist()
    [1.0, 6.0]
    """

    function, function_backward = staticmethod(F.relu6), staticmethod(F.relu6_backward)
    needs_output = True
    bounds = (0.0, 6.0)


class LeakyReLU(_Activation):
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

    function, function_backward = staticmethod(F.leaky_relu), staticmethod(F.leaky_relu_backward)
    shown = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = negative_slope


class Sigmoid(_Activation):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import numpy as np
    >>> Sigmoid()(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """

    function, function_backward = staticmethod(F.sigmoid), staticmethod(F.sigmoid_backward)
    needs_output = True


class Tanh(_Activation):
    """The hyperbolic tangent.

    Examples
    --------
    >>> import numpy as np
    >>> Tanh()(np.array([0.0, 100.0])).tolist()
    [0.0, 1.0]
    """

    function, function_backward = staticmethod(F.tanh), staticmethod(F.tanh_backward)
    needs_output = True


class SiLU(_Activation):
    """``x * sigmoid(x)`` (Elfwing et al. 2018).

    Examples
    --------
    >>> import numpy as np
    >>> SiLU()(np.array([0.0, 100.0])).tolist()
    [0.0, 100.0]
    """

    function, function_backward = staticmethod(F.silu), staticmethod(F.silu_backward)


class GELU(_Activation):
    """``x Φ(x)`` with the normal distribution's ``Φ`` (Hendrycks & Gimpel 2016).

    Parameters
    ----------
    approximate : {"none", "tanh"}, default="none"
        See :func:`foveal.nn.functional.gelu`.

    Examples
    --------
    >>> import numpy as np
    >>> GELU()(np.array([0.0, 1.0])).round(4).tolist()
    [0.0, 0.8413]
    """

    function, function_backward = staticmethod(F.gelu), staticmethod(F.gelu_backward)
    shown = ("approximate",)

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'approximate of GELU is "none" or "tanh", not {approximate!r}.')
        self.approximate: Literal["none", "tanh"] = approximate


class Softmax(_Activation):
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

    function, function_backward = staticmethod(F.softmax), staticmethod(F.softmax_backward)
    needs_output = True
    shown = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim
