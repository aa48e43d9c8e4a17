import numpy as np
import pytest

from foveal import nn

LAYERS = [
    nn.ReLU(),
    nn.ReLU6(),
    nn.LeakyReLU(),
    nn.LeakyReLU(0.3),
    nn.Sigmoid(),
    nn.Tanh(),
    nn.SiLU(),
    nn.GELU(),
    nn.GELU("tanh"),
    nn.Softmax(),
]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=repr)


@every_layer
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 1), (7,), (3, 2)])
def test_gradients(layer, shape):
    rng = np.random.default_rng(0)
    # Away from the kinks at 0 and 6.
    x = rng.uniform(0.1, 5.9, shape) * rng.choice([-1, 1, 2.5], shape)
    x[np.abs(x - 6) < 0.01] = 7
    grad = rng.normal(size=shape)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x, atol=1e-6)


@every_layer
def test_agrees_with_torch(layer):
    torch = pytest.importorskip("torch")
    name = type(layer).__name__
    settings = {"LeakyReLU": "negative_slope", "GELU": "approximate", "Softmax": "dim"}.get(name)
    other = getattr(torch.nn, name)(**({settings: getattr(layer, settings)} if settings else {}))
    x = np.concatenate([np.linspace(-100, 100, 4001), [0, 6, -0.0]]).astype(np.float32)
    grad = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    theirs = torch.tensor(x, requires_grad=True)
    expected = other(theirs)
    expected.backward(torch.tensor(grad))
    y = layer(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.backward(grad), theirs.grad.numpy(), atol=2e-6)


@every_layer
def test_extremes_are_finite_and_not_a_number_stays(layer):
    x = np.float32([-1e30, -100, 100, 1e30])
    y = layer(x)
    assert np.isfinite(y).all()
    assert np.isfinite(layer.backward(np.ones_like(x))).all()
    assert np.isnan(layer(np.float32([np.nan]))).all()


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.ReLU6(), nn.Sigmoid(), nn.Tanh()], ids=repr)
def test_infinity(layer):
    ends = {"ReLU": [0, np.inf], "ReLU6": [0, 6], "Sigmoid": [0, 1], "Tanh": [-1, 1]}
    assert layer(np.array([-np.inf, np.inf])).tolist() == ends[type(layer).__name__]


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_empty_and_strided(layer, dtype):
    empty = np.zeros((0, 3), dtype)
    assert layer(empty).shape == (0, 3)
    assert layer.backward(empty).dtype == dtype
    x = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(dtype)
    view = x.transpose(1, 0, 2)[::2]
    np.testing.assert_array_equal(layer(view), layer(view.copy()))
    grad = np.broadcast_to(dtype(2), view.shape)
    assert layer.backward(grad).shape == view.shape
    layer(view)
    assert layer.backward(grad, needs_input_grad=False) is None


@every_layer
def test_threads_change_nothing(layer):
    x = np.random.default_rng(0).normal(size=(3, 64, 64, 33)).astype(np.float32)
    y = layer(x)
    dx = layer.backward(x)
    np.testing.assert_array_equal(y[1, 5:7], layer(x[1, 5:7]))
    np.testing.assert_array_equal(dx[1, 5:7], layer.backward(x[1, 5:7]))


@pytest.mark.parametrize("dim", [0, 1, -2])
def test_softmax_along_other_axes(dim):
    rng = np.random.default_rng(0)
    layer, x, grad = nn.Softmax(dim), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(layer(x).sum(dim), 1, rtol=1e-12)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x)


def test_whole_numbers_become_floats():
    assert nn.ReLU()(np.arange(-2, 3)).dtype == np.float32


def test_a_word_that_gelu_does_not_know():
    with pytest.raises(ValueError, match="approximate"):
        nn.GELU("erf")
    with pytest.raises(ValueError, match="approximate"):
        nn.functional.gelu(np.ones(1), "erf")
