import numpy as np
import pytest

from foveal import nn
from foveal.nn import functional


def layer_of(features, **settings):
    """A layer whose weights and running statistics are drawn."""
    rng = np.random.default_rng(7)
    layer = nn.BatchNorm2d(features, **settings)
    state = {
        "weight": rng.normal(1, 0.5, features),
        "bias": rng.normal(size=features),
        "running_mean": rng.normal(size=features),
        "running_var": rng.uniform(0.5, 2, features),
        "num_batches_tracked": 3,
    }
    return layer.load_state_dict({name: state[name] for name in layer.state_dict()})


@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (1, 2, 3, 1), (7, 3), (2, 1, 1, 5)])
@pytest.mark.parametrize("mode", ["train", "eval", "frozen", "untracked", "not affine"])
def test_gradients(shape, mode):
    settings = {"untracked": {"track_running_stats": False}, "not affine": {"affine": False}}
    layer = layer_of(shape[-1], frozen=mode == "frozen", **settings.get(mode, {})).double()
    layer.train(mode != "eval")
    for parameter in layer.parameters():
        parameter.requires_grad = True
    rng = np.random.default_rng(0)
    x, grad = rng.normal(1, 2, shape), rng.normal(size=shape)
    nn.gradient_check(lambda x: (float((layer(x) * grad).sum()), layer.backward(grad)), x, max_elements=60)
    for parameter in layer.parameters():

        def by_parameter(values, parameter=parameter):
            parameter.data[...] = values
            layer.zero_grad()
            value = float((layer(x) * grad).sum())
            layer.backward(grad, needs_input_grad=False)
            return value, parameter.grad

        nn.gradient_check(by_parameter, parameter.data.copy())


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (8, 3)])
def test_agrees_with_torch(mode, momentum, shape):
    torch = pytest.importorskip("torch")
    c = shape[-1]
    layer = layer_of(c, momentum=momentum).train(mode == "train")
    kind = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    other = kind(c, momentum=momentum).train(mode == "train")
    other.load_state_dict({name: torch.tensor(value) for name, value in layer.state_dict().items()})
    first = (0, len(shape) - 1, *range(1, len(shape) - 1))
    last = (0, *range(2, len(shape)), 1)
    rng = np.random.default_rng(0)
    for _ in range(3):
        x, grad = rng.normal(3, 2, (2, *shape)).astype(np.float32)
        theirs = torch.tensor(x.transpose(first).copy(), requires_grad=True)
        expected = other(theirs)
        expected.backward(torch.tensor(grad.transpose(first).copy()))
        np.testing.assert_allclose(layer(x), expected.detach().numpy().transpose(last), atol=1e-5)
        np.testing.assert_allclose(layer.backward(grad), theirs.grad.numpy().transpose(last), atol=1e-5)
    np.testing.assert_allclose(layer.weight.grad, other.weight.grad.numpy(), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(layer.bias.grad, other.bias.grad.numpy(), rtol=1e-5, atol=1e-4)
    state = other.state_dict()
    for name, value in layer.state_dict().items():
        np.testing.assert_allclose(value, state[name].numpy(), rtol=1e-5, atol=1e-6, err_msg=name)
        assert value.dtype == state[name].numpy().dtype


def test_names_of_the_state():
    assert list(nn.BatchNorm2d(2).state_dict()) == [
        "weight", "bias", "running_mean", "running_var", "num_batches_tracked",
    ]  # fmt: skip
    assert list(nn.BatchNorm2d(2, affine=False, track_running_stats=False).state_dict()) == []


def test_frozen_keeps_everything():
    layer = layer_of(4, frozen=True)
    before = layer.state_dict()
    x = np.random.default_rng(0).normal(5, 3, (6, 2, 2, 4)).astype(np.float32)
    y = layer.train()(x)
    layer.backward(np.ones_like(y))
    assert layer.weight.grad is None
    assert not layer.requires_grad()
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    np.testing.assert_array_equal(y, layer_of(4).eval()(x))
    layer.frozen = False
    assert layer.requires_grad()
    assert not np.allclose(layer(x), y)


def test_large_batches_keep_their_precision():
    rng = np.random.default_rng(0)
    x = rng.normal(1000, 0.1, (64, 64, 64, 3)).astype(np.float32)
    mean, variance = functional.batch_statistics(x)
    np.testing.assert_allclose(mean, x.mean((0, 1, 2), np.float64), rtol=1e-12)
    np.testing.assert_allclose(variance, x.astype(np.float64).var((0, 1, 2)), rtol=1e-9)


@pytest.mark.parametrize("channels", [1, 3, 64, 40_000])
def test_sums_do_not_depend_on_threads(channels, monkeypatch):
    from foveal.nn.functional import sharing

    x = np.random.default_rng(0).normal(size=(4_000_000 // channels // 5, channels)).astype(np.float32)
    results = []
    for number in (1, 2, 3):
        monkeypatch.setattr(sharing, "cores", lambda number=number: number)
        layer = nn.BatchNorm2d(channels)
        y = layer(x)
        results.append((y, layer.backward(x * x), layer.weight.grad, layer.running_var))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(results[0][0], (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5), atol=2e-4)


def test_one_value_a_channel():
    layer = nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="more than one value"):
        layer(np.zeros((1, 1, 1, 3), np.float32))
    assert layer.num_batches_tracked == 0
    assert layer.eval()(np.zeros((1, 1, 1, 3), np.float32)).shape == (1, 1, 1, 3)
    assert layer(np.zeros((0, 2, 2, 3), np.float32)).shape == (0, 2, 2, 3)


def test_misuse():
    with pytest.raises(ValueError, match="takes"):
        nn.BatchNorm2d(3)(np.zeros((2, 4), np.float32))
    with pytest.raises(ValueError, match="track_running_stats"):
        nn.BatchNorm2d(3, track_running_stats=False, frozen=True)
    layer = nn.BatchNorm2d(3, track_running_stats=False)
    with pytest.raises(ValueError, match="track_running_stats"):
        layer.frozen = True
    with pytest.raises(ValueError, match="empty"):
        layer.eval()(np.zeros((0, 3), np.float32))
