import numpy as np
import pytest

from foveal.features import hog


def twin(image, cell):
    """The 31 numbers of each cell in float64, one pixel at a time."""
    height, width = image.shape[:2]
    rows, columns = height // cell, width // cell
    padded = np.pad(image.astype(float), ((1, 1), (1, 1), (0, 0)), mode="edge")
    dx = padded[1:-1, 2:] - padded[1:-1, :-2]
    dy = padded[2:, 1:-1] - padded[:-2, 1:-1]
    axes = np.deg2rad(20 * np.arange(18))
    votes = np.zeros((rows, columns, 18))
    for y in range(rows * cell):
        for x in range(columns * cell):
            channel = np.argmax(dx[y, x] ** 2 + dy[y, x] ** 2)
            gx, gy = dx[y, x, channel], dy[y, x, channel]
            projections = np.cos(axes) * gx + np.sin(axes) * gy
            # Upright gradients lie halfway between two directions and go to the further one.
            direction = {1: 5, -1: 14}[np.sign(gy)] if gx == 0 and gy else int(np.argmax(projections))
            for r in range(rows):
                for c in range(columns):
                    share_y = 1 - abs((y + 0.5) / cell - (r + 0.5))
                    share_x = 1 - abs((x + 0.5) / cell - (c + 0.5))
                    if share_y > 0 and share_x > 0:
                        votes[r, c, direction] += share_y * share_x * np.hypot(gx, gy)
    unsigned = votes[:, :, :9] + votes[:, :, 9:]
    energy = np.pad((unsigned**2).sum(axis=2), 1, mode="edge")
    result = np.zeros((rows, columns, 31))
    for r in range(rows):
        for c in range(columns):
            for block, (dr, dc) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
                norm = np.sqrt(energy[r + dr : r + dr + 2, c + dc : c + dc + 2].sum() + 16 * cell)
                signed = np.minimum(votes[r, c] / norm, 0.2)
                result[r, c, :18] += signed / 2
                result[r, c, 18:27] += np.minimum(unsigned[r, c] / norm, 0.2) / 2
                result[r, c, 27 + block] = 0.2357 * signed.sum()
    return result


def make_image(height, width, seed, low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("height", "width", "cell"), [(16, 16, 4), (13, 22, 4), (9, 9, 3), (8, 8, 8), (24, 8, 8), (5, 7, 1)]
)
def test_twin(height, width, cell):
    images = np.stack([make_image(height, width, seed) for seed in range(3)])
    images[2] = images[2] // 32 * 16  # many gradients without a horizontal part, and some of none
    result = hog(images, cell)
    assert result.dtype == np.float32
    assert result.shape == (3, height // cell, width // cell, 31)
    for image, features in zip(images, result, strict=True):
        np.testing.assert_allclose(features, twin(image, cell), atol=2e-4)


def test_an_offset_of_brightness_changes_nothing():
    image = make_image(32, 32, 0, 20, 120)
    np.testing.assert_array_equal(hog(image[None] + np.uint8(100)), hog(image[None]))


def test_contrast_changes_next_to_nothing():
    image = make_image(32, 32, 1, 0, 100)
    np.testing.assert_allclose(hog(image[None] * np.uint8(2)), hog(image[None]), atol=5e-3)


def test_inverted_contrast_turns_the_signed_directions_alone():
    image = make_image(40, 40, 2)
    image[:20] = np.arange(20, dtype=np.uint8)[:, None, None] * 9  # upright gradients
    image[20:, :20] = np.arange(20, dtype=np.uint8)[None, :, None] * 9
    plain, inverted = hog(np.stack([image, 255 - image]))
    np.testing.assert_allclose(inverted[..., :18], np.roll(plain[..., :18], 9, axis=-1), atol=1e-6)
    np.testing.assert_allclose(inverted[..., 18:], plain[..., 18:], atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1])
def test_flips(axis):
    plain, flipped = hog(np.stack([make_image(48, 48, 3), np.flip(make_image(48, 48, 3), axis)]))
    flipped = np.flip(flipped, axis)
    signed, unsigned = np.arange(18), np.arange(9)
    # A mirror turns the angle a to 180 - a, upside down to -a.
    order = np.concatenate(
        [(9 - signed) % 18, 18 + (9 - unsigned) % 9] if axis else [-signed % 18, 18 + -unsigned % 9]
    )
    expected = plain[..., order]
    # Gradients halfway between two directions stay where they are: few.
    assert np.abs(flipped[..., :27] - expected).mean() < 0.02 * expected.mean()
    assert np.abs(flipped[..., :27] - plain[..., :27]).mean() > 0.2 * expected.mean()
    blocks = [27 + i for i in ((1, 0, 3, 2) if axis else (2, 3, 0, 1))]
    np.testing.assert_allclose(flipped[..., 27:], plain[..., blocks], rtol=0.02)


def test_flat_images_have_no_gradients():
    assert not hog(np.full((2, 16, 24, 3), 99, np.uint8)).any()


def test_the_strongest_channel_counts():
    image = np.zeros((1, 16, 16, 3), np.uint8)
    image[:, :, 8:, 1] = 200
    other = image[..., [1, 0, 2]].copy()
    other[:, :, :8, 2] = 150  # a weaker edge the other way at the same place
    np.testing.assert_array_equal(hog(image), hog(other))
    other[:, :, :8, 2] = 201
    assert hog(other)[0, 0, 0, 9] > hog(other)[0, 0, 0, 0] == 0


def test_bounds_and_extra_rows():
    image = make_image(39, 43, 5)
    features = hog(image[None])
    assert features.min() >= 0
    assert features[..., :27].max() <= 0.4 + 1e-6
    assert features.shape == (1, 4, 5, 31)


def test_no_images():
    assert hog(np.zeros((0, 16, 16, 3), np.uint8)).shape == (0, 2, 2, 31)


def test_strided_batches():
    image = make_image(32, 32, 6)
    np.testing.assert_array_equal(hog(image[None, ::2, ::2]), hog(image[None, ::2, ::2].copy()))


@pytest.mark.parametrize(
    "images", [np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 8, 4), np.uint8)]
)
def test_wrong_batches(images):
    with pytest.raises(ValueError, match="A batch of images"):
        hog(images)


def test_too_small():
    with pytest.raises(ValueError, match="7×9 pixels hold no cell of 8"):
        hog(np.zeros((1, 7, 9, 3), np.uint8))
