"""The fully connected layer, and what it shares with the convolution."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.products import Clip
from foveal.nn.fusing import ClipsInputGrad, ClipsOutput
from foveal.nn.parameter import Parameter, accumulate, uniform_fan_in


class Affine(ClipsOutput, ClipsInputGrad):
    """Sums of products of inputs and learnt weights, and a learnt bias, by a function and its backward pass.

    Both take a layer's own :meth:`geometry` behind the arrays.
    """

    function: ClassVar[Callable[..., NDArray[Any]]]
    function_backward: ClassVar[Callable[..., tuple[NDArray[Any] | None, ...]]]
    weight: Parameter
    bias: Parameter | None

    def geometry(self) -> list[Any]:
        """What the function needs to know besides the arrays."""
        return []

    def forward(self, x: NDArray[Any], *, clip: Clip | None = None) -> NDArray[Any]:
        """See the function of the same name in :mod:`foveal.nn.functional`."""
        self.save(x)
        bias = None if self.bias is None else self.bias.data
        return type(self).function(x, self.weight.data, bias, *self.geometry(), clip=clip)

    def backward(
        self, grad: NDArray[Any], *, needs_input_grad: bool = True, input_clip: Clip | None = None
    ) -> NDArray[Any] | None:
        """See :meth:`Module.backward`."""
        (x,) = self.saved()
        grad_x, *grads = type(self).function_backward(
            grad,
            x,
            self.weight.data,
            *self.geometry(),
            needs_input_grad=needs_input_grad,
            needs_weight_grad=self.requires_grad(),
            input_clip=input_clip,
        )
        accumulate((self.weight, self.bias), grads)
        return grad_x


class Linear(Affine):
    """``y = x @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
    bias : bool, default=True
    random_state : int, Generator or None

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,) or None

    Examples
    --------
    >>> Linear(4, 2, random_state=0)(np.zeros((3, 4), np.float32)).shape
    (3, 2)
    """

    function, function_backward = staticmethod(F.linear), staticmethod(F.linear_backward)

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        rng = np.random.default_rng(random_state)
        drawn = uniform_fan_in((out_features, in_features), in_features, rng)
        # Outputs lie next to each other in memory: the rows of the product's right side.
        self.weight = Parameter(drawn, (1, 0))
        self.bias = Parameter(uniform_fan_in((out_features,), in_features, rng)) if bias else None

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
