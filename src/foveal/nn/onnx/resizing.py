"""An image resized as :func:`foveal.images.resize` does it, as nodes of an ONNX graph.

That is as OpenCV does it: a side that shrinks is averaged over areas, by a product with a small matrix that
the graph computes from the sides of the image; one that grows is interpolated, linearly by the steps in whole
numbers in which OpenCV does it. Between both pixels are whole numbers, as in memory.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from foveal.nn.onnx.graph import Graph

# OpenCV's cubic kernel, and by how far it reaches over the edge.
_A, _REACH = -0.75, 2
# Less of a pixel than this is left out of an area, as in OpenCV.
_SLIVER = 1e-3
# OpenCV's weight of one pixel in linear interpolation.
_ONE = 2048
_DOUBLE = 11  # onnx.TensorProto.DOUBLE


def resized(
    graph: Graph,
    pixels: str,
    size: Sequence[str],
    channels: int,
    name: str,
    *,
    enlarging: Literal["linear", "cubic"] = "linear",
) -> str:
    """An image of any size in another one: :func:`foveal.images.resize`.

    About one pixel in a thousand of a reduced image, and in a hundred where interpolation is cubic, is a grey
    value darker or lighter than OpenCV's.

    Parameters
    ----------
    graph : Graph
    pixels : str
        float32 (H, W, C), from 0 to 255.
    size : (str, str)
        Rows and columns, int64 (1,) each.
    channels : int
        C.
    name : str
    enlarging : {"linear", "cubic"}, default="linear"
        How an image is enlarged whose sides are all smaller than the longer of the new ones; linearly
        otherwise.

    Returns
    -------
    str
        A batch of one, float32 (1, C, rows, columns), whole numbers from 0 to 255.
    """
    axes = [f"{name}.shrunk_{axis}" for axis in ("rows", "columns")]
    given = [graph.add("Shape", [pixels], f"{axis}.given", start=i, end=i + 1) for i, axis in enumerate(axes)]
    smaller = [
        graph.add("Min", [side, wanted], f"{axis}.smaller")
        for axis, side, wanted in zip(axes, given, size, strict=True)
    ]
    areas = [_areas(graph, *sides) for sides in zip(given, smaller, axes, strict=True)]
    # One product for all channels, before the planes are taken apart: a photograph is large.
    flat = graph.add("Reshape", [pixels, graph.constant([0, -1], np.int64)], f"{name}.lines")
    flat = graph.add("MatMul", [areas[0], flat], f"{name}.fewer_lines")
    shape = graph.constant([0, -1, channels], np.int64)
    fewer = graph.add("Reshape", [flat, shape], f"{name}.fewer_rows")
    planes = graph.add("Transpose", [fewer], f"{name}.planes", perm=[2, 0, 1])
    # OpenCV rounds a half to the even number, but up where it halves both sides.
    halves = [
        graph.add("Equal", [side, graph.add("Add", [less, less], f"{axis}.doubled")], f"{axis}.halved")
        for axis, side, less in zip(axes, given, smaller, strict=True)
    ]
    halved = graph.add("And", halves, f"{name}.halved")
    planes = _whole_numbers(graph, planes, areas[1], f"{name}.shrunk", up=halved)
    larger = _linear(graph, planes, smaller, size, f"{name}.linear")
    if enlarging == "cubic":
        longest = graph.add("Max", given, f"{name}.longest")
        limit = graph.add("Max", list(size), f"{name}.limit")
        enlarges = graph.add("Less", [longest, limit], f"{name}.enlarges")
        curved = _cubic(graph, planes, smaller, size, f"{name}.cubic")
        larger = graph.add("Where", [enlarges, curved, larger], f"{name}.larger")
    return graph.add("Unsqueeze", [larger, graph.constant([0], np.int64)], name)


def _whole_numbers(graph: Graph, planes: str, columns: str, name: str, up: str | None = None) -> str:
    """Whole-numbered pixels, (C, h, w), of planes that have their rows, (C, h, W), and a matrix (w, W).

    A half is rounded up or, where ``up`` is false, to the even number.
    """
    columns = graph.add("Transpose", [columns], f"{name}.columns", perm=[1, 0])
    exact = graph.add("MatMul", [planes, columns], f"{name}.exact")
    whole = graph.add("Add", [exact, graph.constant(0.5)], f"{name}.up")
    whole = graph.add("Floor", [whole], f"{name}.whole")
    if up is not None:
        even = graph.add("Round", [exact], f"{name}.even")
        whole = graph.add("Where", [up, whole, even], f"{name}.rounded")
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


def _linear(graph: Graph, planes: str, given: Sequence[str], size: Sequence[str], name: str) -> str:
    """Planes, (C, h, w), enlarged linearly, with whole numbers in between as OpenCV has them."""
    exact = graph.add("Cast", [planes], f"{name}.exact", to=_DOUBLE)
    rows, columns = (
        _neighbours(graph, side, wanted, f"{name}.{axis}")
        for axis, side, wanted in zip(("rows", "columns"), given, size, strict=True)
    )
    parts = [
        graph.add(
            "Mul", [graph.add("Gather", [exact, place], f"{place}.columns", axis=2), weight], f"{place}.part"
        )
        for place, weight in columns
    ]
    exact = graph.add("Add", parts, f"{name}.wider")
    exact = _shifted(graph, exact, 4, f"{name}.wide")
    parts = []
    for place, weight in rows:
        weight = graph.add("Unsqueeze", [weight, graph.constant([1], np.int64)], f"{place}.down")
        lines = graph.add("Gather", [exact, place], f"{place}.rows", axis=1)
        parts.append(
            _shifted(graph, graph.add("Mul", [lines, weight], f"{place}.exact"), 16, f"{place}.part")
        )
    total = graph.add("Add", [graph.add("Add", parts, f"{name}.taller"), _double(graph, 2)], f"{name}.up")
    return graph.add("Cast", [_shifted(graph, total, 2, f"{name}.whole")], name, to=1)


def _shifted(graph: Graph, value: str, bits: int, name: str) -> str:
    """Whole numbers without their last bits."""
    part = graph.add("Mul", [value, _double(graph, 0.5**bits)], f"{name}.shifted")
    return graph.add("Floor", [part], name)


def _neighbours(graph: Graph, given: str, wanted: str, name: str) -> list[tuple[str, str]]:
    """For each of more pixels of a side, the one before and the one after it, int64, and their weights."""
    # Computed in the very steps and types of OpenCV: a tie is a tie there, too.
    scale = graph.add(
        "Div", [_double(graph, 1), _ratio(graph, wanted, given, f"{name}.factor")], f"{name}.scale"
    )
    cell = _range(graph, graph.constant([0], np.int64), wanted, f"{name}.cell", 0)
    cell = graph.add("Squeeze", [cell, graph.constant([0], np.int64)], f"{name}.cells")
    centre = graph.add("Add", [cell, _double(graph, 0.5)], f"{name}.centre")
    place = graph.add("Mul", [centre, scale], f"{name}.scaled")
    place = graph.add("Sub", [place, _double(graph, 0.5)], f"{name}.between")
    place = graph.add("Cast", [place], f"{name}.place", to=1)
    before = graph.add("Floor", [place], f"{name}.before")
    share = graph.add("Sub", [place, before], f"{name}.share")
    rest = graph.add("Sub", [graph.constant(1), share], f"{name}.rest")
    first = graph.add("Cast", [before], f"{name}.index", to=7)
    last = graph.add("Sub", [given, graph.constant([1], np.int64)], f"{name}.last")
    found = []
    for step, weight in ((0, rest), (1, share)):
        end = f"{name}.{step}"
        index = graph.add("Add", [first, graph.constant([step], np.int64)], f"{end}.free")
        index = graph.add("Max", [index, graph.constant([0], np.int64)], f"{end}.from_zero")
        index = graph.add("Min", [index, last], f"{end}.inside")
        weight = graph.add("Mul", [weight, graph.constant(_ONE)], f"{end}.times")
        weight = graph.add("Round", [weight], f"{end}.rounded")
        found.append((index, graph.add("Cast", [weight], f"{end}.weight", to=_DOUBLE)))
    return found


def _cubic(graph: Graph, planes: str, given: Sequence[str], size: Sequence[str], name: str) -> str:
    """Planes, (C, h, w), enlarged by cubic interpolation."""
    # Beyond its edges an image goes on with its outermost pixels.
    pads = graph.constant([0, *[_REACH] * 2, 0, *[_REACH] * 2], np.int64)
    planes = graph.add("Pad", [planes, pads], f"{name}.extended", mode="edge")
    rows, columns = (
        _curve(graph, side, wanted, f"{name}.between_{axis}")
        for axis, side, wanted in zip(("rows", "columns"), given, size, strict=True)
    )
    more = graph.add("MatMul", [rows, planes], f"{name}.more_rows")
    return _whole_numbers(graph, more, columns, name)


def _curve(graph: Graph, given: str, wanted: str, name: str) -> str:
    """The weights of the pixels of an extended side in each of more, (wanted, given + 2 · reach)."""
    zero, reach = graph.constant([0], np.int64), graph.constant([_REACH], np.int64)
    scale = _ratio(graph, given, wanted, f"{name}.scale")
    begin = graph.constant([-_REACH], np.int64)
    pixel = _range(graph, begin, graph.add("Add", [given, reach], f"{name}.end"), f"{name}.pixel", 0)
    place = _range(graph, zero, wanted, f"{name}.cell", 1)
    place = graph.add("Add", [place, _double(graph, 0.5)], f"{name}.centre")
    place = graph.add("Mul", [place, scale], f"{name}.scaled")
    place = graph.add("Sub", [place, _double(graph, 0.5)], f"{name}.place")
    apart = graph.add("Abs", [graph.add("Sub", [place, pixel], f"{name}.signed")], f"{name}.apart")
    inner = _polynomial(graph, apart, (_A + 2, -_A - 3, 0, 1), f"{name}.inner")
    outer = _polynomial(graph, apart, (_A, -5 * _A, 8 * _A, -4 * _A), f"{name}.outer")
    is_inner = graph.add("Less", [apart, _double(graph, 1)], f"{name}.is_inner")
    reached = graph.add("Less", [apart, _double(graph, 2)], f"{name}.reached")
    outer = graph.add("Where", [reached, outer, _double(graph, 0)], f"{name}.outside")
    curve = graph.add("Where", [is_inner, inner, outer], f"{name}.curve")
    return graph.add("Cast", [curve], name, to=1)


def _polynomial(graph: Graph, x: str, coefficients: tuple[float, ...], name: str) -> str:
    """Horner's scheme, the highest power first."""
    value = _double(graph, coefficients[0])
    for power, number in enumerate(coefficients[1:]):
        value = graph.add("Mul", [value, x], f"{name}.times{power}")
        value = graph.add("Add", [value, _double(graph, number)], f"{name}.plus{power}")
    return value
