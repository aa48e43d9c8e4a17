"""The fully connected layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.products import Clip
from foveal.nn.fusing import ClipsInputGrad, ClipsOutput
from foveal.nn.parameter import Parameter, accumulate, uniform_fan_in


class Linear(ClipsOutput, ClipsInputGrad):
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
        self.weight = Parameter(np.ascontiguousarray(drawn.T).T)
        self.bias = Parameter(uniform_fan_in((out_features,), in_features, rng)) if bias else None

    def forward(self, x: NDArray[Any], *, clip: Clip | None = None) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.linear`."""
        self.save(x)
        return F.linear(x, self.weight.data, None if self.bias is None else self.bias.data, clip=clip)

    def backward(
        self, grad: NDArray[Any], *, needs_input_grad: bool = True, input_clip: Clip | None = None
    ) -> NDArray[Any] | None:
        """See :meth:`Module.backward`."""
        (x,) = self.saved()
        grad_x, *grads = F.linear_backward(
            grad,
            x,
            self.weight.data,
            needs_input_grad=needs_input_grad,
            needs_weight_grad=self.requires_grad(),
            input_clip=input_clip,
        )
        accumulate((self.weight, self.bias), grads)
        return grad_x

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
