"""The convolution layer."""

from typing import Any

import numpy as np

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.windows import Padding, Pair, pair, sides
from foveal.nn.layers.linear import Affine
from foveal.nn.parameter import Parameter, uniform_fan_in


class Conv2d(Affine):
    """Two-dimensional convolution; arguments and their order are PyTorch's, arrays channels-last.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or (int, int)
        Rows, columns.
    stride, dilation : int or (int, int)
    padding : int, (int, int) or ((int, int), (int, int))
        Zeros above and below, left and right; or ((top, bottom), (left, right)), as TensorFlow's "SAME" needs
        with a stride of 2.
    groups : int, default=1
        Inputs and outputs are cut into so many groups that do not see each other; with ``in_channels`` groups
        it is a depthwise convolution.
    bias : bool, default=True
    random_state : int, Generator or None

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels / groups, rows, columns)
    bias : Parameter of shape (out_channels,) or None

    Raises
    ------
    ValueError
        If a size is impossible or the channels are no multiple of ``groups``.

    Examples
    --------
    >>> Conv2d(3, 8, 3, padding=1, random_state=0)(np.zeros((2, 5, 7, 3), np.float32)).shape
    (2, 5, 7, 8)
    """

    function, function_backward = staticmethod(F.conv2d), staticmethod(F.conv2d_backward)
    shown = ("kernel_size", "stride", "padding", "dilation", "groups")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"in_channels {in_channels} and out_channels {out_channels} must be multiples of "
                f"groups {groups}."
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = pair(kernel_size), pair(stride)
        (top, bottom), (left, right) = pads = sides(padding)
        self.padding: Padding = (top, left) if (top, left) == (bottom, right) else pads
        self.dilation = pair(dilation)
        from_one = (*self.kernel_size, *self.stride, *self.dilation)
        if min(from_one) < 1 or min(top, bottom, left, right) < 0:
            raise ValueError("kernel_size, stride and dilation start at 1, padding at 0.")
        rng = np.random.default_rng(random_state)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        fan_in = int(np.prod(shape[1:]))
        drawn = uniform_fan_in(shape, fan_in, rng)
        # Output channels lie next to each other in memory: the rows of the product's right side.
        self.weight = Parameter(drawn, (2, 3, 1, 0))
        self.bias = Parameter(uniform_fan_in((out_channels,), fan_in, rng)) if bias else None

    def geometry(self) -> list[Any]:
        """Stride, padding, dilation and groups."""
        return self._arguments()[1:]

    def extra_repr(self) -> str:
        """The settings."""
        shown = super().extra_repr()
        return f"{self.in_channels}, {self.out_channels}, {shown}, bias={self.bias is not None}"
