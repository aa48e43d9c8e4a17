"""Pooling layers."""

from math import isinf
from typing import Any

from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.functional.products import Clip
from foveal.nn.functional.windows import Pair, pair
from foveal.nn.fusing import ClipsInputGrad
from foveal.nn.module import Module


class MaxPool2d(ClipsInputGrad):
    """The largest value of each window; arguments are PyTorch's, arrays channels-last.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Rows, columns.
    stride : int or (int, int), optional
        Default: ``kernel_size``.
    padding, dilation : int or (int, int)
    ceil_mode : bool, default=False
        See :func:`foveal.nn.functional.max_pool2d`, also for ties: the first in order of rows gets the
        gradient.

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool2d(2)(np.zeros((1, 5, 7, 3), np.float32)).shape
    (1, 2, 3, 3)
    """

    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)
        self.padding, self.dilation, self.ceil_mode = pair(padding), pair(dilation), ceil_mode

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.max_pool2d`."""
        y, places = F.max_pool2d(x, *self._arguments())
        self.save(places, x.shape, y)
        return y

    def backward(
        self, grad: NDArray[Any], *, needs_input_grad: bool = True, input_clip: Clip | None = None
    ) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.max_pool2d_backward`."""
        places, shape, y = self.saved()
        if not needs_input_grad:
            return None
        if input_clip is not None:
            # The value that won is the rectifier's output at the only place that gets a gradient.
            grad = F.relu_backward(grad, y) if isinf(input_clip[1]) else F.relu6_backward(grad, y)
        return F.max_pool2d_backward(grad, places, shape, *self._arguments()[:4])


class AvgPool2d(Module):
    """The mean of each window; arguments are PyTorch's, arrays channels-last.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        See :class:`MaxPool2d`.
    count_include_pad : bool, default=True
        See :func:`foveal.nn.functional.avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2d(2, ceil_mode=True)(np.zeros((1, 5, 7, 3), np.float32)).shape
    (1, 3, 4, 3)
    """

    shown = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)
        self.padding, self.ceil_mode, self.count_include_pad = pair(padding), ceil_mode, count_include_pad

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.avg_pool2d`."""
        self.save(x.shape)
        return F.avg_pool2d(x, *self._arguments())

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.avg_pool2d_backward`."""
        (shape,) = self.saved()
        return F.avg_pool2d_backward(grad, shape, *self._arguments()) if needs_input_grad else None


class AdaptiveAvgPool2d(Module):
    """Means of as many windows as asked for, whatever the image's size.

    Parameters
    ----------
    output_size : int or (int, int)
        Rows, columns; 1 is the mean over the image. See
        :func:`foveal.nn.functional.adaptive_avg_pool2d` for where the windows lie.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool2d(1)(np.ones((2, 5, 7, 3), np.float32)).shape
    (2, 1, 1, 3)
    """

    shown = ("output_size",)

    def __init__(self, output_size: Pair) -> None:
        self.output_size = pair(output_size)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.adaptive_avg_pool2d`."""
        self.save(x.shape)
        return F.adaptive_avg_pool2d(x, self.output_size)

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.adaptive_avg_pool2d_backward`."""
        (shape,) = self.saved()
        return F.adaptive_avg_pool2d_backward(grad, shape, self.output_size) if needs_input_grad else None
