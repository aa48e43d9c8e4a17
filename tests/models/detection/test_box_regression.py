import numpy as np
import pytest

from foveal.boxes import decode, encode, iou
from foveal.models.detection.box_regression import BoxRegression, fit_box_regression


def boxes(number, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 100, (number, 2))
    return np.concatenate([corner, corner + rng.uniform(10, 60, (number, 2))], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def known():
    """Features, boxes and objects whose deltas are a linear map of the features."""
    rng = np.random.default_rng(1)
    features = rng.normal(size=(400, 6)).astype(np.float32)
    weights = rng.normal(0, 0.05, (6, 4)).astype(np.float32)
    bias = np.float32([0.02, -0.03, 0.01, 0.04])
    start = boxes(400)
    return features, start, np.asarray(decode(start, features @ weights + bias), np.float32), weights, bias


def test_recovers_a_linear_map(known):
    features, start, objects, weights, bias = known
    fitted = fit_box_regression([features], [start], [objects], alpha=1e-6)
    np.testing.assert_allclose(fitted.weights[0], weights, atol=1e-4)
    np.testing.assert_allclose(fitted.biases[0], bias, atol=1e-4)
    moved = fitted(features, start, 0)
    assert moved.dtype == np.float32
    assert iou(moved, objects, elementwise=True).min() > 0.999


def test_classes_do_not_mix(known):
    features, start, objects, weights, _ = known
    nothing = np.zeros((0, 6), np.float32)
    none = np.zeros((0, 4), np.float32)
    fitted = fit_box_regression(
        [nothing, features, features], [none, start, start], [none, objects, start], alpha=1e-6
    )
    np.testing.assert_array_equal(fitted(features, start, 0), decode(start, np.zeros((400, 4), np.float32)))
    np.testing.assert_allclose(fitted.weights[1], weights, atol=1e-4)
    np.testing.assert_allclose(fitted(features, start, 2), start, atol=1e-3)


@pytest.mark.parametrize(("number", "moves"), [(0, False), (9, False), (10, True)])
def test_the_identity_for_few_examples(known, number, moves):
    features, start, objects, *_ = known
    fitted = fit_box_regression([features[:number]], [start[:number]], [objects[:number]], alpha=1.0)
    assert bool(fitted.biases.any()) == moves
    if not moves:
        np.testing.assert_allclose(fitted(features, start, 0), start, atol=1e-4)


def test_a_heavy_penalty_leaves_the_mean(known):
    features, start, objects, *_ = known
    fitted = fit_box_regression([features], [start], [objects], alpha=1e12)
    np.testing.assert_allclose(fitted.weights[0], 0, atol=1e-6)
    np.testing.assert_allclose(fitted.biases[0], encode(start, objects).mean(axis=0), atol=1e-4)


def test_nothing_to_move():
    regression = BoxRegression(np.zeros((1, 6, 4), np.float32), np.zeros((1, 4), np.float32))
    assert regression(np.zeros((0, 6), np.float32), np.zeros((0, 4), np.float32), 0).shape == (0, 4)


def test_absurd_features_give_finite_boxes():
    regression = BoxRegression(np.full((1, 2, 4), 1e3, np.float32), np.zeros((1, 4), np.float32))
    moved = regression(np.full((3, 2), 1e3, np.float32), boxes(3), 0)
    assert np.isfinite(moved).all()
