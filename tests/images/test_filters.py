import subprocess
import sys

import numpy as np
import pytest

from foveal import images
from foveal.images import filters
from foveal.images.filters import FILTERS, apply_filter, kernel

PADS = {"reflect": "reflect", "symmetric": "symmetric", "edge": "edge", "zero": "constant"}


def slide(image, cells, border="reflect", flip=False):
    """The plain twin: pad, then one sum a pixel. ``flip`` is the definition of mathematics."""
    image, cells = np.asarray(image, np.float64), np.asarray(cells, np.float64)
    kh, kw = cells.shape
    # How far the window reaches before and after the pixel.
    reach = ((kh // 2, kh - 1 - kh // 2), (kw // 2, kw - 1 - kw // 2))
    if flip:
        reach = tuple(side[::-1] for side in reach)
    padded = np.pad(image, (*reach, *[(0, 0)] * (image.ndim - 2)), PADS[border])
    y = np.zeros(image.shape)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            for i in range(kh):
                for j in range(kw):
                    # The convolution of mathematics runs through the window backwards.
                    at = (r + kh - 1 - i, c + kw - 1 - j) if flip else (r + i, c + j)
                    y[r, c] += cells[i, j] * padded[at]
    return y


@pytest.mark.parametrize("border", PADS)
@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_against_the_plain_twin(name, border):
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    expected = slide(image, FILTERS[name], border)
    signed = apply_filter(image, name, border=border, dtype=np.float32)
    assert signed.dtype == np.float32
    np.testing.assert_allclose(signed, expected, atol=1e-3)
    np.testing.assert_allclose(apply_filter(image / 255, name, border=border) * 255, expected, atol=1e-10)
    cut = apply_filter(image, name, border=border)
    assert cut.dtype == np.uint8
    assert abs(cut - np.clip(expected, 0, 255)).max() <= 0.501


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 3), (4, 2), (5, 5), (13, 12)])
def test_kernels_of_any_size(shape, flip):
    rng = np.random.default_rng(1)
    image, cells = rng.normal(size=(15, 16)), rng.normal(size=shape)
    np.testing.assert_allclose(
        apply_filter(image, cells, flip=flip), slide(image, cells, flip=flip), atol=1e-6
    )


def test_the_fields_convolution_is_cross_correlation():
    from scipy import ndimage

    image, cells = np.random.default_rng(2).normal(size=(2, 5, 5))
    ours = apply_filter(image, cells, border="zero")
    np.testing.assert_allclose(ours, ndimage.correlate(image, cells, mode="constant"))
    assert abs(ours - ndimage.convolve(image, cells, mode="constant")).max() > 0.1
    np.testing.assert_allclose(
        apply_filter(image, cells, border="zero", flip=True),
        ndimage.convolve(image, cells, mode="constant"),
    )


def test_half_a_turn_changes_only_kernels_with_a_direction():
    image = np.random.default_rng(3).random((8, 8))
    ways = {name: (apply_filter(image, name), apply_filter(image, name, flip=True)) for name in FILTERS}
    turned = {name for name, (one, other) in ways.items() if not np.allclose(one, other)}
    assert turned == {
        "sobel_x", "sobel_y", "prewitt_x", "prewitt_y", "scharr_x", "scharr_y", "emboss",
    }  # fmt: skip
    np.testing.assert_allclose(
        apply_filter(image, "sobel_x", flip=True)[1:-1], -apply_filter(image, "sobel_x")[1:-1]
    )


def test_what_the_filters_mean():
    flat, ramp = np.full((6, 6), 7.0), np.arange(6.0) * np.ones((6, 1))
    for name, cells in FILTERS.items():
        expected = 0 if name.startswith(("edge", "sobel", "prewitt", "scharr")) else 7
        np.testing.assert_allclose(apply_filter(flat, name), expected, atol=1e-5, err_msg=name)
        assert cells.dtype == np.float32
    for name, factor in {"sobel": 8, "prewitt": 6, "scharr": 32}.items():
        np.testing.assert_allclose(apply_filter(ramp, name + "_x")[:, 1:-1], factor)
        np.testing.assert_allclose(apply_filter(ramp, name + "_y"), 0)
        np.testing.assert_allclose(apply_filter(ramp.T, name + "_y")[1:-1], factor)
    np.testing.assert_array_equal(
        FILTERS["unsharp_mask"] * 256,
        [[-1, -4, -6, -4, -1], [-4, -16, -24, -16, -4], [-6, -24, 476, -24, -6],
         [-4, -16, -24, -16, -4], [-1, -4, -6, -4, -1]],
    )  # fmt: skip
    np.testing.assert_array_equal(FILTERS["sharpen"], FILTERS["identity"] + FILTERS["edge_detection_4"])


def test_names_and_their_freedom():
    assert kernel("Edge detection") is FILTERS["edge_detection_8"]
    assert kernel("gaussian-blur") is FILTERS["gaussian_blur_3"]
    assert kernel("gaussian_blur 5") is FILTERS["gaussian_blur_5"]
    assert images.filters is filters
    with pytest.raises(ValueError, match="There is no filter 'blurr'; there are identity, "):
        kernel("blurr")
    with pytest.raises(ValueError, match="read-only"):
        kernel("identity")[0, 0] = 1
    with pytest.raises(TypeError):
        FILTERS["identity"] = 0


def test_whole_numbers_are_cut_off_and_rounded():
    image = np.uint8([[0, 255, 0]])
    assert apply_filter(image, "edge_detection_8", border="zero").tolist() == [[0, 255, 0]]
    assert apply_filter(image, [[0.5]]).tolist() == [[0, 128, 0]]
    assert apply_filter(np.uint8([[1, 3]]), [[0.5]]).tolist() == [[0, 2]]
    assert apply_filter(np.uint16([[60000]]), [[2]]).tolist() == [[65535]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (4, 4, 1), (4, 4, 700), (1, 1, 2)])
def test_shapes_are_kept(shape):
    image = np.random.default_rng(0).random(shape)
    before = image.copy()
    y = apply_filter(image, "gaussian_blur_5", border="edge")
    assert y.shape == shape
    np.testing.assert_allclose(y, slide(image, FILTERS["gaussian_blur_5"], "edge"), atol=1e-12)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("image", "cells", "setting", "message"),
    [
        (np.zeros((0, 4)), "identity", {}, "and pixels"),
        (np.zeros(4), "identity", {}, "it has \\(4,\\)"),
        (np.zeros((2, 2), np.int64), "identity", {}, "not int64"),
        (np.zeros((2, 2)), [1, 2], {}, "shape \\(kh, kw\\)"),
        (np.zeros((2, 2)), np.zeros((0, 3)), {}, "shape \\(kh, kw\\)"),
        (np.zeros((2, 2)), [[np.nan]], {}, "finite"),
        (np.zeros((2, 2)), "identity", {"border": "wrap"}, "border must be"),
        (np.zeros((2, 2)), "identity", {"dtype": np.int8}, "dtype must be"),
    ],
)
def test_what_cannot_be_filtered(image, cells, setting, message):
    with pytest.raises(ValueError, match=message):
        apply_filter(image, cells, **setting)


def test_opencv_is_imported_when_something_is_filtered():
    code = "import sys, foveal.images.filters; sys.exit('cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
