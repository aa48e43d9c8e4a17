from math import ceil

import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional
from foveal.nn.functional import sharing

# output_size, spatial_scale, sampling_ratio, aligned
SETTINGS = [
    (7, 1.0, 2, True),
    (3, 0.25, 2, True),
    ((2, 5), 0.5, 3, True),
    (1, 0.125, 1, True),
    (4, 0.5, 0, True),
    (3, 0.25, 2, False),
    ((5, 2), 0.5, 0, False),
]


def examples(dtype=np.float32, channels=5):
    """Two maps of 12 x 10 cells and boxes inside, over the border, outside, empty and turned round."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 12, 10, channels)).astype(dtype)
    corner = rng.uniform(-5, 20, (9, 2))
    boxes = np.hstack([corner, corner + rng.uniform(0.5, 25, (9, 2))])
    special = [
        [0, 0, 20, 24],
        [-50, -50, -40, -40],
        [300, 0, 400, 20],
        [4, 4, 4, 4],
        [9, 9, 3, 14],
        [-9.3, -9.4, 99, 99],
    ]
    boxes = np.vstack([boxes, special]).astype(np.float32)
    return x, boxes, rng.integers(0, 2, len(boxes))


def textbook(x, boxes, images, output_size, scale, ratio, aligned):
    """Points one at a time."""
    rows, columns = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    y = np.zeros((len(boxes), rows, columns, x.shape[3]), x.dtype)
    for r, (x1, y1, x2, y2) in enumerate(np.float64(boxes) * scale - (0.5 if aligned else 0)):
        height, width = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1), max(x2 - x1, 1))
        down = ratio or max(0, ceil(height / rows))
        across = ratio or max(0, ceil(width / columns))
        for i, j in np.ndindex(rows, columns):
            for u, v in np.ndindex(down, across):
                row = y1 + (i + (u + 0.5) / down) * height / rows
                column = x1 + (j + (v + 0.5) / across) * width / columns
                y[r, i, j] += at(x[images[r]], row, column) / (down * across)
    return y


def at(image, row, column):
    """Linear interpolation; cell i is at i."""
    h, w, _ = image.shape
    if not (-1 <= row <= h and -1 <= column <= w):
        return 0
    row, column = np.clip([row, column], 0, [h - 1, w - 1])
    top, left = int(row), int(column)
    bottom, right = min(top + 1, h - 1), min(left + 1, w - 1)
    v, u = row - top, column - left
    upper = (1 - u) * image[top, left] + u * image[top, right]
    lower = (1 - u) * image[bottom, left] + u * image[bottom, right]
    return (1 - v) * upper + v * lower


def ours(x, boxes, images, settings, forward=functional.roi_align):
    size, scale, ratio, aligned = settings
    return forward(x, boxes, images, size, spatial_scale=scale, sampling_ratio=ratio, aligned=aligned)


@pytest.mark.parametrize("settings", SETTINGS)
def test_it_is_the_textbooks(settings):
    x, boxes, images = examples(np.float64)
    np.testing.assert_allclose(
        ours(x, boxes, images, settings), textbook(x, boxes, images, *settings), atol=1e-12
    )


def onnx_roi_align(x, boxes, images, output_size, scale, ratio, aligned):
    from onnx import TensorProto, helper

    from foveal.nn.onnx import session

    rows, columns = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    node = helper.make_node(
        "RoiAlign",
        ["x", "rois", "images"],
        ["y"],
        mode="avg",
        output_height=rows,
        output_width=columns,
        spatial_scale=scale,
        sampling_ratio=ratio,
        coordinate_transformation_mode="half_pixel" if aligned else "output_half_pixel",
    )
    floats, whole = TensorProto.FLOAT, TensorProto.INT64
    graph = helper.make_graph(
        [node],
        "roi_align",
        [
            helper.make_tensor_value_info("x", floats, [None] * 4),
            helper.make_tensor_value_info("rois", floats, [None, 4]),
            helper.make_tensor_value_info("images", whole, [None]),
        ],
        [helper.make_tensor_value_info("y", floats, [None] * 4)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    given = {"x": x.transpose(0, 3, 1, 2).copy(), "rois": boxes, "images": images}
    return session(model.SerializeToString()).run(None, given)[0].transpose(0, 2, 3, 1)


@pytest.mark.parametrize("settings", SETTINGS)
def test_it_agrees_with_onnx(settings):
    x, boxes, images = examples()
    if settings[2] == 0:
        # A box turned round has a negative number of points there.
        keep = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        boxes, images = boxes[keep], images[keep]
    expected = onnx_roi_align(x, boxes, images, *settings)
    np.testing.assert_allclose(ours(x, boxes, images, settings), expected, atol=1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
def test_gradient(settings):
    x, boxes, images = examples(np.float64, channels=2)
    grad = np.random.default_rng(1).normal(size=ours(x, boxes, images, settings).shape)

    def value_and_gradient(x):
        size, scale, ratio, aligned = settings
        back = functional.roi_align_backward(
            grad, x.shape, boxes, images, size, spatial_scale=scale, sampling_ratio=ratio, aligned=aligned
        )
        return float((ours(x, boxes, images, settings) * grad).sum()), back

    nn.gradient_check(value_and_gradient, x, max_elements=150)


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 40, 40, 72)).astype(np.float32)
    corner = rng.uniform(0, 20, (60, 2))
    boxes, images = np.hstack([corner, corner + rng.uniform(3, 20, (60, 2))]), np.zeros(60, int)
    grad = rng.normal(size=(60, 7, 7, 72)).astype(np.float32)
    found = []
    for cores in (1, 2, 5):
        monkeypatch.setattr(sharing, "cores", lambda cores=cores: cores)
        found.append(
            (
                functional.roi_align(x, boxes, images),
                functional.roi_align_backward(grad, x.shape, boxes, images),
            )
        )
    for y, dx in found[1:]:
        np.testing.assert_array_equal(y, found[0][0])
        np.testing.assert_array_equal(dx, found[0][1])
    # The same, added up by NumPy, and so not in the same order.
    np.testing.assert_allclose(
        float((x * found[0][1]).sum(dtype=np.float64)),
        float((found[0][0] * grad).sum(dtype=np.float64)),
        rtol=1e-4,
    )


def test_no_regions_and_read_only_maps():
    x = np.ones((2, 4, 4, 3), np.float32)
    for boxes, images in (([], []), (np.zeros((0, 4)), np.zeros(0, int))):
        y = functional.roi_align(x, boxes, images, (2, 3))
        assert y.shape == (0, 2, 3, 3)
        dx = functional.roi_align_backward(y, x.shape, boxes, images, (2, 3))
        assert dx.shape == x.shape
        assert not dx.any()
    x.flags.writeable = False
    assert (functional.roi_align(x, [[0, 0, 4, 4]], [1], 2) == 1).all()


def test_what_cannot_be():
    x = np.zeros((1, 4, 4, 1), np.float32)
    box = [[0, 0, 2, 2]]
    for boxes, images, settings, message in (
        ([0, 0, 2, 2], [0], {}, r"shape \(R, 4\)"),
        (box, [0, 0], {}, "one for each of the 1"),
        (box, [0.0], {}, "whole numbers"),
        (box, [1], {}, "from 0 to 0"),
        (box, [-1], {}, "from 0 to 0"),
        ([[0, 0, np.nan, 2]], [0], {}, "finite"),
        (box, [0], {"output_size": 0}, "starts at 1"),
        (box, [0], {"spatial_scale": 0}, "positive"),
        (box, [0], {"sampling_ratio": -1}, "negative"),
    ):
        with pytest.raises(ValueError, match=message):
            functional.roi_align(x, boxes, images, **settings)
    with pytest.raises(ValueError, match=r"\(N, H, W, C\)"):
        functional.roi_align(x[0], box, [0])
    with pytest.raises(ValueError, match="not empty"):
        functional.roi_align(x[:, :0], box, [0])
