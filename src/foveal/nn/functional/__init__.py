"""Operations on batches, each with its backward pass beside it."""

from foveal.nn.functional.activations import (
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    relu,
    relu6,
    relu6_backward,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softmax,
    softmax_backward,
    tanh,
    tanh_backward,
)
from foveal.nn.functional.convolution import conv2d, conv2d_backward
from foveal.nn.functional.dropout import dropout, dropout_backward
from foveal.nn.functional.linear import linear, linear_backward
from foveal.nn.functional.normalization import batch_norm, batch_norm_backward, batch_statistics
from foveal.nn.functional.pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_backward,
    avg_pool2d,
    avg_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from foveal.nn.functional.roi_align import pyramid_levels, roi_align, roi_align_backward
from foveal.nn.functional.roi_pool import roi_pool, roi_pool_backward
from foveal.nn.functional.upsampling import upsample_nearest, upsample_nearest_backward

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "batch_statistics",
    "conv2d",
    "conv2d_backward",
    "dropout",
    "dropout_backward",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "log_softmax",
    "max_pool2d",
    "max_pool2d_backward",
    "pyramid_levels",
    "relu",
    "relu6",
    "relu6_backward",
    "relu_backward",
    "roi_align",
    "roi_align_backward",
    "roi_pool",
    "roi_pool_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softmax",
    "softmax_backward",
    "tanh",
    "tanh_backward",
    "upsample_nearest",
    "upsample_nearest_backward",
]
