import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.images import PALETTE, paint_regions

LABELS = np.zeros((8, 10), np.int32)
LABELS[:, 4:] = 1
LABELS[5:, 4:] = 7


def make_image(seed=0, shape=(8, 10)):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def test_every_region_has_its_mean_colour():
    image = make_image()
    painted = paint_regions(image, LABELS, boundary=None)
    for label in (0, 1, 7):
        inside = label == LABELS
        expected = np.rint(image[inside].astype(float).mean(axis=0))
        assert (painted[inside] == expected).all()
    assert painted.dtype == np.uint8


def test_boundaries_are_the_last_pixels_before_another_region():
    image = np.zeros((8, 10, 3), np.uint8)
    painted = paint_regions(image, LABELS, boundary=(255, 0, 0), strength=1)
    expected = np.zeros((8, 10), bool)
    expected[:, 3] = True
    expected[4, 4:] = True
    np.testing.assert_array_equal(painted[..., 0] == 255, expected)
    half = paint_regions(image, LABELS, boundary=(200, 0, 0), strength=0.5)
    assert (half[expected] == (100, 0, 0)).all()
    assert not half[~expected].any()


def test_marked_regions_are_outlined_along_the_border_too():
    image = np.zeros((12, 12, 3), np.uint8)
    labels = np.zeros((12, 12), np.int64)
    labels[:, 5:] = 1
    painted = paint_regions(image, labels, boundary=None, marked=[1, 99])
    marked = (painted == PALETTE[0]).all(axis=2)
    expected = np.zeros((12, 12), bool)
    expected[:, 5:] = True
    expected[2:10, 7:10] = False
    np.testing.assert_array_equal(marked, expected)


def test_the_image_takes_the_size_of_the_labels_and_is_not_changed():
    image = make_image(shape=(16, 20))
    image.flags.writeable = False
    before = image.copy()
    assert paint_regions(image, LABELS, marked=[0]).shape == (8, 10, 3)
    np.testing.assert_array_equal(image, before)


def test_large_numbers_take_no_memory():
    labels = LABELS.astype(np.int64) * 10**15
    np.testing.assert_array_equal(paint_regions(make_image(), labels), paint_regions(make_image(), LABELS))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_any_size(height, width, regions):
    labels = np.random.default_rng(0).integers(0, regions, (height, width))
    image = make_image(shape=(height, width))
    painted = paint_regions(image, labels, marked=[0])
    assert painted.shape == image.shape
    one = paint_regions(image, np.zeros((height, width), int))
    assert len(np.unique(one.reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        (np.zeros((8, 10), np.uint8), LABELS),
        (np.zeros((8, 10, 3)), LABELS),
        (np.zeros((0, 10, 3), np.uint8), LABELS),
        (make_image(), LABELS[0]),
        (make_image(), LABELS * 1.0),
        (make_image(), LABELS - 1),
        (make_image(), LABELS[:0]),
    ],
)
def test_arguments_are_checked(image, labels):
    with pytest.raises(ValueError, match=r"must be|labels"):
        paint_regions(image, labels)
