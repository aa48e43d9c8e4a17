"""Maps over pictures."""

import numpy as np
import pytest

from foveal.report.figures.networks.explanation import beside, overlay_map


def test_colour_is_where_the_map_is():
    image = np.full((300, 300, 3), 120, np.uint8)
    values = np.zeros((3, 3))
    values[0, 0] = 5
    shown = overlay_map(image, values).astype(int)
    assert shown.shape == image.shape
    color = np.ptp(shown, axis=2)
    assert color[20, 20] > 60
    assert color[200:, 200:].max() <= 1
    np.testing.assert_array_equal(shown, overlay_map(image, values * 1000))


def test_both_signs():
    image = np.full((300, 300, 3), 120, np.uint8)
    shown = overlay_map(image, [[1.0, -1.0]]).astype(int)
    assert shown[150, 20, 0] > shown[150, 20, 2] + 60
    assert shown[150, 280, 2] > shown[150, 280, 0] + 60


def test_nothing_in_the_map():
    image = np.random.default_rng(0).integers(0, 255, (30, 20, 3)).astype(np.uint8)
    for values in (np.zeros((4, 4)), [[np.nan, np.inf]]):
        assert np.ptp(overlay_map(image, values), axis=2).max() == 0


def test_sizes():
    for given, expected in (((32, 32), (224, 224)), ((1000, 500), (640, 320)), ((300, 200), (300, 200))):
        image = np.zeros((*given, 3), np.uint8)
        shown = overlay_map(image, [[1.0]])
        assert shown.shape[:2] == expected
        assert beside(image, shown).shape[0] == expected[0]
        assert beside(image, shown, shown).shape[1] > 3 * expected[1]


def test_mistakes():
    with pytest.raises(ValueError, match="image"):
        overlay_map(np.zeros((4, 4), np.uint8), [[1.0]])
    with pytest.raises(ValueError, match="values"):
        overlay_map(np.zeros((4, 4, 3), np.uint8), [1.0])
