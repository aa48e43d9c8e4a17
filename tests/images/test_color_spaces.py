import colorsys
import warnings

import numpy as np
import pytest

from foveal.images import COLOR_SPACES, to_color_space

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
WHITE, GREY, BLACK = (255, 255, 255), (128, 128, 128), (0, 0, 0)


def converted(color, space):
    return to_color_space(np.array([[color]], np.uint8), space)[0, 0].tolist()


@pytest.mark.parametrize(
    ("space", "color", "expected"),
    [
        ("rgb", (1, 2, 3), [1, 2, 3]),
        # ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B.
        ("grey", RED, [76]), ("grey", GREEN, [150]), ("grey", BLUE, [29]), ("grey", WHITE, [255]),
        # sRGB's primaries are at L* 53.2, a* 80.1, b* 67.2; 87.7, -86.2, 83.2; 32.3, 79.2, -107.9.
        ("lab", RED, [136, 208, 195]), ("lab", GREEN, [224, 42, 211]), ("lab", BLUE, [82, 207, 20]),
        ("lab", WHITE, [255, 128, 128]), ("lab", BLACK, [0, 128, 128]),
        ("nrgb", (10, 30, 60), [26, 76, 153]), ("nrgb", GREY, [85, 85, 85]), ("nrgb", BLACK, [85, 85, 85]),
        ("rgi", RED, [255, 0, 85]), ("rgi", (10, 30, 62), [25, 75, 34]), ("rgi", BLACK, [85, 85, 0]),
        ("hsv", RED, [0, 255, 255]), ("hsv", GREEN, [85, 255, 255]), ("hsv", BLUE, [171, 255, 255]),
        ("hsv", GREY, [0, 0, 128]), ("hue", BLUE, [171]), ("hue", GREY, [0]),
        # (R - G) / I = 3 and (R + G - 2B) / I = 3 are the upper ends, -3 and -6 the lower ones.
        ("c", RED, [255, 255]), ("c", GREEN, [0, 255]), ("c", BLUE, [128, 0]),
        ("c", GREY, [128, 170]), ("c", BLACK, [128, 170]),
    ],
)  # fmt: skip
def test_known_colours(space, color, expected):
    np.testing.assert_allclose(converted(color, space), expected, atol=1)


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_shapes_and_no_warnings(space):
    rng = np.random.default_rng(0)
    for shape in [(1, 1), (1, 9), (7, 5)]:
        image = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
        image[0, 0] = 0
        before = image.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = to_color_space(image, space)
        assert result.dtype == np.uint8
        assert result.shape == (*shape, {"grey": 1, "hue": 1, "c": 2}.get(space, 3))
        assert result.flags.c_contiguous
        np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_every_channel_spans_the_range(space):
    levels = np.array([0, 85, 170, 255], np.uint8)
    image = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(8, 8, 3)
    result = to_color_space(image, space)
    spread = result.max(axis=(0, 1)).astype(int) - result.min(axis=(0, 1))
    assert (spread >= 180).all()


def test_hsv_is_the_standard_librarys():
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (1, 300, 3), dtype=np.uint8)
    expected = np.array([colorsys.rgb_to_hsv(*(pixel / 255)) for pixel in image[0]]) * [256, 255, 255]
    difference = np.abs(to_color_space(image, "hsv")[0] - expected)
    difference[:, 0] = np.minimum(difference[:, 0], 256 - difference[:, 0])
    assert difference.max() <= 1.5


@pytest.mark.parametrize("space", ["nrgb", "hue", "c"])
def test_what_does_not_see_shadows(space):
    color = np.array([[[40, 60, 20]]], np.uint8)
    assert np.abs(to_color_space(color, space).astype(int) - to_color_space(color * 4, space)).max() <= 1


def test_unknown_space():
    with pytest.raises(ValueError, match="'cmyk'; there are rgb, grey"):
        to_color_space(np.zeros((1, 1, 3), np.uint8), "cmyk")
