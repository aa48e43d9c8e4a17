"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.layers import Conv2d, Flatten, Linear, ReLU
from foveal.nn.losses import cross_entropy
from foveal.nn.module import Module, no_grad
from foveal.nn.parameter import Parameter
from foveal.nn.walkthrough import ConvolutionStep, PoolingStep, convolution_steps, pooling_steps

__all__ = [
    "Conv2d",
    "ConvolutionStep",
    "Flatten",
    "Identity",
    "Linear",
    "Module",
    "Parameter",
    "PoolingStep",
    "ReLU",
    "Residual",
    "Sequential",
    "convolution_steps",
    "cross_entropy",
    "functional",
    "gradient_check",
    "log_softmax",
    "no_grad",
    "pooling_steps",
    "softmax",
]
