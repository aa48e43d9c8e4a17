"""Box arithmetic as nodes of an ONNX graph, each the counterpart of a function of :mod:`foveal.boxes`.

Every function takes the :class:`~foveal.nn.onnx.Graph`, names of values in it and a name for what it
adds, and returns the names of its results. Operators of opset 18.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from foveal.boxes.deltas import LARGEST_LOG_SCALE
from foveal.nn.onnx import Graph

#: More than any number of boxes.
EVERY = 1 << 40


def decode(
    graph: Graph, boxes: str, deltas: str, name: str, *, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)
) -> str:
    """Boxes moved and scaled by deltas: :func:`foveal.boxes.decode`.

    Parameters
    ----------
    graph : Graph
    boxes : str
        float32 (..., 4).
    deltas : str
        float32 (..., 4); its other axes and those of the boxes are broadcast.
    name : str
    weights : sequence of 4 floats, default=(1, 1, 1, 1)

    Returns
    -------
    str
        float32 (..., 4), not clipped.
    """
    if tuple(weights) != (1, 1, 1, 1):
        deltas = graph.add("Div", [deltas, graph.constant(weights)], f"{name}.unweighted")
    low, high = graph.add_several("Split", [boxes], [f"{name}.low", f"{name}.high"], axis=-1, num_outputs=2)
    shift, scale = graph.add_several(
        "Split", [deltas], [f"{name}.shift", f"{name}.log_scale"], axis=-1, num_outputs=2
    )
    size = graph.add("Sub", [high, low], f"{name}.difference")
    size = graph.add("Max", [size, graph.constant(0)], f"{name}.size")
    half = graph.add("Mul", [size, graph.constant(0.5)], f"{name}.half")
    centre = graph.add("Add", [low, half], f"{name}.centre")
    shift = graph.add("Mul", [shift, size], f"{name}.moved_by")
    centre = graph.add("Add", [centre, shift], f"{name}.moved")
    scale = graph.add("Min", [scale, graph.constant(LARGEST_LOG_SCALE)], f"{name}.limited")
    scale = graph.add("Exp", [scale], f"{name}.scale")
    half = graph.add("Mul", [scale, half], f"{name}.scaled")
    return _around(graph, centre, half, name, axis=-1)


def clip(graph: Graph, boxes: str, edges: str, name: str) -> str:
    """Boxes cut off at the borders of an image: :func:`foveal.boxes.clip`.

    Parameters
    ----------
    graph : Graph
    boxes : str
        float32 (..., 4).
    edges : str
        float32 (4,): width, height, width, height.
    name : str

    Returns
    -------
    str
        float32 (..., 4).
    """
    inside = graph.add("Max", [boxes, graph.constant(0)], f"{name}.from_zero")
    return graph.add("Min", [inside, edges], name)


def large_enough(graph: Graph, boxes: str, side: float, name: str, *, equal: bool) -> str:
    """Whether both sides of a box are longer than a length, or as long where ``equal``.

    Parameters
    ----------
    graph : Graph
    boxes : str
        float32 (..., 4).
    side : float
        In pixels.
    name : str
    equal : bool

    Returns
    -------
    str
        bool (...).
    """
    low, high = graph.add_several("Split", [boxes], [f"{name}.low", f"{name}.high"], axis=-1, num_outputs=2)
    sides = graph.add("Sub", [high, low], f"{name}.sides")
    shorter = _of_both(graph, "Min", sides, f"{name}.shorter")
    return graph.add("GreaterOrEqual" if equal else "Greater", [shorter, graph.constant(side)], name)


def _of_both(graph: Graph, kind: str, sides: str, name: str) -> str:
    """An operator on widths and heights, (..., 2): (...).

    Of no boxes a reduction, such as ReduceMin, gives another shape in older versions of ONNX Runtime.
    """
    both = graph.add_several("Split", [sides], [f"{name}.width", f"{name}.height"], axis=-1, num_outputs=2)
    return graph.add("Squeeze", [graph.add(kind, both, f"{name}.one"), graph.constant([-1], np.int64)], name)


def iou(graph: Graph, boxes: str, others: str, name: str) -> str:
    """Overlaps of boxes with boxes: :func:`foveal.boxes.iou`.

    Parameters
    ----------
    graph : Graph
    boxes, others : str
        float32 (..., 4), broadcast; the corners of none are the wrong way round.
    name : str

    Returns
    -------
    str
        float32 (...); not a number where neither box has an area.
    """
    ends, areas = [], []
    for place, value in enumerate((boxes, others)):
        names = [f"{name}.low{place}", f"{name}.high{place}"]
        ends.append(graph.add_several("Split", [value], names, axis=-1, num_outputs=2))
        sides = graph.add("Sub", ends[place][::-1], f"{name}.sides{place}")
        areas.append(_of_both(graph, "Mul", sides, f"{name}.area{place}"))
    low = graph.add("Max", [ends[0][0], ends[1][0]], f"{name}.low")
    high = graph.add("Min", [ends[0][1], ends[1][1]], f"{name}.high")
    sides = graph.add("Sub", [high, low], f"{name}.sides")
    sides = graph.add("Max", [sides, graph.constant(0)], f"{name}.shared")
    inside = _of_both(graph, "Mul", sides, f"{name}.inside")
    union = graph.add("Sub", [graph.add("Add", areas, f"{name}.both"), inside], f"{name}.union")
    return graph.add("Div", [inside, union], name)


def grid_anchors(graph: Graph, cells: str, columns: str, sizes: ArrayLike, stride: float, name: str) -> str:
    """Some of the anchors of a grid: rows of :func:`foveal.boxes.grid_anchors`.

    Parameters
    ----------
    graph : Graph
    cells : str
        int64 (k,): which anchors, counted by rows, columns and, innermost, sizes.
    columns : str
        int64 (1,): how many the grid has.
    sizes : array-like of shape (A, 2)
        Widths and heights in pixels.
    stride : float
        Pixels from cell to cell.
    name : str

    Returns
    -------
    str
        float32 (k, 4).
    """
    sizes = np.asarray(sizes, np.float32)
    number = graph.constant([len(sizes)], np.int64)
    kind = graph.add("Mod", [cells, number], f"{name}.kind")
    cell = graph.add("Div", [cells, number], f"{name}.cell")
    column = graph.add("Mod", [cell, columns], f"{name}.column")
    row = graph.add("Div", [cell, columns], f"{name}.row")
    axis = graph.constant([1], np.int64)
    place = [graph.add("Unsqueeze", [value, axis], f"{value}.of_one") for value in (column, row)]
    centre = graph.add("Concat", place, f"{name}.place", axis=1)
    centre = graph.add("Cast", [centre], f"{name}.numbers", to=1)
    centre = graph.add("Add", [centre, graph.constant(0.5)], f"{name}.middle")
    centre = graph.add("Mul", [centre, graph.constant(stride)], f"{name}.centre")
    half = graph.add("Gather", [graph.weight(f"{name}.sizes", sizes / 2), kind], f"{name}.half", axis=0)
    return _around(graph, centre, half, name, axis=1)


def _around(graph: Graph, centre: str, half: str, name: str, *, axis: int) -> str:
    """Boxes from their centres and half their sides."""
    top_left = graph.add("Sub", [centre, half], f"{name}.top_left")
    bottom_right = graph.add("Add", [centre, half], f"{name}.bottom_right")
    return graph.add("Concat", [top_left, bottom_right], name, axis=axis)


def best(graph: Graph, scores: str, number: int, name: str) -> tuple[str, str]:
    """The highest scores, or all where there are fewer.

    Parameters
    ----------
    graph : Graph
    scores : str
        float32 (N,).
    number : int
    name : str

    Returns
    -------
    scores, indices : str
        float32 (k,) and int64 (k,), highest first; of equal ones the lower index first.
    """
    length = graph.add("Shape", [scores], f"{name}.length")
    count = graph.add("Min", [length, graph.constant([number], np.int64)], f"{name}.count")
    values, indices = graph.add_several(
        "TopK", [scores, count], [f"{name}.scores", f"{name}.indices"], axis=0, largest=1, sorted=1
    )
    return values, indices


def nms(
    graph: Graph,
    boxes: str,
    scores: str,
    name: str,
    *,
    threshold: float,
    above: float | None = None,
    number: int = EVERY,
) -> tuple[str, str]:
    """Greedy suppression in each of several groups: :func:`foveal.boxes.nms`.

    Parameters
    ----------
    graph : Graph
    boxes : str
        float32 (G, N, 4).
    scores : str
        float32 (G, N).
    name : str
    threshold : float
        An IoU above it suppresses.
    above : float, optional
        Only scores above this one take part.
    number : int
        At most so many are kept of each group.

    Returns
    -------
    groups, indices : str
        int64 (M,) each: what is kept, group after group, best first; of equal scores the lower index first.
    """
    inputs = [
        boxes,
        graph.add("Unsqueeze", [scores, graph.constant([1], np.int64)], f"{name}.scores"),
        graph.constant([number], np.int64),
        graph.constant([threshold]),
    ]
    if above is not None:
        inputs.append(graph.constant([above]))
    kept = graph.add("NonMaxSuppression", inputs, f"{name}.kept")
    groups, _, indices = graph.add_several(
        "Split", [kept], [f"{name}.group", f"{name}.class", f"{name}.box"], axis=1, num_outputs=3
    )
    axis = graph.constant([1], np.int64)
    return (
        graph.add("Squeeze", [groups, axis], f"{name}.groups"),
        graph.add("Squeeze", [indices, axis], f"{name}.indices"),
    )


def roi_align(
    graph: Graph, x: str, boxes: str, name: str, *, stride: int, output_size: int, sampling_ratio: int = 2
) -> str:
    """What is seen of boxes in a map, aligned to a grid: :func:`foveal.nn.functional.roi_align`.

    Parameters
    ----------
    graph : Graph
    x : str
        float32 (1, C, h, w), the map of one image.
    boxes : str
        float32 (R, 4), in pixels.
    name : str
    stride : int
        Pixels of a cell of the map.
    output_size : int
        Rows and columns of the grid.
    sampling_ratio : int, default=2
        Rows and columns of sampling points in a cell of the grid.

    Returns
    -------
    str
        float32 (R, C, output_size, output_size).
    """
    from onnx import helper

    count = graph.add("Shape", [boxes], f"{name}.count", end=1)
    zero = helper.make_tensor("value", 7, [1], [0])
    images = graph.add("ConstantOfShape", [count], f"{name}.images", value=zero)
    return graph.add(
        "RoiAlign",
        [x, boxes, images],
        name,
        output_height=output_size,
        output_width=output_size,
        sampling_ratio=sampling_ratio,
        spatial_scale=1 / stride,
        coordinate_transformation_mode="half_pixel",
        mode="avg",
    )
