"""Operations on batches, each with its backward pass beside it."""

from foveal.nn.functional.convolution import conv2d, conv2d_backward
from foveal.nn.functional.linear import linear, linear_backward
from foveal.nn.functional.softmax import log_softmax, softmax

__all__ = [
    "conv2d",
    "conv2d_backward",
    "linear",
    "linear_backward",
    "log_softmax",
    "softmax",
]
