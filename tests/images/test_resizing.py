import numpy as np
import pytest

from foveal.images import resize, resize_to_fit


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def test_height_comes_first():
    assert resize(noise(20, 30, 3), (10, 40)).shape == (10, 40, 3)


def test_shrinking_by_a_whole_factor_is_the_mean_of_blocks():
    image = noise(40, 60, 3)
    expected = image.reshape(20, 2, 30, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(image, (20, 30)), expected, atol=0.75)
    floats = image.astype(np.float32)
    np.testing.assert_allclose(resize(floats, (20, 30)), expected, rtol=1e-5)


def test_a_fine_pattern_becomes_grey_and_not_aliased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, (16, 16))
    assert abs(small.astype(int) - 128).max() <= 1
    # Also where the other side grows.
    assert abs(resize(stripes, (100, 16)).astype(int) - 128).max() <= 1


def test_enlarging_is_linear():
    ramp = np.float32([[0, 10]])
    np.testing.assert_allclose(resize(ramp, (1, 4)), [[0, 2.5, 7.5, 10]])


def test_interpolations():
    image = noise(9, 9, 3)
    nearest = resize(image, (18, 18), interpolation="nearest")
    np.testing.assert_array_equal(nearest, image.repeat(2, axis=0).repeat(2, axis=1))
    results = [resize(image, (20, 23), interpolation=how) for how in ("linear", "cubic", "nearest")]
    assert not np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    assert resize(image, (4, 4), interpolation="area").shape == (4, 4, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 1), (7, 5, 3), (7, 5, 6), (1, 1, 3)])
def test_shapes_and_dtypes(shape, dtype):
    image = noise(*shape, dtype=dtype)
    for size in ((14, 3), (3, 14), (1, 1), shape[:2]):
        result = resize(image, size)
        assert result.shape == (*size, *shape[2:])
        assert result.dtype == dtype
        assert result.flags.c_contiguous
        assert not np.shares_memory(result, image)


def test_views_and_read_only_images():
    image = noise(20, 30, 3)
    view = image[::-1, ::2]
    view.flags.writeable = False
    np.testing.assert_array_equal(resize(view, (5, 5)), resize(view.copy(), (5, 5)))
    assert resize(view, view.shape[:2]).flags.writeable


def test_constant_images_stay_constant():
    for size in ((3, 90), (200, 2), (1, 1), (77, 61)):
        assert (resize(np.full((50, 40, 3), 137, np.uint8), size) == 137).all()


@pytest.mark.parametrize(
    ("image", "size", "pattern"),
    [
        (noise(4), (2, 2), "shape"),
        (np.zeros((0, 4, 3), np.uint8), (2, 2), "pixels"),
        (noise(4, 4, dtype=np.int64), (2, 2), "int64"),
        (noise(4, 4), (0, 2), "at least 1"),
    ],
)
def test_what_cannot_be_resized(image, size, pattern):
    with pytest.raises(ValueError, match=pattern):
        resize(image, size)


def test_unknown_interpolation():
    with pytest.raises(ValueError, match="'lanczos'"):
        resize(noise(4, 4), (2, 2), interpolation="lanczos")


def test_to_fit():
    image = noise(300, 200, 3)
    small, scale = resize_to_fit(image, 100)
    assert small.shape == (100, 67, 3)
    assert scale == 100 / 300
    same, one = resize_to_fit(image, 300)
    assert same is image
    assert one == 1
    assert resize_to_fit(noise(1000, 1, 3), 10)[0].shape == (10, 1, 3)
    with pytest.raises(ValueError, match="longest"):
        resize_to_fit(image, 0)
