"""Modules, containers, parameters and blocks of memory."""

import numpy as np
import pytest

from foveal import nn
from foveal.nn.functional import memory


def small(random_state=0):
    rng = np.random.default_rng(random_state)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, random_state=rng),
        nn.ReLU(),
        nn.Conv2d(8, 8, 1, random_state=rng),
        nn.ReLU6(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, random_state=rng),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Residual(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, random_state=rng), nn.ReLU())),
        nn.Flatten(),
        nn.Linear(8 * 4, 16, random_state=rng),
        nn.ReLU(),
        nn.Linear(16, 5, random_state=rng),
    )


def one_by_one(network, x, grad):
    for layer in network:
        x = layer(x)
    y = x
    for layer in reversed(list(network)):
        grad = layer.backward(grad)
    return y, grad


def test_rectifiers_beside_their_neighbours_change_nothing():
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    grad = np.random.default_rng(2).normal(size=(2, 5))
    together, apart = small().double(), small().double()
    y, grad_x = together(x), together.backward(grad)
    expected_y, expected_by_x = one_by_one(apart, x, grad)
    np.testing.assert_allclose(y, expected_y, atol=1e-13)
    np.testing.assert_allclose(grad_x, expected_by_x, atol=1e-13)
    for ours, theirs in zip(together.parameters(), apart.parameters(), strict=True):
        np.testing.assert_allclose(ours.grad, theirs.grad, atol=1e-12)


def test_gradient_of_a_whole_network():
    network = small().double()
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    loss = nn.CrossEntropyLoss()

    def value(x):
        network.zero_grad()
        found, grad = loss(network(x), np.array([1, 4]))
        return found, network.backward(grad)

    nn.gradient_check(value, x, max_elements=60, rtol=1e-4)


def test_the_first_layers_gradient_is_spared():
    network = small()
    y = network(np.ones((2, 8, 8, 3), np.float32))
    assert network.backward(np.ones_like(y), needs_input_grad=False) is None
    assert all(p.grad is not None for p in network.parameters())


def test_frozen_layers_at_the_beginning_are_not_gone_through():
    network = small()
    for parameter in network[:6].parameters():
        parameter.requires_grad = False
    y = network(np.ones((2, 8, 8, 3), np.float32))
    network.backward(np.ones_like(y), needs_input_grad=False)
    with pytest.raises(RuntimeError, match="needs a forward pass"):
        network[0].backward(y)  # nobody asked for it, and nothing is kept for it
    assert network[6].weight.grad is not None


class Shared(nn.Module):
    """One convolution and one rectifier at several places, and frozen layers of its own before them."""

    def __init__(self):
        self.conv = nn.Conv2d(3, 3, 3, padding=1, random_state=0)
        relu = nn.Tanh()
        frozen = nn.Conv2d(3, 3, 1, random_state=1)
        for parameter in frozen.parameters():
            parameter.requires_grad = False
        self.first = nn.Sequential(self.conv, relu, self.conv, nn.ReLU())
        self.second = nn.Sequential(frozen, relu, nn.Residual(self.conv, self.conv))

    def forward(self, x):
        return self.first(x) * 2 + self.second(x)

    def backward(self, grad, *, needs_input_grad=True):
        second = self.second.backward(grad, needs_input_grad=needs_input_grad)
        first = self.first.backward(2 * grad, needs_input_grad=needs_input_grad)
        return first + second if needs_input_grad else None


def half_squares(network, x):
    network.zero_grad()
    y = network(x)
    return (y**2).sum() / 2, y


def test_a_layer_used_several_times_in_one_pass():
    network, x = Shared().double(), np.random.default_rng(1).normal(size=(2, 5, 6, 3))
    weight = network.conv.weight

    def grad_x(x):
        value, y = half_squares(network, x)
        return value, network.backward(y)

    def grad_weight(values, needs_input_grad=True):
        weight.data[...] = values
        value, y = half_squares(network, x)
        network.backward(y, needs_input_grad=needs_input_grad)
        return value, weight.grad

    nn.gradient_check(grad_x, x, max_elements=40)
    nn.gradient_check(grad_weight, weight.data.copy(), max_elements=40)
    # The frozen layers at the beginning are spared, and so is what they share with others.
    nn.gradient_check(lambda w: grad_weight(w, False), weight.data.copy(), max_elements=40)
    with pytest.raises(RuntimeError, match="needs a forward pass"):
        network.conv.backward(x)


def test_what_is_shared_is_learnt_once_and_saved_under_every_name():
    network = Shared().double()
    names = [name for name, _ in network.named_parameters()]
    assert names == ["conv.weight", "conv.bias", "second.0.weight", "second.0.bias"]
    assert len(list(network.modules())) == len({id(module) for module in network.modules()}) == 8
    state = network.state_dict()
    assert [name for name in state if name.endswith("weight")] == [
        "conv.weight",
        "first.0.weight",
        "first.2.weight",
        "second.0.weight",
        "second.2.body.weight",
        "second.2.shortcut.weight",
    ]
    other = Shared().double()
    other.conv.weight.data += 1
    np.testing.assert_array_equal(other.load_state_dict(state).conv.weight.data, network.conv.weight.data)


def test_every_pass_begins_anew():
    network, x = Shared().double(), np.random.default_rng(1).normal(size=(2, 5, 6, 3))
    half_squares(network, x)[0]
    network.backward(network(x))
    expected = network.conv.weight.grad

    for _ in range(3):
        network(x)  # a pass without a way back
    with pytest.raises(ValueError, match="x must be"):
        network(np.concatenate((x, x), axis=3))  # one that breaks off
    with nn.no_grad():
        network(x)
    _, y = half_squares(network, x)
    network.backward(y)
    np.testing.assert_array_equal(network.conv.weight.grad, expected)


def test_a_pass_without_gradients_inside_of_one_with_them():
    layer, x = nn.Linear(3, 2, random_state=0), np.ones((4, 3), np.float32)

    class Twice(nn.Module):
        def forward(self, x):
            y = layer(x)
            with nn.no_grad():
                layer(2 * x)
            return y

    y = Twice()(x)
    layer.backward(np.ones_like(y))
    np.testing.assert_array_equal(layer.weight.grad, np.full((2, 3), 4))


def test_weights_move_to_torch_and_back():
    torch = pytest.importorskip("torch")
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, random_state=0),
        nn.BatchNorm2d(4),
        nn.Flatten(),
        nn.Linear(4 * 4 * 6, 5, random_state=1),
    ).eval()
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(4 * 4 * 6, 5)
    ).eval()
    state = {k: v.numpy() for k, v in theirs.state_dict().items()}
    assert list(network.state_dict()) == list(state)
    network.load_state_dict(state)
    x = np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype(np.float32)
    expected = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).detach().numpy()
    np.testing.assert_allclose(network(x), expected, atol=1e-5)
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


def test_state_that_does_not_fit_changes_nothing():
    network = small()
    before = network.state_dict()
    state = {**before, "0.weight": before["0.weight"] + 1}
    with pytest.raises(ValueError, match="missing"):
        network.load_state_dict({k: v for k, v in state.items() if k != "13.bias"})
    with pytest.raises(ValueError, match="unknown"):
        network.load_state_dict({**state, "more": np.zeros(1)})
    with pytest.raises(ValueError, match=r"13\.bias is \(3,\)"):
        network.load_state_dict({**state, "13.bias": np.zeros(3)})
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_no_grad_keeps_nothing():
    network = small()
    with nn.no_grad():
        network(np.ones((1, 8, 8, 3), np.float32))
    with pytest.raises(RuntimeError, match="needs a forward pass"):
        network.backward(np.ones((1, 5), np.float32))


def test_residual_shapes_that_differ():
    with pytest.raises(ValueError, match="give a shortcut"):
        nn.Residual(nn.Linear(3, 4))(np.ones((1, 3), np.float32))


def test_seeds():
    first, again, other = small(3).state_dict(), small(3).state_dict(), small(4).state_dict()
    assert all(np.array_equal(first[k], again[k]) for k in first)
    assert not np.array_equal(first["0.weight"], other["0.weight"])


def test_export_asks_for_nothing(tmp_path):
    network = small()
    network(np.ones((1, 8, 8, 3), np.float32))
    assert nn.export(network, tmp_path / "small.onnx") < 1e-5
    assert (tmp_path / "small.onnx").is_file()


def test_memory_is_used_again_only_when_nobody_looks_into_it():
    memory.release()
    first = memory.empty((300, 400), np.float32)
    first[...] = 1
    second = memory.empty((300, 400), np.float32)
    second[...] = 2
    assert first.max() == 1
    place, view = second.ctypes.data, second[10:20]
    del second
    third = memory.empty((300, 400), np.float32)
    assert third.ctypes.data != place
    del view
    assert memory.empty((300, 400), np.float32).ctypes.data == place
