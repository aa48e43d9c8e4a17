"""What is seen of regions and what the box head says of them, as nodes of an ONNX graph."""

from collections.abc import Sequence

import numpy as np

from foveal.models.detection.roi.head import BoxHead
from foveal.models.detection.roi.pooling import RoIPooling
from foveal.nn.layers import Linear
from foveal.nn.onnx import Graph, Value, convert
from foveal.nn.onnx import boxes as onnx_boxes


def pooled_regions(
    graph: Graph, pooling: RoIPooling, levels: Sequence[Value], regions: str, name: str
) -> Value:
    """What the maps show of regions; see :class:`foveal.models.detection.RoIPooling`.

    Parameters
    ----------
    graph : Graph
    pooling : RoIPooling
    levels : sequence of Value
        Maps of one image, in the order of the pooling's strides.
    regions : str
        float32 (R, 4), in pixels of the working image.
    name : str

    Returns
    -------
    Value
        float32 (R, C, S, S).
    """
    seen = [
        onnx_boxes.roi_align(
            graph,
            level.name,
            regions,
            f"{name}.{place}",
            stride=stride,
            output_size=pooling.size,
            sampling_ratio=pooling.sampling_ratio,
        )
        for place, (level, stride) in enumerate(zip(levels, pooling.strides, strict=True))
    ]
    channels = [level.shape[2] or 0 for level in levels]
    shape = pooling.size, pooling.size
    if pooling.join == "sum":
        return Value(graph.add("Sum", seen, name), (*shape, channels[0]))
    return Value(graph.add("Concat", seen, name, axis=1), (*shape, sum(channels)))


def head_answers(graph: Graph, head: BoxHead, cells: Value, name: str) -> tuple[str, str]:
    """What a head says of regions; see :class:`foveal.models.detection.BoxHead`.

    Parameters
    ----------
    graph : Graph
    head : BoxHead
    cells : Value
        What is seen of the regions, float32 (R, C, S, S).
    name : str

    Returns
    -------
    logits, deltas : str
        float32 (R, K + 1) and (R, K, 4).
    """
    grid, _, channels = cells.shape
    assert grid is not None
    assert channels is not None
    flat = graph.add("Flatten", [cells.name], f"{cells.name}.flat", axis=1)
    value = Value(flat, (grid * grid * channels,))
    for place, layer in enumerate(head.hidden):
        if place == 0:
            # In the graph the channels come first: the weights are put in that order, not the regions.
            assert isinstance(layer, Linear)
            layer = _channels_first(layer, grid, channels)
        value = convert(layer, graph, value, f"{name}.hidden.{place}")
    out = convert(head.predictor, graph, value, f"{name}.predictor").name
    parts = graph.constant([head.n_classes + 1, 4 * head.n_classes], np.int64)
    logits, deltas = graph.add_several("Split", [out, parts], [f"{name}.logits", f"{name}.moves"], axis=1)
    shape = graph.constant([-1, head.n_classes, 4], np.int64)
    return logits, graph.add("Reshape", [deltas, shape], f"{name}.deltas")


def _channels_first(layer: Linear, grid: int, channels: int) -> Linear:
    """The layer for regions of shape (C, S, S) instead of (S, S, C)."""
    weight = layer.weight.data.reshape(-1, grid, grid, channels).transpose(0, 3, 1, 2)
    moved = Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
    moved.weight.data = np.ascontiguousarray(weight.reshape(len(weight), -1))
    if layer.bias is not None and moved.bias is not None:
        moved.bias.data = layer.bias.data
    return moved
