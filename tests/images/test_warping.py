import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.images import warp


def halved(image):
    """Averages of 2×2 pixels, half up; an odd last row or column counts twice."""
    height, width = image.shape[:2]
    padded = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").astype(int)
    blocks = padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]
    return ((blocks + 2) // 4).astype(np.uint8)


def twin(image, box, height, width, context=0.0):
    """One crop in float64, before rounding."""
    x1, y1, x2, y2 = np.asarray(box, float)
    sides = max(x2 - x1, 0), max(y2 - y1, 0)
    grow = context / (1 - 2 * context)
    x1, x2 = x1 - grow * sides[0], x2 + grow * sides[0]
    y1, y2 = y1 - grow * sides[1], y2 + grow * sides[1]
    while max((x2 - x1) / width, (y2 - y1) / height) >= 2:
        image = halved(image)
        x1, y1, x2, y2 = x1 / 2, y1 / 2, x2 / 2, y2 / 2
    x = (x1 + (np.arange(width) + 0.5) * (x2 - x1) / width - 0.5).clip(0, image.shape[1] - 1)
    y = (y1 + (np.arange(height) + 0.5) * (y2 - y1) / height - 0.5).clip(0, image.shape[0] - 1)
    left, top = x.astype(int), y.astype(int)
    right, bottom = np.minimum(left + 1, image.shape[1] - 1), np.minimum(top + 1, image.shape[0] - 1)
    wx, wy = (x - left)[None, :, None], (y - top)[:, None, None]
    values = image.astype(float)
    upper = values[top][:, left] * (1 - wx) + values[top][:, right] * wx
    lower = values[bottom][:, left] * (1 - wx) + values[bottom][:, right] * wx
    return upper * (1 - wy) + lower * wy


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_twin(seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (*rng.integers(1, 60, 2), 3), dtype=np.uint8)
    height, width = (int(side) for side in rng.integers(1, 12, 2))
    corners = np.sort(rng.uniform(-20, 80, (7, 2, 2)), axis=1).reshape(7, 4).astype(np.float32)
    context = float(rng.choice([0, 0.07, 0.3]))
    crops = warp(image, corners, (height, width), context=context)
    assert crops.shape == (7, height, width, 3)
    assert crops.dtype == np.uint8
    for crop, box in zip(crops, corners, strict=True):
        assert np.abs(crop - twin(image, box, height, width, context)).max() <= 0.51


def test_the_whole_image_at_its_own_size_is_the_image():
    image = np.random.default_rng(0).integers(0, 256, (9, 13, 3), dtype=np.uint8)
    np.testing.assert_array_equal(warp(image, [[0, 0, 13, 9]], (9, 13))[0], image)
    np.testing.assert_array_equal(warp(image, [[3, 2, 8, 7]], 5)[0], image[2:7, 3:8])
    np.testing.assert_array_equal(warp(image, [[2, 1, 7, 6]], 15)[0][1::3, 1::3], image[1:6, 2:7])


def test_context_shows_what_lies_around():
    image = np.zeros((40, 40, 3), np.uint8)
    image[10:30, 10:30] = 200
    crop = warp(image, [[10, 10, 30, 30]], 40, context=0.25)[0, :, :, 0]
    np.testing.assert_array_equal(crop, image[:, :, 0])
    assert (warp(image, [[10, 10, 30, 30]], 40)[0, 1:-1, 1:-1] == 200).all()


def test_beyond_the_image_the_border_repeats():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, -1] = 90
    assert (warp(image, [[10, 0, 14, 4]], 3) == 90).all()
    assert (warp(image, [[-9, 0, -5, 4]], 3) == 0).all()


def test_boxes_without_area():
    image = np.arange(25, dtype=np.uint8).reshape(5, 5, 1).repeat(3, axis=2)
    assert (warp(image, [[2.5, 1.5, 2.5, 1.5]], 4) == image[1, 2, 0]).all()
    inside_out = warp(image, [[3, 3, 1, 1]], 4, context=0.1)
    assert inside_out.shape == (1, 4, 4, 3)


def test_fine_texture_is_averaged():
    y, x = np.mgrid[:256, :256]
    board = ((x + y) % 2 * 255).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    for size in (8, 20, 60):
        crop = warp(board, [[1, 1, 254, 255]], size).astype(int)
        assert np.abs(crop - 128).max() <= 1


def test_flips():
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    crop = warp(image, [[4, 6, 27, 30]], 16)[0]
    flipped = warp(image[:, ::-1], [[32 - 27, 6, 32 - 4, 30]], 16)[0]
    assert np.abs(crop.astype(int) - flipped[:, ::-1]).max() <= 1


def test_a_box_gives_the_same_whatever_is_beside_it():
    image = np.random.default_rng(4).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    boxes = np.array([[0, 0, 120, 100], [5, 5, 9, 9], [30, 10, 90, 80]], np.float32)
    together = warp(image, boxes, 8)
    for crop, box in zip(together, boxes, strict=True):
        np.testing.assert_array_equal(warp(image, [box], 8)[0], crop)


@pytest.mark.parametrize("size", [1, 3])
def test_one_pixel_and_no_boxes(size):
    image = np.full((1, 1, 3), 77, np.uint8)
    assert (warp(image, [[0, 0, 1, 1], [-5, -5, 9, 9]], size, context=0.2) == 77).all()
    assert warp(image, [], size).shape == (0, size, size, 3)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_wrong_images(image):
    with pytest.raises(ValueError, match="image must be"):
        warp(image, [[0, 0, 1, 1]], 2)


@pytest.mark.parametrize("context", [-0.1, 0.5, float("nan")])
def test_wrong_context(context):
    with pytest.raises(ValueError, match="context is a share"):
        warp(np.zeros((4, 4, 3), np.uint8), [[0, 0, 1, 1]], 2, context=context)
