"""Networks as ONNX files, checked before they are there."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ExportError
from foveal.files import write_bytes
from foveal.nn.layers import Conv2d, Linear
from foveal.nn.module import Module, in_use, no_grad
from foveal.nn.onnx.graph import Graph, Value, convert
from foveal.nn.onnx.runtime import Layout, relative_difference, run_onnx

if TYPE_CHECKING:
    from onnx import ModelProto

#: Rows and columns of the random batch where ``input_shape`` leaves them open.
OPEN_SIDE = 64


def export(
    network: Module,
    path: str | os.PathLike[str],
    *,
    input_shape: Sequence[int | None] | None = None,
    example: NDArray[Any] | None = None,
    tolerance: float = 1e-5,
    opset: int = 17,
    layout: Layout = "NCHW",
    metadata: Mapping[str, str] | None = None,
) -> float:
    """Write a network as an ONNX file that has been found to compute the same.

    The graph is that of the network in use (:meth:`Module.eval`), in float32. ONNX Runtime runs it on a batch
    and only if its output is the engine's does the file appear.

    Parameters
    ----------
    network : Module
    path : path-like
        An existing file is replaced, if all goes well.
    input_shape : sequence of (int or None), optional
        Without the batch, which is open: (rows, columns, channels) or (features,). None for rows and columns
        leaves them open, where the layers allow it. By default that of ``example``, else that of the last
        batch that the network saw, else what its first layer takes, of any size.
    example : ndarray of shape (N, H, W, C) or (N, D), optional
        The batch to compare on, channels-last whatever the layout. By default two examples drawn from the
        normal distribution.
    tolerance : float, default=1e-5
        How far an output may be from the engine's, as a part of the largest absolute one.
    opset : int, default=17
        The version of ONNX's operators, 13 or later.
    layout : {"NCHW", "NHWC"}, default="NCHW"
        How the file's images, input and output, lie: channels first, which ONNX's users and OpenCV's DNN
        module expect, or last, as in the engine. Inside, the graph is channels-first.
    metadata : mapping of str to str, optional
        What the file says of itself, for whoever reads it.

    Returns
    -------
    float
        The largest difference found, as a part of the largest absolute output.

    Raises
    ------
    ExportError
        If a layer cannot be written, or the output differs by more than the tolerance (the message says by
        how much). ``path`` is left as it was.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from foveal import nn
    >>> network = nn.Sequential(nn.Conv2d(3, 4, 3, random_state=0), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    >>> with TemporaryDirectory() as folder:
    ...     difference = export(network, Path(folder) / "net.onnx", input_shape=(None, None, 3))
    >>> difference < 1e-5
    True
    """
    if input_shape is None:
        input_shape = _known_shape(network, example)
    model = to_onnx(network, input_shape, opset=opset, layout=layout, metadata=metadata)
    content = model.SerializeToString(deterministic=True)
    if example is None:
        shape = [OPEN_SIDE if side is None else side for side in input_shape]
        example = np.random.default_rng(0).standard_normal((2, *shape), np.float32)
    batch = np.asarray(example, np.float32)
    with in_use(network.modules()), no_grad():
        expected = np.asarray(network(batch))
    difference = relative_difference(run_onnx(content, batch, layout), expected)
    if not difference <= tolerance:
        raise ExportError(
            f"The ONNX graph does not compute what the network does: outputs differ by {difference:.2g} of "
            f"the largest, more than the tolerance {tolerance:g}. {os.fspath(path)} was not written."
        )
    write_bytes(path, content)
    return difference


def to_onnx(
    network: Module,
    input_shape: Sequence[int | None],
    *,
    opset: int = 17,
    layout: Layout = "NCHW",
    metadata: Mapping[str, str] | None = None,
) -> "ModelProto":
    """The ONNX model of a network in use, checked by ``onnx.checker`` but not run.

    Parameters
    ----------
    network, input_shape, opset, layout, metadata
        See :func:`export`.

    Returns
    -------
    onnx.ModelProto
        Its input is called ``input`` and its output ``output``, both float32.

    Raises
    ------
    ExportError
        If a layer or the shape cannot be written.
    """
    if layout not in ("NCHW", "NHWC"):
        raise ExportError(f'layout is "NCHW" or "NHWC", not {layout!r}.')
    if opset < 13:
        raise ExportError(f"opset {opset} is too old: give 13 or later.")
    shape = tuple(None if side is None else int(side) for side in input_shape)
    if not shape or shape[-1] is None:
        raise ExportError(f"input_shape {shape} must end with the number of channels or features.")
    graph = Graph()
    value = Value("input", shape)
    if value.is_image and layout == "NHWC":
        value = Value(graph.add("Transpose", ["input"], "channels_first", perm=[0, 3, 1, 2]), shape)
    value = convert(network, graph, value, "")
    if value.is_image and layout == "NHWC":
        last = graph.add("Transpose", [value.name], "channels_last", perm=[0, 2, 3, 1])
        value = Value(last, value.shape)
    if value.name == "input":
        value = Value(graph.add("Identity", ["input"], "same"), value.shape)
    for node in graph.nodes:
        for names in (node.input, node.output):
            names[:] = ["output" if name == value.name else name for name in names]
    return graph.model(
        "network",
        {"input": (np.float32, _axes(shape, layout))},
        {"output": (np.float32, _axes(value.shape, layout))},
        opset=opset,
        metadata=metadata,
    )


def _known_shape(network: Module, example: NDArray[Any] | None) -> Sequence[int | None]:
    if example is not None:
        return np.shape(example)[1:]
    if network.seen_shape:
        return network.seen_shape
    for layer in network.modules():
        if isinstance(layer, Conv2d):
            return (None, None, layer.in_channels)
        if isinstance(layer, Linear):
            return (layer.in_features,)
    raise ExportError("The shape of the network's input is not known: give input_shape or example.")


def _axes(shape: tuple[int | None, ...], layout: Layout) -> list[int | str]:
    """The axes of an input or output, those that are open by name."""
    if len(shape) == 3:
        named = [side or name for side, name in zip(shape, ("rows", "columns", ""), strict=True)]
        return ["batch", named[2], *named[:2]] if layout == "NCHW" else ["batch", *named]
    return ["batch", *(side or f"size{axis}" for axis, side in enumerate(shape, 1))]
