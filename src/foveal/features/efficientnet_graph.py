"""EfficientNet-Lite as an ONNX graph, for ONNX Runtime."""

from collections.abc import Sequence

import numpy as np

from foveal.features.efficientnet_network import EfficientNetLiteNetwork
from foveal.nn.onnx import Graph, Value, convert, converts
from foveal.nn.onnx.graph import Ends
from foveal.nn.onnx.layers import in_order

OPSET = 17


converts(EfficientNetLiteNetwork)(in_order)


def add_preprocessing(graph: Graph, pixels: str, mean: float, std: float) -> str:
    """Nodes from a batch of images, (N, H, W, 3) uint8, to what the network takes, (N, 3, H, W) float32.

    Parameters
    ----------
    graph : Graph
    pixels : str
        The name of the batch.
    mean, std : float
        The network sees ``(pixel - mean) / std``.

    Returns
    -------
    str
        The name of the result.
    """
    from onnx import TensorProto

    first = graph.add("Transpose", [pixels], "pixels.channels_first", perm=[0, 3, 1, 2])
    numbers = graph.add("Cast", [first], "pixels.numbers", to=TensorProto.FLOAT)
    centered = graph.add("Sub", [numbers, graph.weight("pixels.center", mean)], "pixels.centered")
    return graph.add("Mul", [centered, graph.weight("pixels.scale", 1 / std)], "pixels.scaled")


def add_maps(
    graph: Graph, network: EfficientNetLiteNetwork, batch: str, levels: Sequence[str]
) -> dict[str, Value]:
    """Nodes from a preprocessed batch, (N, 3, H, W), to maps, channels-first.

    Parameters
    ----------
    graph : Graph
    network : EfficientNetLiteNetwork
        A folded one makes the smaller graph.
    batch : str
        The name of the batch.
    levels : sequence of {"c2", "c3", "c4", "c5"}

    Returns
    -------
    dict of str to Value
        Named in the graph by where they come from; (N, channels, H / stride, W / stride) there.
    """
    found, start, value = {}, "image", Value(batch, (None, None, 3))
    for level in sorted(set(levels)):
        value = convert(network.stage(start, level), graph, value, f"backbone.{level}")
        found[level], start = value, level
    return found


def backbone_model(
    network: EfficientNetLiteNetwork, outputs: Sequence[str], *, mean: float, std: float
) -> bytes:
    """The graph from images to maps and to the pooled vector.

    Parameters
    ----------
    network : EfficientNetLiteNetwork
        A folded one.
    outputs : sequence of {"c2", "c3", "c4", "c5", "pooled"}
    mean, std : float
        Of the pixels; see :func:`add_preprocessing`.

    Returns
    -------
    bytes
        An ONNX model. Its input ``images`` is (N, H, W, 3) uint8 of any size that is a multiple of 32, its
        outputs are named as asked for: channels-last maps, and ``pooled`` of shape (N, 1280); float32.
    """
    graph = Graph()
    batch = add_preprocessing(graph, "images", mean, std)
    levels = [level for level in outputs if level != "pooled"]
    maps = add_maps(graph, network, batch, [*levels, *(["c5"] if "pooled" in outputs else [])])
    ends: dict[str, Ends] = {}
    for level in outputs:
        if level == "pooled":
            value = convert(network.head, graph, maps["c5"], "head")
            value = convert(network.pool, graph, value, "pool")
            graph.add("Identity", [value.name], "pooled")
            shape: list[int | str | None] = ["batch", value.shape[0]]
        else:
            graph.add("Transpose", [maps[level].name], level, perm=[0, 2, 3, 1])
            shape = ["batch", f"{level}_rows", f"{level}_columns", maps[level].shape[2]]
        ends[level] = (np.float32, shape)
    images: dict[str, Ends] = {"images": (np.uint8, ["batch", "rows", "columns", 3])}
    content: bytes = graph.model("backbone", images, ends, opset=OPSET).SerializeToString(deterministic=True)
    return content
