"""Networks as ONNX graphs and files: graphs, what each layer becomes, checked export, running."""

from foveal.nn.onnx import layers  # noqa: F401 - the converters of all layers are known from here on
from foveal.nn.onnx.exporting import export, to_onnx
from foveal.nn.onnx.graph import Graph, Value, convert, converts
from foveal.nn.onnx.runtime import relative_difference, run_onnx, session

__all__ = [
    "Graph",
    "Value",
    "convert",
    "converts",
    "export",
    "relative_difference",
    "run_onnx",
    "session",
    "to_onnx",
]
