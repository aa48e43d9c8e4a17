"""The layers over regions and the rule of the pyramid."""

import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional

STRIDES = (8, 16, 32)


def examples(dtype=np.float32, channels=3):
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, 96 // s, 128 // s, channels)).astype(dtype) for s in STRIDES]
    sizes = np.array([[10, 12], [40, 30], [70, 60], [90, 90], [128, 96], [20, 90], [0, 5]])
    corner = rng.uniform(-5, 40, (len(sizes), 2))
    return maps, np.hstack([corner, corner + sizes]), rng.integers(0, 2, len(sizes))


def test_the_papers_levels():
    boxes = [[0, 0, side, side] for side in (1, 111, 112, 223, 224, 447, 448, 5000)]
    # P2 to P5, numbered from 0: k0 = 4 is the third.
    assert functional.pyramid_levels(boxes, (4, 8, 16, 32)).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert functional.pyramid_levels(boxes, STRIDES).tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
    assert functional.pyramid_levels(boxes, STRIDES, 56, 0).tolist() == [0, 0, 1, 1, 2, 2, 2, 2]
    assert functional.pyramid_levels([[0, 0, 112, 448]], STRIDES).tolist() == [1]
    assert functional.pyramid_levels([[9, 9, 9, 9], [5, 5, 3, 9]], STRIDES).tolist() == [0, 0]
    assert functional.pyramid_levels([], STRIDES).shape == (0,)
    with pytest.raises(ValueError, match="at least one level"):
        functional.pyramid_levels(boxes, ())
    with pytest.raises(ValueError, match=r"shape \(R, 4\)"):
        functional.pyramid_levels([0, 0, 1, 1], STRIDES)


def test_a_pyramid_reads_each_region_from_its_level():
    maps, boxes, images = examples()
    layer = nn.PyramidRoIAlign(3, STRIDES, canonical_size=48)
    y = layer(maps, boxes, images)
    levels = functional.pyramid_levels(boxes, STRIDES, 48)
    assert set(levels) == {0, 1, 2}
    for r, level in enumerate(levels):
        alone = functional.roi_align(
            maps[level], boxes[r : r + 1], images[r : r + 1], 3, spatial_scale=1 / STRIDES[level]
        )
        np.testing.assert_array_equal(y[r], alone[0])


def test_gradients_of_a_pyramid():
    maps, boxes, images = examples(np.float64)
    layer = nn.PyramidRoIAlign((2, 3), STRIDES, canonical_size=48)
    grad = np.random.default_rng(1).normal(size=layer(maps, boxes, images).shape)
    for level in range(3):

        def value_and_gradient(x, level=level):
            y = layer([x if i == level else other for i, other in enumerate(maps)], boxes, images)
            return float((y * grad).sum()), layer.backward(grad)[level]

        nn.gradient_check(value_and_gradient, maps[level], max_elements=60)


def test_levels_without_a_region_have_no_gradient():
    maps, _, _ = examples()
    layer = nn.PyramidRoIAlign(2, STRIDES)
    y = layer(maps, [[0, 0, 10, 10]], [1])
    first, second, third = layer.backward(np.ones_like(y))
    assert first[1].any()
    assert not first[0].any()
    assert not second.any()
    assert not third.any()
    y = layer(maps, [], [])
    assert y.shape == (0, 2, 2, 3)
    assert [grad.shape for grad in layer.backward(y)] == [x.shape for x in maps]
    with pytest.raises(ValueError, match="takes 3 maps"):
        layer(maps[:2], [[0, 0, 10, 10]], [1])


def test_the_layers_are_the_functions():
    maps, boxes, images = examples()
    x = maps[0]
    for layer, name in ((nn.RoIAlign(5, 1 / 8), "roi_align"), (nn.RoIPool(5, 1 / 8), "roi_pool")):
        y = layer(x, boxes, images)
        expected = getattr(functional, name)(x, boxes, images, 5, spatial_scale=1 / 8)
        np.testing.assert_array_equal(y, expected if name == "roi_align" else expected[0])
        dx = layer.backward(np.ones_like(y))
        assert dx.shape == x.shape
        layer(x, boxes, images)
        assert layer.backward(np.ones_like(y), needs_input_grad=False) is None
        with nn.no_grad():
            layer(x, boxes, images)
        with pytest.raises(RuntimeError, match="forward pass"):
            layer.backward(np.ones_like(y))
        assert "output_size=(5, 5)" in repr(layer)
    align = nn.RoIAlign(5, 1 / 8)
    y = align(x, boxes, images)
    np.testing.assert_array_equal(
        align.backward(np.ones_like(y)),
        functional.roi_align_backward(np.ones_like(y), x.shape, boxes, images, 5, spatial_scale=1 / 8),
    )


def test_upsampling_as_a_layer():
    layer = nn.Upsample(3)
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype(np.float32)
    assert layer(x).shape == (1, 6, 9, 4)
    np.testing.assert_array_equal(layer.backward(np.ones((1, 6, 9, 4), np.float32)), np.full_like(x, 9))
    layer(x)
    assert layer.backward(np.ones((1, 6, 9, 4), np.float32), needs_input_grad=False) is None
    assert "scale_factor=3" in repr(layer)
