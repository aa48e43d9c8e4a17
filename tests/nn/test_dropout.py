import numpy as np
import pytest

from foveal import nn


def test_elements_are_dropped_and_scaled():
    x = np.random.default_rng(1).normal(size=(100, 100)).astype(np.float32)
    layer = nn.Dropout(0.2, random_state=0)
    y = layer(x)
    assert y.dtype == np.float32
    kept = y != 0
    assert abs(kept.mean() - 0.8) < 0.02
    np.testing.assert_allclose(y[kept], x[kept] / 0.8, rtol=1e-6)
    np.testing.assert_array_equal(layer.backward(x), y)


def test_the_generator_decides():
    x = np.ones((5, 5))
    layer = nn.Dropout(random_state=3)
    first, second = layer(x), layer(x)
    assert not np.array_equal(first, second)
    layer.generator = np.random.default_rng(3)
    np.testing.assert_array_equal(layer(x), first)


def test_gradient():
    rng = np.random.default_rng(0)
    x, grad = rng.normal(size=(2, 4, 4, 3)), rng.normal(size=(2, 4, 4, 3))
    layer = nn.Dropout(0.4)

    def function(x):
        layer.generator = np.random.default_rng(0)
        return float((layer(x) * grad).sum()), layer.backward(grad)

    nn.gradient_check(function, x)


@pytest.mark.parametrize("layer", [nn.Dropout(0.0), nn.Dropout(0.9).eval()])
def test_identity(layer):
    x = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_everything_is_dropped():
    layer = nn.Dropout(1.0)
    assert not layer(np.ones(9)).any()
    assert not layer.backward(np.ones(9)).any()


def test_empty_and_not_needed():
    layer = nn.Dropout()
    assert layer(np.zeros((0, 3))).shape == (0, 3)
    assert layer.backward(np.zeros((0, 3)), needs_input_grad=False) is None


def test_no_probability():
    with pytest.raises(ValueError, match="probability"):
        nn.Dropout(1.5)
