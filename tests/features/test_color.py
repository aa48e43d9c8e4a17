import numpy as np
import pytest

from foveal.features import color_histogram


def twin(image, grid, bins):
    height, width = image.shape[:2]
    step = 2 if min(height, width) >= 8 * grid else 1
    result = np.zeros((grid, grid, 3, bins))
    for y in range(0, height, step):
        for x in range(0, width, step):
            r, g, b = image[y, x].astype(float)
            for k, value in enumerate([(r + g + b) / 3, (r - g) / 2 + 127.5, (r + g - 2 * b) / 4 + 127.5]):
                distance = np.abs(value / 255 * (bins - 1) - np.arange(bins))
                result[y * grid // height, x * grid // width, k] += np.maximum(1 - distance, 0)
    total = result.sum(axis=3, keepdims=True)
    return np.sqrt(np.divide(result, total, out=np.zeros_like(result), where=total > 0)).reshape(
        grid, grid, -1
    )


@pytest.mark.parametrize(
    ("height", "width", "grid", "bins"),
    [(12, 12, 3, 8), (7, 10, 4, 2), (33, 40, 4, 5), (16, 17, 1, 8), (2, 3, 4, 3)],
)
def test_twin(height, width, grid, bins):
    images = np.random.default_rng(height).integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    images[1] = images[1] // 255 * 255  # the ends of the range
    result = color_histogram(images, grid, bins)
    assert result.dtype == np.float32
    assert result.shape == (3, grid, grid, 3 * bins)
    for image, histogram in zip(images, result, strict=True):
        # A square root makes much of little: compare the shares themselves.
        np.testing.assert_allclose(histogram**2, twin(image, grid, bins) ** 2, atol=2e-5)


def test_shares_sum_to_one_a_channel():
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    shares = (color_histogram(images) ** 2).reshape(2, 4, 4, 3, 8).sum(axis=-1)
    np.testing.assert_allclose(shares, 1, rtol=1e-5)


def test_flips_move_the_cells_alone():
    image = np.random.default_rng(1).integers(0, 256, (1, 20, 20, 3), dtype=np.uint8)
    plain = color_histogram(image)
    np.testing.assert_allclose(color_histogram(image[:, :, ::-1]), plain[:, :, ::-1], atol=1e-4)
    np.testing.assert_allclose(color_histogram(image[:, ::-1]), plain[:, ::-1], atol=1e-4)


def test_opponent_colours():
    colors = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)], np.uint8)
    images = np.broadcast_to(colors[:, None, None], (4, 2, 2, 3))
    shares = color_histogram(images, grid=1, bins=2).reshape(4, 3, 2) ** 2
    # The upper bin of red against green, and of yellow against blue.
    np.testing.assert_allclose(shares[:, 1, 1], [1, 0, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(shares[:, 2, 1], [0.75, 0.75, 0, 1], atol=1e-6)


def test_cells_without_pixels_are_zero():
    result = color_histogram(np.full((1, 1, 1, 3), 9, np.uint8), grid=4)
    assert (result.reshape(16, -1) != 0).any(axis=1).sum() == 1


def test_no_images():
    assert color_histogram(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 4, 4, 24)


@pytest.mark.parametrize("settings", [{"bins": 1}, {"grid": 0}])
def test_settings(settings):
    with pytest.raises(ValueError, match="at least two bins and one cell"):
        color_histogram(np.zeros((1, 8, 8, 3), np.uint8), **settings)


def test_wrong_batches():
    with pytest.raises(ValueError, match="A batch of images"):
        color_histogram(np.zeros((8, 8, 3), np.uint8))
