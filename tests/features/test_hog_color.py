import numpy as np
import pytest

from foveal.features import HogColor, RegionFeatures, color_histogram, hog
from foveal.images import resize, warp


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def boxes():
    rng = np.random.default_rng(1)
    corners = np.sort(rng.uniform(-5, 80, (150, 2, 2)), axis=1)
    return corners.reshape(-1, 4).astype(np.float32)


@pytest.mark.parametrize(
    "features", [HogColor(), HogColor(size=20, cell=6, grid=2, bins=3, context=0.2, color_weight=0.5)]
)
def test_extract_is_transform_of_the_warped_regions(image, boxes, features):
    assert isinstance(features, RegionFeatures)
    crops = warp(image, boxes, features.size, context=features.context)
    result = features.extract(image, boxes)
    assert result.shape == (150, features.n_features)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, features.transform(crops))


def test_the_parts_side_by_side(image, boxes):
    features = HogColor(color_weight=0.5)
    crops = warp(image, boxes, 48)
    result = features.transform(crops)
    shape = 6 * 6 * 31
    np.testing.assert_array_equal(result[:, :shape], hog(crops).reshape(150, -1))
    np.testing.assert_array_equal(
        result[:, shape:], color_histogram(crops).reshape(150, -1) * np.float32(0.5)
    )


def test_without_colours(image, boxes):
    features = HogColor(color_weight=0)
    assert features.n_features == 6 * 6 * 31
    result = features.extract(image, boxes)
    np.testing.assert_array_equal(result, HogColor().extract(image, boxes)[:, : features.n_features])


def test_images_of_another_size_are_scaled(image):
    features = HogColor()
    scaled = features.transform(resize(image, (48, 48))[None])
    np.testing.assert_array_equal(features.transform(image[None]), scaled)


def test_nothing(image):
    features = HogColor()
    assert features.extract(image, []).shape == (0, features.n_features)
    assert features.transform(np.zeros((0, 30, 30, 3), np.uint8)).shape == (0, features.n_features)
