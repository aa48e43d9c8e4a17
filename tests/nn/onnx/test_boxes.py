import numpy as np
import pytest

from foveal.boxes import clip, decode, iou, nms
from foveal.nn.onnx import Graph, session
from foveal.nn.onnx import boxes as onnx_boxes

onnx = pytest.importorskip("onnx")
TYPES = {"float32": 1, "uint8": 2, "int64": 7}


def run(graph, given, results):
    """The values of some results of a graph for some arrays."""
    from onnx import helper

    ends = [helper.make_tensor_value_info(n, TYPES[str(a.dtype)], [None] * a.ndim) for n, a in given.items()]
    wanted = [onnx.ValueInfoProto(name=name) for name in results]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "g", ends, wanted, graph.initializers),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    model = onnx.shape_inference.infer_shapes(model)
    return session(model.SerializeToString()).run(None, given)


def boxes_of(rng, *shape, side=100):
    low = rng.uniform(-20, side, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(0, side / 2, (*shape, 2))], -1).astype(np.float32)


@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (10, 10, 5, 5)])
def test_decode(weights):
    rng = np.random.default_rng(0)
    boxes, deltas = boxes_of(rng, 50), rng.normal(0, 3, (50, 4)).astype(np.float32)
    boxes[0, 2:] = boxes[0, :2]
    boxes[1, 2:] -= 200  # the wrong way round: empty
    deltas[2, 2:] = 90  # limited
    graph = Graph()
    name = onnx_boxes.decode(graph, "boxes", "deltas", "moved", weights=weights)
    (found,) = run(graph, {"boxes": boxes, "deltas": deltas}, [name])
    np.testing.assert_allclose(found, decode(boxes, deltas, weights), rtol=1e-5, atol=1e-4)


def test_decode_of_several_classes():
    rng = np.random.default_rng(1)
    boxes, deltas = boxes_of(rng, 6), rng.normal(0, 1, (3, 6, 4)).astype(np.float32)
    graph = Graph()
    name = onnx_boxes.decode(graph, "boxes", "deltas", "moved")
    (found,) = run(graph, {"boxes": boxes, "deltas": deltas}, [name])
    for one, own in zip(found, deltas, strict=True):
        np.testing.assert_allclose(one, decode(boxes, own), rtol=1e-5, atol=1e-4)


def test_clip():
    boxes = boxes_of(np.random.default_rng(2), 40)
    graph = Graph()
    name = onnx_boxes.clip(graph, "boxes", graph.constant([70, 50, 70, 50]), "inside")
    (found,) = run(graph, {"boxes": boxes}, [name])
    np.testing.assert_array_equal(found, clip(boxes, 70, 50))


def test_iou():
    rng = np.random.default_rng(4)
    boxes, others = boxes_of(rng, 3, 1), boxes_of(rng, 3, 9)
    others[:, 0] = boxes[:, 0]
    graph = Graph()
    name = onnx_boxes.iou(graph, "boxes", "others", "overlaps")
    (found,) = run(graph, {"boxes": boxes, "others": others}, [name])
    for one, own, row in zip(boxes, others, found, strict=True):
        np.testing.assert_allclose(row, iou(one, own)[0], rtol=1e-5, atol=1e-6)
    assert (found[:, 0] == 1).all()


def test_grid_anchors():
    sizes, stride, rows, columns = np.float32([[10, 20], [30, 5], [7.5, 7.5]]), 16, 4, 5
    y, x = np.mgrid[:rows, :columns]
    centre = (np.stack([x, y], -1)[:, :, None] + 0.5) * stride
    expected = np.concatenate([centre - sizes / 2, centre + sizes / 2], -1).reshape(-1, 4)
    cells = np.random.default_rng(0).permutation(rows * columns * 3)
    graph = Graph()
    name = onnx_boxes.grid_anchors(graph, "cells", graph.constant([columns], np.int64), sizes, stride, "a")
    (found,) = run(graph, {"cells": cells}, [name])
    np.testing.assert_array_equal(found, expected[cells])


@pytest.mark.parametrize("number", [1, 7, 500])
def test_best_of_equal_scores_the_first(number):
    scores = np.random.default_rng(3).integers(0, 6, 200).astype(np.float32)
    graph = Graph()
    names = onnx_boxes.best(graph, "scores", number, "best")
    values, indices = run(graph, {"scores": scores}, names)
    expected = np.argsort(-scores, kind="stable")[:number]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_array_equal(values, scores[expected])


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_nms(threshold):
    rng = np.random.default_rng(4)
    boxes, scores = np.round(boxes_of(rng, 3, 150)), rng.integers(0, 30, (3, 150)).astype(np.float32)
    boxes[:, 5:9, 2] = boxes[:, 5:9, 0]  # without area: they neither suppress nor are suppressed
    boxes[:, 20:30] = boxes[:, 10:20]
    # Pairs whose IoU is the threshold itself.
    boxes[:, :2] = [[0, 0, 10, 10], [0, 0, 10, 5]]
    graph = Graph()
    names = onnx_boxes.nms(graph, "boxes", "scores", "kept", threshold=threshold)
    groups, indices = run(graph, {"boxes": boxes, "scores": scores}, names)
    assert (np.diff(groups) >= 0).all()
    for group in range(3):
        expected = nms(boxes[group], scores[group], threshold)
        np.testing.assert_array_equal(indices[groups == group], expected)


def test_nms_of_the_better_ones_and_of_none():
    rng = np.random.default_rng(5)
    boxes, scores = boxes_of(rng, 1, 80), rng.uniform(0, 1, (1, 80)).astype(np.float32)
    graph = Graph()
    names = onnx_boxes.nms(graph, "boxes", "scores", "kept", threshold=0.4, above=0.5, number=9)
    _, indices = run(graph, {"boxes": boxes, "scores": scores}, names)
    good = np.flatnonzero(scores[0] > 0.5)
    np.testing.assert_array_equal(indices, good[nms(boxes[0, good], scores[0, good], 0.4)][:9])
    _, indices = run(graph, {"boxes": boxes[:, :0], "scores": scores[:, :0]}, names)
    assert len(indices) == 0


def aligned(x, boxes, scale, size, ratio):
    """RoIAlign point by point (He et al. 2017), (R, size, size, C), of a map (h, w, C)."""
    h, w, channels = x.shape
    result = np.zeros((len(boxes), size, size, channels))
    for r, (x1, y1, x2, y2) in enumerate(boxes.astype(np.float64) * scale - 0.5):
        for i, j in np.ndindex(size, size):
            for a, b in np.ndindex(ratio, ratio):
                py = y1 + (i + (a + 0.5) / ratio) * (y2 - y1) / size
                px = x1 + (j + (b + 0.5) / ratio) * (x2 - x1) / size
                if not (-1 <= py <= h and -1 <= px <= w):
                    continue
                py, px = min(max(py, 0), h - 1), min(max(px, 0), w - 1)
                top, left = min(int(py), h - 1), min(int(px), w - 1)
                down, right = min(top + 1, h - 1), min(left + 1, w - 1)
                v, u = py - top, px - left
                upper = (1 - u) * x[top, left] + u * x[top, right]
                lower = (1 - u) * x[down, left] + u * x[down, right]
                result[r, i, j] += ((1 - v) * upper + v * lower) / ratio**2
    return result


@pytest.mark.parametrize("number", [0, 1, 12])
def test_roi_align(number):
    rng = np.random.default_rng(6)
    x, boxes = rng.normal(size=(1, 3, 16, 20)).astype(np.float32), boxes_of(rng, number, side=250)
    if number > 3:
        boxes[1] = [-30, -30, 500, 500]
        boxes[2, 2:] = boxes[2, :2]
    graph = Graph()
    name = onnx_boxes.roi_align(graph, "x", "boxes", "regions", stride=16, output_size=3)
    (found,) = run(graph, {"x": x, "boxes": boxes}, [name])
    assert found.shape == (number, 3, 3, 3)
    expected = aligned(x[0].transpose(1, 2, 0), boxes, 1 / 16, 3, 2)
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1), expected, atol=1e-4)


def test_large_enough():
    boxes = np.float32([[0, 0, 1, 5], [0, 0, 5, 1], [0, 0, 2, 2], [3, 3, 2, 9]])
    graph = Graph()
    names = [onnx_boxes.large_enough(graph, "boxes", 1.0, str(equal), equal=equal) for equal in (True, False)]
    at_least, longer = run(graph, {"boxes": boxes}, names)
    assert at_least.tolist() == [True, True, True, False]
    assert longer.tolist() == [False, False, True, False]
