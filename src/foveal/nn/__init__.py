"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
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
from foveal.nn.losses import CrossEntropyLoss, cross_entropy
from foveal.nn.module import Module, no_grad
from foveal.nn.optimizers import SGD, AdamW
from foveal.nn.parameter import Parameter
from foveal.nn.schedules import Constant, Cosine, OneCycle, Step

__all__ = [
    "GELU",
    "SGD",
    "AdamW",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Constant",
    "Conv2d",
    "Cosine",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "OneCycle",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Step",
    "Tanh",
    "cross_entropy",
    "functional",
    "gradient_check",
    "log_softmax",
    "no_grad",
    "softmax",
]
