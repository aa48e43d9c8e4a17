"""What each layer becomes in an ONNX graph."""

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ExportError
from foveal.nn import layers
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.functional.pooling import adaptive_windows, average_windows, window_count
from foveal.nn.functional.windows import sides
from foveal.nn.module import Module
from foveal.nn.onnx.graph import Graph, Value, convert, converts


@converts(Sequential)
def in_order(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    """The layers inside of a layer, one after the other."""
    for place, child in layer.named_children():
        value = convert(child, graph, value, f"{name}.{place}" if name else place)
    return value


@converts(Residual)
def _residual(layer: Residual, graph: Graph, value: Value, name: str) -> Value:
    prefix = f"{name}." if name else ""
    body = convert(layer.body, graph, value, prefix + "body")
    shortcut = convert(layer.shortcut, graph, value, prefix + "shortcut")
    return Value(graph.add("Add", [body.name, shortcut.name], prefix + "sum"), body.shape)


@converts(Identity, layers.Dropout)
def _nothing(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    return value


@converts(layers.Flatten)
def _flatten(layer: layers.Flatten, graph: Graph, value: Value, name: str) -> Value:
    known = [side for side in value.shape if side is not None]
    size = prod(known) if len(known) == len(value.shape) else None
    return graph.apply("Flatten", value, name, shape=(size,), axis=1)


def _weights(
    layer: layers.Conv2d | layers.Linear, graph: Graph, weight: NDArray[Any], name: str
) -> list[str]:
    """The names of the weight and, where there is one, of the bias."""
    names = [graph.weight(f"{name}.weight", weight)]
    return names if layer.bias is None else [*names, graph.weight(f"{name}.bias", layer.bias.data)]


@converts(layers.Conv2d)
def _conv2d(layer: layers.Conv2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    weights = _weights(layer, graph, layer.weight.data, name)
    (top, bottom), (left, right) = sides(layer.padding)
    settings = {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": (top, left, bottom, right),
        "dilations": layer.dilation,
        "group": layer.groups,
    }
    # One row or column more on one side only is one more of the padded image.
    uneven = [after - before for before, after in ((top, bottom), (left, right))]
    padded = [None if side is None else side + more for side, more in zip(value.shape, uneven, strict=False)]
    sizes = _sizes(padded, layer.kernel_size, layer.stride, (top, left), layer.dilation)
    return graph.apply("Conv", value, name, *weights, shape=(*sizes, layer.out_channels), **settings)


@converts(layers.Linear)
def _linear(layer: layers.Linear, graph: Graph, value: Value, name: str) -> Value:
    shape = (*value.shape[:-1], layer.out_features)
    if value.is_image:
        # Rows of channels at each place: a 1×1 convolution.
        weights = _weights(layer, graph, layer.weight.data[:, :, None, None], name)
        return graph.apply("Conv", value, name, *weights, shape=shape, kernel_shape=(1, 1))
    if len(value.shape) != 1:
        raise ExportError(f"Linear ({name}) is written as ONNX for rows and images, not for {value.shape}.")
    weights = _weights(layer, graph, layer.weight.data, name)
    return graph.apply("Gemm", value, name, *weights, shape=shape, transB=1)


@converts(layers.BatchNorm2d)
def _batch_norm(layer: layers.BatchNorm2d, graph: Graph, value: Value, name: str) -> Value:
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
        names = [graph.weight(f"{name}.{key}", array) for key, array in arrays.items()]
        return graph.apply("BatchNormalization", value, name, *names, epsilon=layer.eps)
    scale = weight / np.sqrt(layer.running_var.astype(np.float64) + layer.eps)
    scaled = graph.apply("Mul", value, f"{name}.scaled", graph.weight(f"{name}.scale", scale))
    return graph.apply("Add", scaled, name, graph.weight(f"{name}.shift", bias - layer.running_mean * scale))


def _pool(
    kind: str,
    layer: layers.MaxPool2d | layers.AvgPool2d,
    graph: Graph,
    value: Value,
    name: str,
    **settings: Any,
) -> Value:
    dilation = layer.dilation if isinstance(layer, layers.MaxPool2d) else (1, 1)
    sizes = _sizes(value.shape[:2], layer.kernel_size, layer.stride, layer.padding, dilation, layer.ceil_mode)
    settings |= {
        "kernel_shape": layer.kernel_size,
        "strides": layer.stride,
        "pads": (*layer.padding, *layer.padding),
        "ceil_mode": int(layer.ceil_mode),
    }
    return graph.apply(kind, value, name, shape=(*sizes, value.shape[2]), **settings)


@converts(layers.MaxPool2d)
def _max_pool(layer: layers.MaxPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    dilated = {} if layer.dilation == (1, 1) else {"dilations": layer.dilation}
    return _pool("MaxPool", layer, graph, value, name, **dilated)


@converts(layers.AvgPool2d)
def _avg_pool(layer: layers.AvgPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    # What divides a window that hangs over the padding is not the same in all programs.
    if layer.ceil_mode and layer.padding != (0, 0) and layer.count_include_pad:
        size = _known(layer, value, name)
        settings = (getattr(layer, setting) for setting in layer.shown)
        return _by_products(graph, value, name, size, *average_windows((0, *size), *settings))
    counted = int(layer.count_include_pad and layer.padding != (0, 0))
    return _pool("AveragePool", layer, graph, value, name, count_include_pad=counted)


@converts(layers.AdaptiveAvgPool2d)
def _adaptive_avg_pool(layer: layers.AdaptiveAvgPool2d, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    shape = (*layer.output_size, value.shape[2])
    if layer.output_size == (1, 1):
        return graph.apply("GlobalAveragePool", value, name, shape=shape)
    size = _known(layer, value, name)
    steps = [side // count for side, count in zip(size, layer.output_size, strict=True)]
    if all(side % count == 0 for side, count in zip(size, layer.output_size, strict=True)):
        return graph.apply("AveragePool", value, name, shape=shape, kernel_shape=steps, strides=steps)
    return _by_products(graph, value, name, size, *adaptive_windows((0, *size), layer.output_size))


@converts(layers.Upsample)
def _upsample(layer: layers.Upsample, graph: Graph, value: Value, name: str) -> Value:
    _needs_image(layer, value, name)
    scales = graph.weight(f"{name}.scales", [1, 1, layer.scale_factor, layer.scale_factor])
    settings = {
        "mode": "nearest",
        "coordinate_transformation_mode": "asymmetric",
        "nearest_mode": "floor",
    }
    size = (None if side is None else side * layer.scale_factor for side in value.shape[:2])
    return graph.apply("Resize", value, name, "", scales, shape=(*size, value.shape[2]), **settings)


@converts(layers.ReLU, layers.Sigmoid, layers.Tanh)
def _same_name(layer: Module, graph: Graph, value: Value, name: str) -> Value:
    kind = next(kind for kind in (layers.ReLU, layers.Sigmoid, layers.Tanh) if isinstance(layer, kind))
    return graph.apply(kind.__name__.capitalize(), value, name)


@converts(layers.ReLU6)
def _relu6(layer: layers.ReLU6, graph: Graph, value: Value, name: str) -> Value:
    ends = [graph.weight(f"{name}.low", 0.0), graph.weight(f"{name}.high", 6.0)]
    return graph.apply("Clip", value, name, *ends)


@converts(layers.LeakyReLU)
def _leaky_relu(layer: layers.LeakyReLU, graph: Graph, value: Value, name: str) -> Value:
    return graph.apply("LeakyRelu", value, name, alpha=layer.negative_slope)


@converts(layers.SiLU)
def _silu(layer: layers.SiLU, graph: Graph, value: Value, name: str) -> Value:
    return graph.apply("Mul", value, name, graph.add("Sigmoid", [value.name], f"{name}.sigmoid"))


@converts(layers.GELU)
def _gelu(layer: layers.GELU, graph: Graph, value: Value, name: str) -> Value:
    # In elementary operations: the operator Gelu is newer than what many programs read.
    if layer.approximate == "none":
        factor = graph.weight(f"{name}.factor", sqrt(0.5))
        curve = graph.add("Mul", [value.name, factor], f"{name}.scaled")
        curve = graph.add("Erf", [curve], f"{name}.erf")
        curve = graph.add("Add", [curve, graph.weight(f"{name}.one", 1.0)], f"{name}.raised")
        product = graph.apply("Mul", value, f"{name}.product", curve)
        return graph.apply("Mul", product, name, graph.weight(f"{name}.half", 0.5))
    # (1 + tanh(t)) / 2 is the sigmoid of 2t; OpenCV 5.0 crashes on the tangent's pattern.
    cubic = graph.weight(f"{name}.cubic", 2 * sqrt(2 / np.pi) * 0.044715)
    linear = graph.weight(f"{name}.linear", 2 * sqrt(2 / np.pi))
    curve = graph.add("Mul", [value.name, value.name], f"{name}.squared")
    curve = graph.add("Mul", [curve, cubic], f"{name}.scaled")
    curve = graph.add("Add", [curve, linear], f"{name}.factor")
    curve = graph.add("Mul", [value.name, curve], f"{name}.inner")
    curve = graph.add("Sigmoid", [curve], f"{name}.sigmoid")
    return graph.apply("Mul", value, name, curve)


@converts(layers.Softmax)
def _softmax(layer: layers.Softmax, graph: Graph, value: Value, name: str) -> Value:
    axes = [0, 2, 3, 1] if value.is_image else list(range(len(value.shape) + 1))
    return graph.apply("Softmax", value, name, axis=axes[layer.dim])


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
    size: Sequence[int | None],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    ceil_mode: bool = False,
) -> tuple[int | None, ...]:
    """Rows and columns of what windows give, None where those of the input are open."""
    return tuple(
        None if side is None else window_count(side, k, s, p, d, ceil_mode)
        for side, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
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
    return Value(graph.add("MatMul", [left, product], name), (len(rows), len(columns), value.shape[2]))
