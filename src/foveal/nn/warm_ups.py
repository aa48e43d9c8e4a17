"""What learning by gradients compiles, called on next to nothing; see :mod:`foveal.compiling`.

The kernels of products are called by themselves, with no rows to compute: so none of them has to wait for
the tiles that they are made of.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from foveal.compiling import warms_up
from foveal.nn import functional as F  # noqa: N812
from foveal.nn.averaging import ExponentialMovingAverage
from foveal.nn.clipping import clip_grad_norm
from foveal.nn.functional.products import bounds
from foveal.nn.functional.windows import Sweep
from foveal.nn.layers import Linear
from foveal.nn.optimizers import SGD, AdamW

_ROOM = "foveal.nn.functional."
_TYPE = np.dtype(np.float32)


def _names(*names: str) -> tuple[str, ...]:
    return tuple(f"foveal.nn.warm_ups:{name}" for name in names)


#: Fully connected layers, forward and backward.
DENSE = _names("tiles", "products", "rectifiers")
#: Convolutions, forward.
CONVOLUTIONS = _names("convolutions")
CONVOLUTION_GRADIENTS = _names("weight_gradients")
#: Convolutions of every channel by itself.
DEPTHWISE = _names("depthwise_tiles", "depthwise_convolutions")
DEPTHWISE_GRADIENTS = _names("depthwise_weight_gradients")
NORMALIZATION = _names("normalization")
MAX_POOLING = _names("max_pooling")
AVERAGE_POOLING = _names("average_pooling")
ROI_ALIGN = _names("roi_align")
ROI_ALIGN_GRADIENT = _names("roi_align_gradient")
ADAMW = _names("adamw")
SGD_MOMENTUM = _names("momentum")
AVERAGING = _names("averaging")


@warms_up(_ROOM + "_product_kernels", "product")
def tiles() -> None:
    """The tiles of a product."""
    from foveal.nn.functional._register_tile import multiply_tile

    multiply_tile(_TYPE)


@warms_up(_ROOM + "_product_kernels", "product", "pack_all")
def products() -> None:
    """Products of matrices."""
    from foveal.nn.functional._product_kernels import pack_all, product

    row, limits = _row(), bounds(None, _TYPE)
    pack_all(row, (1, 1), 0, 0, row, 0, 0)
    scratch, ends = (row, row), (0, 0, 0, 0)
    product(0, (row, 1, 1, 1), (row, (1, 1)), row, scratch, row, _rows(), limits, row, limits, row, ends)


@warms_up(_ROOM + "_activation_kernels", "rectify", "rectify_backward")
def rectifiers() -> None:
    """Rectifiers, forward and backward."""
    F.relu_backward(F.relu(_rows()), _rows())


@warms_up(_ROOM + "_convolution_kernels", "convolve", "pack_weights")
def convolutions() -> None:
    """Convolutions, forward and by the input."""
    from foveal.nn.functional._convolution_kernels import convolve, pack_weights

    row, limits, sweep = _row(), bounds(None, _TYPE), _sweep()
    pack_weights(row, 0, (1,) * 5, (0,) * 5, True, row)
    convolve(0, _maps(), _maps(), row, 1, True, sweep, sweep, row, limits, row, limits, row, (0, 0))


@warms_up(_ROOM + "_convolution_kernels", "weight_gradient")
def weight_gradients() -> None:
    """The gradients of convolutions by their weights."""
    from foveal.nn.functional._convolution_kernels import weight_gradient

    row, sweep = _row(), _sweep()
    weight_gradient(0, _maps(), _maps(), 1, True, sweep, sweep, row, row, row, row, (0, 0))


@warms_up(_ROOM + "_depthwise_kernels", "depthwise_convolve")
def depthwise_tiles() -> None:
    """The tiles of a convolution of every channel by itself."""
    from foveal.nn.functional._register_tile import weigh_tile

    weigh_tile(_TYPE)


@warms_up(_ROOM + "_depthwise_kernels", "depthwise_convolve")
def depthwise_convolutions() -> None:
    """Convolutions of every channel by itself."""
    from foveal.nn.functional._depthwise_kernels import depthwise_convolve

    row, limits, sweep = _row(), bounds(None, _TYPE), _sweep()
    depthwise_convolve(0, _maps(), _maps(), row, sweep, sweep, row, limits, row, limits, (0, 0))


@warms_up(_ROOM + "_depthwise_kernels", "depthwise_weight_gradient")
def depthwise_weight_gradients() -> None:
    """Their gradients by the weights."""
    from foveal.nn.functional._depthwise_kernels import depthwise_weight_gradient

    row, sweep = _row(), _sweep()
    depthwise_weight_gradient(0, _maps(), _maps(), sweep, sweep, row, row, row, row, (0, 0))


@warms_up(_ROOM + "_normalization_kernels", "product_sums", "scale_and_shift", "combine")
def normalization() -> None:
    """Batch normalisation, forward and backward."""
    x, one = _rows(), np.ones(1)
    mean, variance = F.batch_statistics(x)
    F.batch_norm(x, mean, variance, one, one)
    F.batch_norm_backward(x, x, mean, variance, one, batch_statistics=True)


@warms_up(_ROOM + "_pooling_kernels", "max_pool_2x2", "max_pool_2x2_backward")
def max_pooling() -> None:
    """Maximum pooling of windows side by side, forward and backward."""
    x = np.zeros((1, 2, 2, 1), np.float32)
    y, places = F.max_pool2d(x, 2)
    F.max_pool2d_backward(y, places, x.shape, 2)


@warms_up(_ROOM + "_pooling_kernels", "average", "average_backward")
def average_pooling() -> None:
    """Average pooling, forward and backward."""
    F.adaptive_avg_pool2d_backward(F.adaptive_avg_pool2d(_maps(), 1), (1, 1, 1, 1), 1)


@warms_up(_ROOM + "_roi_kernels", "align_weights", "align")
def roi_align() -> None:
    """RoIAlign."""
    F.roi_align(_maps(), np.ones((1, 4)), np.zeros(1, np.int64), 1)


@warms_up(_ROOM + "_roi_kernels", "align_weights", "align_backward")
def roi_align_gradient() -> None:
    """RoIAlign, backward."""
    F.roi_align_backward(_maps(), (1, 1, 1, 1), np.ones((1, 4)), np.zeros(1, np.int64), 1)


@warms_up("foveal.nn._optimizer_kernels", "adamw")
def adamw() -> None:
    """AdamW."""
    _stepped(AdamW)


@warms_up("foveal.nn._optimizer_kernels", "sgd_momentum")
def momentum() -> None:
    """Gradient descent with momentum."""
    _stepped(partial(SGD, momentum=0.9))


@warms_up("foveal.nn._optimizer_kernels", "approach", "sum_of_squares")
def averaging() -> None:
    """The moving average of the weights, and the norm of the gradients."""
    layer = Linear(1, 1)
    layer.weight.grad = layer.weight.data
    clip_grad_norm([layer.weight], 1.0)
    ExponentialMovingAverage(layer).update()


def _stepped(optimizer: Callable[..., SGD | AdamW]) -> None:
    layer = Linear(1, 1)
    layer.weight.grad = layer.weight.data.copy()
    optimizer([layer.weight], lr=0.1).step()


def _row() -> NDArray[np.float32]:
    return np.zeros(1, np.float32)


def _rows() -> NDArray[np.float32]:
    return np.zeros((1, 1), np.float32)


def _maps() -> NDArray[np.float32]:
    return np.zeros((1, 1, 1, 1), np.float32)


def _sweep() -> Sweep:
    return Sweep(place=0, by=1, places=1, tap=0, tap_by=1, taps=1, stride=1, dilation=1, corner=0)
