"""A whole classifier as one ONNX graph: from the pixels of an image of any size to its probabilities.

The graph resizes as :func:`foveal.images.resize` does, which is OpenCV's: a side that shrinks is averaged
over areas, one that grows is interpolated. Each is a product with a small matrix that the graph computes from
the sides of the image; between them pixels are whole numbers, as in memory.
"""

from typing import TYPE_CHECKING

import numpy as np

from foveal.models.classifiers.image_input import Enlarging
from foveal.models.contracts import ClassifierModel
from foveal.nn.onnx import Graph, Value, convert
from foveal.nn.onnx.graph import Ends
from foveal.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 17
# The weights of luma (ITU-R BT.601).
_LUMA = [[0.299], [0.587], [0.114]]
# OpenCV's cubic kernel, and by how far it reaches over the edge.
_A, _REACH = -0.75, 2
# Less of a pixel than this is left out of an area, as in OpenCV.
_SLIVER = 1e-3
_AXES = ("rows", "columns")
_DOUBLE = 11  # onnx.TensorProto.DOUBLE


def to_classifier_onnx(model: ClassifierModel) -> "ModelProto":
    """The ONNX model of a fitted classifier, checked by ``onnx.checker`` but not run.

    Parameters
    ----------
    model : ClassifierModel

    Returns
    -------
    onnx.ModelProto
        Of a classifier of images, the input ``image`` is uint8 (H, W, 3), RGB, of any size, and the output
        ``probabilities`` float32 (K,). Of one of rows, the input ``rows`` is float32 (N, D) and the output
        ``probabilities`` (N, K). The metadata has ``classes``, the names as a JSON list, ``model`` and
        ``version``.

    Raises
    ------
    ExportError
        If the classifier is no network, or a layer has no counterpart in ONNX.
    """
    network, shape = model.as_network()
    graph = Graph()
    given: list[str | int]
    if model.sees_images:
        height, width, channels = shape
        # Grey values are made of colours.
        given = ["height", "width", 3 if channels == 1 else channels]
        batch = resized(graph, "image", (height, width), channels, enlarging=model.enlarging)
        start: dict[str, Ends] = {"image": (np.uint8, given)}
        end: list[str | int] = [len(model.classes_)]
    else:
        given, end = ["batch", int(np.prod(shape))], ["batch", len(model.classes_)]
        batch = "rows"
        if len(shape) == 3:
            folded = graph.add("Reshape", ["rows", graph.constant([-1, *shape], np.int64)], "folded")
            batch = graph.add("Transpose", [folded], "channels_first", perm=[0, 3, 1, 2])
        start = {"rows": (np.float32, given)}
    answer = convert(network, graph, Value(batch, shape), "network").name
    wanted = [-1] if model.sees_images else [-1, len(model.classes_)]
    graph.add("Reshape", [answer, graph.constant(wanted, np.int64)], "probabilities")
    return graph.model(
        "classifier",
        start,
        {"probabilities": (np.float32, end)},
        opset=OPSET,
        doc="image: RGB, 0 to 255." if model.sees_images else "",
        metadata={
            "classes": [str(c) for c in model.classes_],
            "model": model.name,
            "version": __version__,
        },
    )


def resized(graph: Graph, image: str, size: tuple[int, int], channels: int, *, enlarging: Enlarging) -> str:
    """An image of any size in the size that is seen, as nodes.

    Parameters
    ----------
    graph : Graph
    image : str
        uint8 (H, W, C); (H, W, 3) for one channel, which is made of three.
    size : (int, int)
        Rows and columns.
    channels : int
    enlarging : {"linear", "cubic"}
        How an image is enlarged both of whose sides are smaller; see
        :func:`foveal.models.classifiers.image_input.rgb_square`.

    Returns
    -------
    str
        The name of a batch of one, float32 (1, C, rows, columns).
    """
    pixels = graph.add("Cast", [image], "pixels", to=1)
    if channels == 1:
        grey = graph.add("MatMul", [pixels, graph.constant(_LUMA)], "luma")
        pixels = graph.add("Round", [grey], "grey")
    given = [graph.add("Shape", [image], f"{axis}.given", start=i, end=i + 1) for i, axis in enumerate(_AXES)]
    smaller = [
        graph.add("Min", [side, graph.constant([wanted], np.int64)], f"{axis}.smaller")
        for axis, side, wanted in zip(_AXES, given, size, strict=True)
    ]
    areas = [_areas(graph, *sides) for sides in zip(given, smaller, _AXES, strict=True)]
    # One product for all channels, before the planes are taken apart: a photograph is large.
    flat = graph.add("Reshape", [pixels, graph.constant([0, -1], np.int64)], "lines")
    flat = graph.add("MatMul", [areas[0], flat], "fewer_lines")
    fewer = graph.add("Reshape", [flat, graph.constant([0, -1, channels], np.int64)], "fewer_rows")
    planes = graph.add("Transpose", [fewer], "planes", perm=[2, 0, 1])
    pixels = _whole_numbers(graph, planes, areas[1], "shrunk")
    # Beyond its edges an image goes on with its outermost pixels.
    pads = graph.constant([0, *[_REACH] * 2, 0, *[_REACH] * 2], np.int64)
    pixels = graph.add("Pad", [pixels, pads], "extended", mode="edge")
    enlarges = None
    if enlarging == "cubic":
        longest = graph.add("Max", given, "longest")
        enlarges = graph.add("Less", [longest, graph.constant([max(size)], np.int64)], "enlarges")
    between = [
        _between(graph, side, wanted, enlarges, axis)
        for axis, side, wanted in zip(_AXES, smaller, size, strict=True)
    ]
    more = graph.add("MatMul", [between[0], pixels], "more_rows")
    pixels = _whole_numbers(graph, more, between[1], "resized")
    return graph.add("Unsqueeze", [pixels, graph.constant([0], np.int64)], "batch")


def _whole_numbers(graph: Graph, planes: str, columns: str, name: str) -> str:
    """Whole-numbered pixels, (C, h, w), of planes that have their rows, (C, h, W), and a matrix (w, W)."""
    columns = graph.add("Transpose", [columns], f"{name}.columns", perm=[1, 0])
    exact = graph.add("MatMul", [planes, columns], f"{name}.exact")
    whole = graph.add(
        "Floor", [graph.add("Add", [exact, graph.constant(0.5)], f"{name}.up")], f"{name}.whole"
    )
    return graph.add("Clip", [whole, graph.constant(0), graph.constant(255)], name)


def _range(graph: Graph, start: str, end: str, name: str, axis: int) -> str:
    """Numbers from the start up to the end, as a row or a column of float64."""
    scalar = graph.constant([], np.int64)
    ends = [graph.add("Reshape", [v, scalar], f"{name}.{i}") for i, v in enumerate((start, end))]
    numbers = graph.add("Range", [*ends, graph.constant(1, np.int64)], f"{name}.range")
    numbers = graph.add("Cast", [numbers], f"{name}.numbers", to=_DOUBLE)
    return graph.add("Unsqueeze", [numbers, graph.constant([axis], np.int64)], name)


def _double(graph: Graph, value: float) -> str:
    return graph.constant(value, np.float64)


def _ratio(graph: Graph, given: str, wanted: str, name: str) -> str:
    exact = [graph.add("Cast", [side], f"{name}.{i}", to=_DOUBLE) for i, side in enumerate((given, wanted))]
    return graph.add("Div", exact, name)


def _areas(graph: Graph, given: str, smaller: str, axis: str) -> str:
    """How much of each pixel of a side goes into each of fewer, (smaller, given)."""
    name, zero = f"{axis}.areas", graph.constant([0], np.int64)
    scale = _ratio(graph, given, smaller, f"{name}.scale")
    pixel = _range(graph, zero, given, f"{name}.pixel", 0)
    area = _range(graph, zero, smaller, f"{name}.area", 1)
    begin = graph.add("Mul", [area, scale], f"{name}.begin")
    end = graph.add("Add", [begin, scale], f"{name}.end")
    after = graph.add("Add", [pixel, _double(graph, 1)], f"{name}.after")
    first = graph.add("Max", [begin, pixel], f"{name}.first")
    last = graph.add("Min", [end, after], f"{name}.last")
    overlap = graph.add("Sub", [last, first], f"{name}.overlap")
    enough = graph.add("Greater", [overlap, _double(graph, _SLIVER)], f"{name}.enough")
    overlap = graph.add("Where", [enough, overlap, _double(graph, 0)], f"{name}.inside")
    return graph.add("Cast", [graph.add("Div", [overlap, scale], f"{name}.share")], name, to=1)


def _between(graph: Graph, given: str, wanted: int, cubic: str | None, axis: str) -> str:
    """The weights of the pixels of an extended side in each of more, (wanted, given + 2 · reach)."""
    name = f"{axis}.between"
    side, reach = graph.constant([wanted], np.int64), graph.constant([_REACH], np.int64)
    scale = _ratio(graph, given, side, f"{name}.scale")
    begin = graph.constant([-_REACH], np.int64)
    pixel = _range(graph, begin, graph.add("Add", [given, reach], f"{name}.end"), f"{name}.pixel", 0)
    place = graph.constant((np.arange(wanted) + 0.5)[:, None], np.float64)
    place = graph.add("Mul", [place, scale], f"{name}.scaled")
    place = graph.add("Sub", [place, _double(graph, 0.5)], f"{name}.place")
    apart = graph.add("Abs", [graph.add("Sub", [place, pixel], f"{name}.signed")], f"{name}.apart")
    near = graph.add("Sub", [_double(graph, 1), apart], f"{name}.near")
    weights = graph.add("Max", [near, _double(graph, 0)], f"{name}.linear")
    if cubic is not None:
        inner = _polynomial(graph, apart, (_A + 2, -_A - 3, 0, 1), f"{name}.inner")
        outer = _polynomial(graph, apart, (_A, -5 * _A, 8 * _A, -4 * _A), f"{name}.outer")
        is_inner = graph.add("Less", [apart, _double(graph, 1)], f"{name}.is_inner")
        reached = graph.add("Less", [apart, _double(graph, 2)], f"{name}.reached")
        outer = graph.add("Where", [reached, outer, _double(graph, 0)], f"{name}.outside")
        curve = graph.add("Where", [is_inner, inner, outer], f"{name}.cubic")
        weights = graph.add("Where", [cubic, curve, weights], f"{name}.weights")
    return graph.add("Cast", [weights], name, to=1)


def _polynomial(graph: Graph, x: str, coefficients: tuple[float, ...], name: str) -> str:
    """Horner's scheme, the highest power first."""
    value = _double(graph, coefficients[0])
    for power, number in enumerate(coefficients[1:]):
        value = graph.add("Mul", [value, x], f"{name}.times{power}")
        value = graph.add("Add", [value, _double(graph, number)], f"{name}.plus{power}")
    return value
