import numpy as np

from foveal.features import Pixels, RegionFeatures
from foveal.images import warp


def test_values():
    features = Pixels(size=2)
    assert isinstance(features, RegionFeatures)
    crops = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3) * 10
    result = features.transform(crops)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, crops.reshape(2, 12) / 255, rtol=1e-6)
    np.testing.assert_allclose(features.transform(np.full((1, 9, 5, 3), 255, np.uint8)), np.ones((1, 12)))


def test_extract_is_transform_of_the_warped_regions():
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    features = Pixels(size=5, context=0.1)
    boxes = [[0, 0, 40, 30], [3, 4, 9, 20]]
    expected = features.transform(warp(image, boxes, 5, context=0.1))
    np.testing.assert_array_equal(features.extract(image, boxes), expected)


def test_nothing():
    features = Pixels(size=4)
    assert features.n_features == 48
    assert features.extract(np.zeros((9, 9, 3), np.uint8), []).shape == (0, 48)
    assert features.transform(np.zeros((0, 9, 9, 3), np.uint8)).shape == (0, 48)
