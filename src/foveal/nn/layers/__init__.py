"""Layers: thin objects that hold weights and what a backward pass needs."""

from foveal.nn.layers.activations import GELU, LeakyReLU, ReLU, ReLU6, Sigmoid, SiLU, Softmax, Tanh
from foveal.nn.layers.convolution import Conv2d
from foveal.nn.layers.dropout import Dropout
from foveal.nn.layers.linear import Linear
from foveal.nn.layers.normalization import BatchNorm1d, BatchNorm2d
from foveal.nn.layers.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from foveal.nn.layers.regions import PyramidRoIAlign, RoIAlign, RoIPool
from foveal.nn.layers.reshaping import Flatten, Upsample

__all__ = [
    "GELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "PyramidRoIAlign",
    "ReLU",
    "ReLU6",
    "RoIAlign",
    "RoIPool",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Upsample",
]
