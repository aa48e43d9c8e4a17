from math import ceil, floor

import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional
from foveal.nn.functional import sharing

SETTINGS = [(7, 1.0), (4, 0.25), ((2, 5), 0.5), (1, 0.125), (3, 0.0625)]


def examples(dtype=np.float32, channels=5):
    """Two maps of 12 x 10 cells and boxes inside, over the border, outside, empty and turned round."""
    rng = np.random.default_rng(0)
    # Whole numbers, so that there are ties.
    x = rng.integers(-9, 9, (2, 12, 10, channels)).astype(dtype)
    corner = rng.uniform(-5, 20, (9, 2))
    boxes = np.hstack([corner, corner + rng.uniform(0.5, 25, (9, 2))])
    special = [[0, 0, 20, 24], [-50, -50, -40, -40], [300, 0, 400, 20], [4, 4, 4, 4], [9, 9, 3, 14]]
    return x, np.vstack([boxes, special, [[-9, -9, 99, 99]]]), rng.integers(0, 2, len(boxes) + 6)


def textbook(x, boxes, images, output_size, scale):
    """Bins one at a time: values and places."""
    rows, columns = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    h, w, c = x.shape[1:]
    y, places = np.zeros((len(boxes), rows, columns, c), x.dtype), np.full((len(boxes), rows, columns, c), -1)

    def nearest(value):
        return int(np.copysign(floor(abs(value) + 0.5), value))

    for r, (x1, y1, x2, y2) in enumerate(boxes):
        left, top = nearest(x1 * scale), nearest(y1 * scale)
        right, bottom = (nearest((corner - 1) * scale) for corner in (x2, y2))
        wide, high = max(right - left + 1, 1), max(bottom - top + 1, 1)
        for i, j in np.ndindex(rows, columns):
            ends = [top + floor(i * high / rows), top + ceil((i + 1) * high / rows)]
            sides = [left + floor(j * wide / columns), left + ceil((j + 1) * wide / columns)]
            (a, b), (u, v) = np.clip(ends, 0, h), np.clip(sides, 0, w)
            if a < b and u < v:
                cells = x[images[r], a:b, u:v].reshape(-1, c)
                y[r, i, j] = cells.max(0)
                first = cells.argmax(0)
                places[r, i, j] = (a + first // (v - u)) * w + u + first % (v - u)
    return y, places


@pytest.mark.parametrize(("size", "scale"), SETTINGS)
def test_it_is_the_textbooks(size, scale):
    x, boxes, images = examples()
    y, places = functional.roi_pool(x, boxes, images, size, spatial_scale=scale)
    expected = textbook(x, boxes, images, size, scale)
    np.testing.assert_array_equal(y, expected[0])
    np.testing.assert_array_equal(places, expected[1])


def onnx_roi_pool(x, boxes, images, size, scale):
    from onnx import TensorProto, helper

    from foveal.nn.onnx import session

    node = helper.make_node(
        "MaxRoiPool",
        ["x", "rois"],
        ["y"],
        pooled_shape=size if isinstance(size, tuple) else (size, size),
        spatial_scale=scale,
    )
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "roi_pool",
        [
            helper.make_tensor_value_info("x", floats, [None] * 4),
            helper.make_tensor_value_info("rois", floats, [None, 5]),
        ],
        [helper.make_tensor_value_info("y", floats, [None] * 4)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    rois = np.hstack([images[:, None], boxes - [0, 0, 1, 1]]).astype(np.float32)
    given = {"x": x.transpose(0, 3, 1, 2).copy(), "rois": rois}
    return session(model.SerializeToString()).run(None, given)[0].transpose(0, 2, 3, 1)


# Numbers of bins by which single precision divides exactly: else it may take a cell too many.
@pytest.mark.parametrize(("size", "scale"), [(4, 1.0), (8, 0.25), ((2, 4), 0.5), (1, 0.125)])
def test_it_agrees_with_onnx(size, scale):
    x, boxes, images = examples()
    y, _ = functional.roi_pool(x, boxes, images, size, spatial_scale=scale)
    np.testing.assert_array_equal(y, onnx_roi_pool(x, boxes, images, size, scale))


def test_a_box_of_whole_cells_is_pooled_like_an_image_of_its_own():
    x = np.random.default_rng(0).normal(size=(1, 20, 20, 3)).astype(np.float32)
    y, _ = functional.roi_pool(x, [[3, 2, 17, 16]], [0], 7)
    np.testing.assert_array_equal(y, functional.max_pool2d(x[:, 2:16, 3:17], 2)[0])


@pytest.mark.parametrize(("size", "scale"), SETTINGS)
def test_gradient(size, scale):
    _, boxes, images = examples()
    rng = np.random.default_rng(1)
    x = rng.permutation(2 * 12 * 10 * 2).reshape(2, 12, 10, 2) / 10
    layer = nn.RoIPool(size, scale)
    grad = rng.normal(size=layer(x, boxes, images).shape)
    nn.gradient_check(
        lambda x: (float((layer(x, boxes, images) * grad).sum()), layer.backward(grad)), x, max_elements=150
    )


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 40, 40, 72)).astype(np.float32)
    corner = rng.uniform(0, 20, (60, 2))
    boxes, images = np.hstack([corner, corner + rng.uniform(3, 20, (60, 2))]), np.zeros(60, int)
    grad = rng.normal(size=(60, 7, 7, 72)).astype(np.float32)
    found = []
    for cores in (1, 5):
        monkeypatch.setattr(sharing, "cores", lambda cores=cores: cores)
        y, places = functional.roi_pool(x, boxes, images)
        found.append((y, places, functional.roi_pool_backward(grad, places, x.shape, images)))
    for one, five in zip(*found, strict=True):
        np.testing.assert_array_equal(one, five)


def test_not_a_number_wins():
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 1, 1] = np.nan
    y, places = functional.roi_pool(x, [[0, 0, 4, 4]], [0], 1)
    assert np.isnan(y).all()
    assert places.item() == 5


def test_no_regions_and_what_cannot_be():
    x = np.ones((2, 4, 4, 3), np.float32)
    y, places = functional.roi_pool(x, [], [], (2, 3))
    assert y.shape == (0, 2, 3, 3)
    assert not functional.roi_pool_backward(y, places, x.shape, []).any()
    far, _ = functional.roi_pool(x, [[-1e30, 0, 1e30, 4]], [0], 2)
    assert set(far.ravel()) <= {0, 1}
    with pytest.raises(ValueError, match="from 0 to 1"):
        functional.roi_pool(x, [[0, 0, 2, 2]], [2])
    with pytest.raises(ValueError, match="starts at 1"):
        functional.roi_pool(x, [[0, 0, 2, 2]], [0], 0)
