"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.layers import Conv2d, Flatten, Linear, ReLU
from foveal.nn.losses import CrossEntropyLoss, cross_entropy
from foveal.nn.module import Module, no_grad
from foveal.nn.optimizers import SGD, AdamW
from foveal.nn.parameter import Parameter
from foveal.nn.schedules import Constant, Cosine, OneCycle, Step

__all__ = [
    "SGD",
    "AdamW",
    "Constant",
    "Conv2d",
    "Cosine",
    "CrossEntropyLoss",
    "Flatten",
    "Identity",
    "Linear",
    "Module",
    "OneCycle",
    "Parameter",
    "ReLU",
    "Residual",
    "Sequential",
    "Step",
    "cross_entropy",
    "functional",
    "gradient_check",
    "log_softmax",
    "no_grad",
    "softmax",
]
