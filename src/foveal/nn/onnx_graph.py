"""A network as an ONNX graph: what each layer becomes.

Inside the graph images are channels-first, as ONNX's operators have them and as other programs, such as
OpenCV's DNN module, expect them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ExportError
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.functional.pooling import adaptive_windows, average_windows, window_count
from foveal.nn.functional.windows import sides
from foveal.nn.layers import (
    GELU,
    AdaptiveAvgPool2d,
    AvgPool2d,
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
    Upsample,
)
from foveal.nn.module import Module


@dataclass(frozen=True)
class Value:
    """A value of the graph.

    Parameters
    ----------
    name : str
    shape : tuple of (int or None)
        Without the batch and as the engine has it, (H, W, C) or (D,); None where it is open.
    """

    name: str
    shape: tuple[int | None, ...]

    @property
    def is_image(self) -> bool:
        """Whether it is (N, C, H, W) in the graph."""
        return len(self.shape) == 3


@dataclass
class Graph:
    """Nodes and weights, collected by the layers one after the other."""

    nodes: list[Any] = field(default_factory=list)
    initializers: list[Any] = field(default_factory=list)
    _constants: set[str] = field(default_factory=set, repr=False)

    def weight(self, name: str, values: Any, dtype: Any = np.float32) -> str:
        """Add an array and return its name."""
        from onnx import numpy_helper

        name = name.removeprefix(".")  # A network of one layer has no name itself.
        self.initializers.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output and return that output's name."""
        from onnx import helper

        name = name.removeprefix(".") or kind.lower()
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def add_several(self, kind: str, inputs: list[str], names: list[str], **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names; an empty name is an output left out."""
        from onnx import helper

        named = next(name for name in names if name)
        self.nodes.append(helper.make_node(kind, inputs, names, name=named, **attributes))
        return names

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """Add a small array, once however often it is asked for, and return its name."""
        array = np.array(values, dtype, order="C")
        name = f"constant.{array.dtype}.{array.tolist()}".replace(" ", "")
        if name not in self._constants:
            self._constants.add(self.weight(name, array, dtype))
        return name


Converter = Callable[[Any, Graph, Value, str], Value]
_converters: dict[type[Module], Converter] = {}


def converts(*kinds: type[Module]) -> Callable[[Converter], Converter]:
    """Say how a layer becomes nodes of a graph; for layers of one's own too.

    The decorated function takes the layer, the :class:`Graph`, the :class:`Value` that comes in and a name
    that is the layer's own, and returns the value that goes out. It holds for subclasses that have none of
    their own.

    Examples
    --------
    >>> class Doubled(Module):
    ...     def forward(self, x):
    ...         return x + x
    >>> @converts(Doubled)
    ... def doubled(layer, graph, value, name):
    ...     return Value(graph.add("Add", [value.name, value.name], name), value.shape)
    """

    def register(converter: Converter) -> Converter:
        for kind in kinds:
            _converters[kind] = converter
        return converter

    return register


def convert(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    """Add a layer's nodes to a graph.

    Raises
    ------
    ExportError
        If the layer has no counterpart, or none for an input of this shape.
    """
    for kind in type(layer).__mro__:
        if kind in _converters:
            return _converters[kind](layer, graph, value, name)
    raise ExportError(
        f"{type(layer).__name__} ({name}) cannot be written as ONNX: say how with "
        "foveal.nn.onnx_graph.converts."
    )


@converts(Sequential)
def _sequential(layer: Sequential, graph: Graph, value: Value, name: str) -> Value:
    for place, child in layer.named_children():
        value = convert(child, graph, value, f"{name}.{place}" if name else place)
    return value


@converts(Residual)
def _residual(layer: Residual, graph: Graph, value: Value, name: str) -> Value:
    prefix = f"{name}." if name else ""
    body = convert(layer.body, graph, value, prefix + "body")
    shortcut = convert(layer.shortcut, graph, value, prefix + "shortcut")
    return Value(graph.add("Add", [body.name, shortcut.name], prefix + "sum"), body.shape)


@converts(Identity, Dropout)
def _nothing(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    return value


@converts(Flatten)
def _flatten(layer: Flatten, graph: Graph, value: Value, name: str) -> Value:
    known = [side for side in value.shape if side is not None]
    size = prod(known) if len(known) == len(value.shape) else None
    return Value(graph.add("Flatten", [value.name], name, axis=1), (size,))


@converts(Conv2d)
def _conv2d(layer: Conv2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    inputs = [value.name, graph.weight(f"{name}.weight", layer.weight.data)]
    if layer.bias is not None:
        inputs.append(graph.weight(f"{name}.bias", layer.bias.data))
    (top, bottom), (left, right) = sides(layer.padding)
    settings = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": (top, left, bottom, right),
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    # One row or column more on one side only is one more of the padded picture.
    uneven = [after - before for before, after in ((top, bottom), (left, right))]
    padded = [None if side is None else side + more for side, more in zip(value.shape, uneven, strict=False)]
    shape = _sizes(Value("", (*padded,)), layer.kernel_size, layer.stride, (top, left), layer.dilation)
    return Value(graph.add("Conv", inputs, name, **settings), (*shape, layer.out_channels))


@converts(Linear)
def _linear(layer: Linear, graph: Graph, value: Value, name: str) -> Value:
    weight = layer.weight.data
    if value.is_image:
        weight = weight[:, :, None, None]  # Rows of channels at each place: a 1×1 convolution.
    inputs = [value.name, graph.weight(f"{name}.weight", weight)]
    if layer.bias is not None:
        inputs.append(graph.weight(f"{name}.bias", layer.bias.data))
    shape = (*value.shape[:-1], layer.out_features)
    if value.is_image:
        return Value(graph.add("Conv", inputs, name, kernel_shape=(1, 1)), shape)
    if len(value.shape) != 1:
        raise ExportError(f"Linear ({name}) is written as ONNX for rows and images, not for {value.shape}.")
    return Value(graph.add("Gemm", inputs, name, transB=1), shape)


@converts(BatchNorm2d)
def _batch_norm(layer: BatchNorm2d, graph: Graph, value: Value, name: str) -> Value:
    if layer.running_mean is None or layer.running_var is None:
        raise ExportError(
            f"BatchNorm2d ({name}) without track_running_stats depends on the batch: it cannot be written."
        )
    weight = np.ones(layer.num_features) if layer.weight is None else layer.weight.data
    bias = np.zeros(layer.num_features) if layer.bias is None else layer.bias.data
    if value.is_image:
        arrays = {
            "weight": weight,
            "bias": bias,
            "running_mean": layer.running_mean,
            "running_var": layer.running_var,
        }
        inputs = [value.name, *(graph.weight(f"{name}.{key}", array) for key, array in arrays.items())]
        return Value(graph.add("BatchNormalization", inputs, name, epsilon=layer.eps), value.shape)
    scale = weight / np.sqrt(layer.running_var.astype(np.float64) + layer.eps)
    scaled = graph.add("Mul", [value.name, graph.weight(f"{name}.scale", scale)], f"{name}.scaled")
    shift = graph.weight(f"{name}.shift", bias - layer.running_mean * scale)
    return Value(graph.add("Add", [scaled, shift], name), value.shape)


@converts(MaxPool2d)
def _max_pool(layer: MaxPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    settings = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": (*layer.padding, *layer.padding),
        "ceil_mode": int(layer.ceil_mode),
    }
    if layer.dilation != (1, 1):
        settings["dilations"] = layer.dilation
    sizes = _sizes(value, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
    return Value(graph.add("MaxPool", [value.name], name, **settings), (*sizes, value.shape[2]))


@converts(AvgPool2d)
def _avg_pool(layer: AvgPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    # What divides a window that hangs over the padding is not the same in all programs.
    if layer.ceil_mode and layer.padding != (0, 0) and layer.count_include_pad:
        sides = _known(layer, value, name)
        windows = average_windows(
            (0, *sides),
            layer.kernel_size,
            layer.stride,
            layer.padding,
            layer.ceil_mode,
            layer.count_include_pad,
        )
        return _by_products(graph, value, name, sides, *windows)
    settings = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": (*layer.padding, *layer.padding),
        "ceil_mode": int(layer.ceil_mode),
        "count_include_pad": int(layer.count_include_pad and layer.padding != (0, 0)),
    }
    sizes = _sizes(value, layer.kernel_size, layer.stride, layer.padding, (1, 1), layer.ceil_mode)
    return Value(graph.add("AveragePool", [value.name], name, **settings), (*sizes, value.shape[2]))


@converts(AdaptiveAvgPool2d)
def _adaptive_avg_pool(layer: AdaptiveAvgPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    shape = (*layer.output_size, value.shape[2])
    if layer.output_size == (1, 1):
        return Value(graph.add("GlobalAveragePool", [value.name], name), shape)
    sides = _known(layer, value, name)
    steps = [side // count for side, count in zip(sides, layer.output_size, strict=True)]
    if all(side % count == 0 for side, count in zip(sides, layer.output_size, strict=True)):
        settings = {"kernel_shape": steps, "strides": steps}
        return Value(graph.add("AveragePool", [value.name], name, **settings), shape)
    return _by_products(graph, value, name, sides, *adaptive_windows((0, *sides), layer.output_size))


@converts(Upsample)
def _upsample(layer: Upsample, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    scales = graph.weight(f"{name}.scales", [1, 1, layer.scale_factor, layer.scale_factor])
    settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    output = graph.add("Resize", [value.name, "", scales], name, mode="nearest", **settings)
    sides = (None if side is None else side * layer.scale_factor for side in value.shape[:2])
    return Value(output, (*sides, value.shape[2]))


@converts(ReLU)
def _relu(layer: ReLU, graph: Graph, value: Value, name: str) -> Value:
    return Value(graph.add("Relu", [value.name], name), value.shape)


@converts(ReLU6)
def _relu6(layer: ReLU6, graph: Graph, value: Value, name: str) -> Value:
    ends = [graph.weight(f"{name}.low", 0.0), graph.weight(f"{name}.high", 6.0)]
    return Value(graph.add("Clip", [value.name, *ends], name), value.shape)


@converts(LeakyReLU)
def _leaky_relu(layer: LeakyReLU, graph: Graph, value: Value, name: str) -> Value:
    return Value(graph.add("LeakyRelu", [value.name], name, alpha=layer.negative_slope), value.shape)


@converts(Sigmoid)
def _sigmoid(layer: Sigmoid, graph: Graph, value: Value, name: str) -> Value:
    return Value(graph.add("Sigmoid", [value.name], name), value.shape)


@converts(Tanh)
def _tanh(layer: Tanh, graph: Graph, value: Value, name: str) -> Value:
    return Value(graph.add("Tanh", [value.name], name), value.shape)


@converts(SiLU)
def _silu(layer: SiLU, graph: Graph, value: Value, name: str) -> Value:
    sigmoid = graph.add("Sigmoid", [value.name], f"{name}.sigmoid")
    return Value(graph.add("Mul", [value.name, sigmoid], name), value.shape)


@converts(GELU)
def _gelu(layer: GELU, graph: Graph, value: Value, name: str) -> Value:
    # In elementary operations: the operator Gelu is newer than what many programs read.
    if layer.approximate == "none":
        factor = graph.weight(f"{name}.factor", sqrt(0.5))
        curve = graph.add("Mul", [value.name, factor], f"{name}.scaled")
        curve = graph.add("Erf", [curve], f"{name}.erf")
        curve = graph.add("Add", [curve, graph.weight(f"{name}.one", 1.0)], f"{name}.raised")
        curve = graph.add("Mul", [value.name, curve], f"{name}.product")
        return Value(graph.add("Mul", [curve, graph.weight(f"{name}.half", 0.5)], name), value.shape)
    # (1 + tanh(t)) / 2 is the sigmoid of 2t; OpenCV 5.0 crashes on the tangent's pattern.
    cubic = graph.weight(f"{name}.cubic", 2 * sqrt(2 / np.pi) * 0.044715)
    linear = graph.weight(f"{name}.linear", 2 * sqrt(2 / np.pi))
    curve = graph.add("Mul", [value.name, value.name], f"{name}.squared")
    curve = graph.add("Mul", [curve, cubic], f"{name}.scaled")
    curve = graph.add("Add", [curve, linear], f"{name}.factor")
    curve = graph.add("Mul", [value.name, curve], f"{name}.inner")
    curve = graph.add("Sigmoid", [curve], f"{name}.sigmoid")
    return Value(graph.add("Mul", [value.name, curve], name), value.shape)


@converts(Softmax)
def _softmax(layer: Softmax, graph: Graph, value: Value, name: str) -> Value:
    axes = [0, 2, 3, 1] if value.is_image else list(range(len(value.shape) + 1))
    return Value(graph.add("Softmax", [value.name], name, axis=axes[layer.dim]), value.shape)


def _needs_image(layer: Module, value: Value, name: str) -> None:
    if not value.is_image:
        raise ExportError(f"{type(layer).__name__} ({name}) takes images (H, W, C), not {value.shape}.")


def _known(layer: Module, value: Value, name: str) -> tuple[int, int]:
    rows, columns = value.shape[:2]
    if rows is None or columns is None:
        raise ExportError(
            f"{type(layer).__name__} ({name}) is written for one size of image only: "
            "give rows and columns in input_shape."
        )
    return rows, columns


def _sizes(
    value: Value,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    ceil_mode: bool = False,
) -> tuple[int | None, ...]:
    return tuple(
        None if side is None else window_count(side, *settings, ceil_mode)
        for side, settings in zip(
            value.shape[:2], zip(kernel, stride, padding, dilation, strict=True), strict=True
        )
    )


def _by_products(
    graph: Graph,
    value: Value,
    name: str,
    sides: tuple[int, int],
    rows: NDArray[Any],
    columns: NDArray[Any],
) -> Value:
    """Means of any rectangles as a product from the left and one from the right."""
    matrices = []
    for side, windows in zip(sides, (rows, columns), strict=True):
        places = np.arange(side)
        inside = (places >= windows[:, :1]) & (places < windows[:, 1:2])
        matrices.append(inside / windows[:, 2:])
    right = graph.weight(f"{name}.columns", matrices[1].T[None, None])
    left = graph.weight(f"{name}.rows", matrices[0][None, None])
    product = graph.add("MatMul", [value.name, right], f"{name}.over_columns")
    result = graph.add("MatMul", [left, product], name)
    return Value(result, (len(rows), len(columns), value.shape[2]))
