"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.exporting import export
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.inference import Inference
from foveal.nn.layers import (
    GELU,
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from foveal.nn.losses import cross_entropy
from foveal.nn.module import Module, no_grad
from foveal.nn.parameter import Parameter

__all__ = [
    "GELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Identity",
    "Inference",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "cross_entropy",
    "export",
    "functional",
    "gradient_check",
    "log_softmax",
    "no_grad",
    "softmax",
]
