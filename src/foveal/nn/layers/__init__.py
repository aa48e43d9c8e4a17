"""Layers: thin objects that hold weights and what a backward pass needs."""

from foveal.nn.layers.activations import ReLU
from foveal.nn.layers.convolution import Conv2d
from foveal.nn.layers.linear import Linear
from foveal.nn.layers.reshaping import Flatten

__all__ = ["Conv2d", "Flatten", "Linear", "ReLU"]
