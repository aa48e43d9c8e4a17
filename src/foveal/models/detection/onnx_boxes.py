"""Box arithmetic as nodes of an ONNX graph, each the counterpart of a function of :mod:`foveal.boxes`.

Every function takes the :class:`~foveal.nn.onnx_graph.Graph`, names of values in it and a name for what it
adds, and returns the names of its results. Operators of opset 18.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from foveal.boxes.deltas import LARGEST_LOG_SCALE
from foveal.nn.onnx_graph import Graph

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
    corners = [
        graph.add("Sub", [centre, half], f"{name}.top_left"),
        graph.add("Add", [centre, half], f"{name}.bottom_right"),
    ]
    return graph.add("Concat", corners, name, axis=-1)


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
    place = [graph.add("Unsqueeze", [value, axis], f"{value}.unsqueezed") for value in (column, row)]
    centre = graph.add("Concat", place, f"{name}.place", axis=1)
    centre = graph.add("Cast", [centre], f"{name}.numbers", to=1)
    centre = graph.add("Add", [centre, graph.constant(0.5)], f"{name}.middle")
    centre = graph.add("Mul", [centre, graph.constant(stride)], f"{name}.centre")
    half = graph.add("Gather", [graph.weight(f"{name}.sizes", sizes / 2), kind], f"{name}.half", axis=0)
    corners = [
        graph.add("Sub", [centre, half], f"{name}.top_left"),
        graph.add("Add", [centre, half], f"{name}.bottom_right"),
    ]
    return graph.add("Concat", corners, name, axis=1)


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


def pyramid_roi_align(
    graph: Graph,
    maps: Sequence[str],
    boxes: str,
    name: str,
    *,
    strides: Sequence[int],
    output_size: int,
    sampling_ratio: int,
    limits: Sequence[float],
) -> str:
    """RoIAlign over the maps of a pyramid, each box on one of them: :class:`foveal.nn.PyramidRoIAlign`.

    Parameters
    ----------
    graph : Graph
    maps : sequence of str
        float32 (1, C, h, w) each, of one picture, the finest first.
    boxes : str
        float32 (R, 4), in pixels.
    name : str
    strides : sequence of int
        Pixels of a cell of each map.
    output_size, sampling_ratio : int
    limits : sequence of float
        One fewer than maps: a box goes to the next map if the square root of its area is at least the limit.

    Returns
    -------
    str
        float32 (R, C, output_size, output_size), in the order of the boxes.

    References
    ----------
    Lin et al., "Feature Pyramid Networks for Object Detection", CVPR 2017, equation 1.
    """
    settings = {
        "output_height": output_size,
        "output_width": output_size,
        "sampling_ratio": sampling_ratio,
        "coordinate_transformation_mode": "half_pixel",
        "mode": "avg",
    }

    def align(level: int, chosen: str) -> str:
        count = graph.add("Shape", [chosen], f"{name}.{level}.count", end=1)
        zeros = graph.add("ConstantOfShape", [count], f"{name}.{level}.images", value=_zero())
        inputs = [maps[level], chosen, zeros]
        return graph.add(
            "RoiAlign", inputs, f"{name}.{level}.regions", spatial_scale=1 / strides[level], **settings
        )

    if len(maps) == 1:
        return align(0, boxes)
    level = _levels(graph, boxes, limits, name)
    parts, orders = [], []
    for place in range(len(maps)):
        mine = graph.add("Equal", [level, graph.constant(place, np.int64)], f"{name}.{place}.mine")
        rows = graph.add("NonZero", [mine], f"{name}.{place}.rows")
        rows = graph.add("Squeeze", [rows, graph.constant([0], np.int64)], f"{name}.{place}.row")
        parts.append(align(place, graph.add("Gather", [boxes, rows], f"{name}.{place}.boxes", axis=0)))
        orders.append(rows)
    together = graph.add("Concat", parts, f"{name}.together", axis=0)
    order = graph.add("Concat", orders, f"{name}.order", axis=0)
    length = graph.add("Shape", [order], f"{name}.length")
    _, back = graph.add_several(
        "TopK", [order, length], [f"{name}.sorted", f"{name}.back"], axis=0, largest=0, sorted=1
    )
    return graph.add("Gather", [together, back], name, axis=0)


def _levels(graph: Graph, boxes: str, limits: Sequence[float], name: str) -> str:
    """The place of each box's map, int64 (R,)."""
    low, high = graph.add_several("Split", [boxes], [f"{name}.low", f"{name}.high"], axis=1, num_outputs=2)
    sides = graph.add("Sub", [high, low], f"{name}.sides")
    area = graph.add("ReduceProd", [sides, graph.constant([1], np.int64)], f"{name}.area", keepdims=1)
    squares = graph.constant([limit**2 for limit in limits])
    reached = graph.add("GreaterOrEqual", [area, squares], f"{name}.reached")
    reached = graph.add("Cast", [reached], f"{name}.steps", to=7)
    return graph.add("ReduceSum", [reached, graph.constant([1], np.int64)], f"{name}.level", keepdims=0)


def _zero() -> object:
    from onnx import helper

    return helper.make_tensor("value", 7, [1], [0])
