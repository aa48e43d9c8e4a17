"""The optimisers against their equations in NumPy, and against PyTorch."""

import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError
from foveal.nn.optimizers import Optimizer

SGD_SETTINGS = [
    {},
    {"weight_decay": 0.1},
    {"momentum": 0.9},
    {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
]
ADAMW_SETTINGS = [{}, {"betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}, {"betas": (0.0, 0.0)}]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def sgd_twin(w, g, state, lr=0.001, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
    d = g + weight_decay * w
    if not momentum:
        return w - lr * d
    state["v"] = momentum * state["v"] + (1 - dampening) * d if "v" in state else d
    return w - lr * (d + momentum * state["v"] if nesterov else state["v"])


def adamw_twin(w, g, state, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    t = state["t"] = state.get("t", 0) + 1
    state["m"] = betas[0] * state.get("m", 0) + (1 - betas[0]) * g
    state["s"] = betas[1] * state.get("s", 0) + (1 - betas[1]) * g**2
    m, s = state["m"] / (1 - betas[0] ** t), state["s"] / (1 - betas[1] ** t)
    return (1 - lr * weight_decay) * w - lr * m / (np.sqrt(s) + eps)


CASES = [
    *((nn.SGD, sgd_twin, settings) for settings in SGD_SETTINGS),
    *((nn.AdamW, adamw_twin, settings) for settings in ADAMW_SETTINGS),
]


def weights(dtype, rng):
    """A vector, a convolution's weights with output channels innermost, a matrix in Fortran's order."""
    convolution = np.ascontiguousarray(rng.normal(size=(3, 2, 4, 5))).transpose(3, 2, 0, 1)
    arrays = [rng.normal(size=7), convolution, np.asfortranarray(rng.normal(size=(6, 5)))]
    return [array.astype(dtype, order="K") for array in arrays]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer_class", "twin", "settings"), CASES)
def test_ten_steps_follow_the_equations(optimizer_class, twin, settings, dtype):
    rng = np.random.default_rng(0)
    parameters = [nn.Parameter(w) for w in weights(dtype, rng)]
    memory = [p.data for p in parameters]
    expected = [p.data.astype(np.float64) for p in parameters]
    states = [{} for _ in parameters]
    optimizer = optimizer_class(parameters, lr=0.05, **settings)
    for _ in range(10):
        for k, parameter in enumerate(parameters):
            # Gradients in C order, whatever the order of the weights.
            parameter.grad = rng.normal(size=parameter.shape).astype(dtype)
            g = parameter.grad.astype(np.float64)
            expected[k] = twin(expected[k], g, states[k], lr=0.05, **settings)
        optimizer.step()
    for parameter, array, e in zip(parameters, memory, expected, strict=True):
        assert parameter.data is array
        np.testing.assert_allclose(array, e, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer_class", "twin", "settings"), CASES)
def test_ten_steps_agree_with_torch(optimizer_class, twin, settings, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    parameters = [nn.Parameter(w) for w in weights(dtype, rng)]
    theirs = [torch.tensor(np.array(p.data), requires_grad=True) for p in parameters]
    optimizer = optimizer_class(parameters, lr=0.05, **settings)
    reference = getattr(torch.optim, optimizer_class.__name__)(theirs, lr=0.05, **settings)
    for _ in range(10):
        for parameter, tensor in zip(parameters, theirs, strict=True):
            # A gradient by the weights, so that an error in them is seen again; far from 0, where Adam is
            # as steep as a sign.
            parameter.grad = np.sin(parameter.data) + 2
            tensor.grad = tensor.detach().sin() + 2
        optimizer.step()
        reference.step()
    for parameter, tensor in zip(parameters, theirs, strict=True):
        np.testing.assert_allclose(parameter.data, tensor.detach().numpy(), rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("optimizer_class", [nn.SGD, nn.AdamW])
def test_a_large_parameter_in_pieces_is_the_same_byte_for_byte(optimizer_class, monkeypatch):
    rng = np.random.default_rng(0)
    start, grad = rng.normal(size=(2, 513, 700)).astype(np.float32)
    results = []
    for elements in (1 << 7, 1 << 30):
        monkeypatch.setattr("foveal.nn.functional.sharing.WORTH_SHARING", elements)
        monkeypatch.setattr("foveal.nn.functional.sharing.cores", lambda: 3)
        parameter = nn.Parameter(start.copy())
        optimizer = optimizer_class([parameter], lr=0.1, weight_decay=0.1)
        for _ in range(3):
            parameter.grad = grad
            optimizer.step()
        results.append(parameter.data)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("make", [lambda p: nn.SGD(p, lr=0.1, momentum=0.9), lambda p: nn.AdamW(p, lr=0.1)])
def test_a_state_goes_on_byte_for_byte(make):
    def run(parameters, optimizer, steps):
        for step in steps:
            for parameter in parameters:
                rng = np.random.default_rng(step)
                parameter.grad = rng.normal(size=parameter.shape).astype(np.float32)
            parameters[0].grad = None if step < 2 else parameters[0].grad
            optimizer.step()

    whole = [nn.Parameter(w) for w in weights(np.float32, np.random.default_rng(0))]
    run(whole, make(whole), range(6))
    first = [nn.Parameter(w) for w in weights(np.float32, np.random.default_rng(0))]
    optimizer = make(first)
    run(first, optimizer, range(1))
    state = optimizer.state_dict()
    assert state["step"].tolist() == [0, 1, 1]
    assert not any(name.endswith(".0") for name in state)
    assert all(isinstance(value, np.ndarray) for value in state.values())
    second = [nn.Parameter(p.data.copy(order="K")) for p in first]
    again = make(second)
    again.load_state_dict(state)
    run(first, optimizer, range(1, 3))  # what came of the state must not change it
    run(second, again, range(1, 6))
    for a, b in zip(whole, second, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


def test_a_state_of_others_is_refused_and_changes_nothing():
    ours = nn.SGD([nn.Parameter(np.zeros(2))], momentum=0.9)
    ours.parameters[0].grad = np.ones(2)
    ours.step()
    before = ours.state_dict()
    for other in (
        {"step": np.int64([1]), "momentum.0": np.zeros(3)},
        {"step": np.int64([1, 1])},
        {"step": np.int64([1]), "mean.0": np.zeros(2)},
        {},
    ):
        with pytest.raises(ValueError, match="not that of this SGD"):
            ours.load_state_dict(other)
    after = ours.state_dict()
    assert before.keys() == after.keys()
    assert all((before[name] == after[name]).all() for name in before)


def test_groups_have_their_own_settings_and_follow_the_learning_rate():
    a, b = nn.Parameter(np.ones(1)), nn.Parameter(np.ones(1))
    groups = [{"params": [a], "lr": 0.2}, {"params": [b], "weight_decay": 0.0}]
    optimizer = nn.SGD(groups, lr=0.1, weight_decay=1.0)
    assert optimizer.parameters == [a, b]
    a.grad, b.grad = np.zeros(1), np.ones(1)
    optimizer.step()
    assert (a.data[0], b.data[0]) == pytest.approx((0.8, 0.9))
    optimizer.lr = 0.01
    optimizer.step()
    assert (a.data[0], b.data[0]) == pytest.approx((0.8 * 0.98, 0.89))


def test_frozen_parameters_and_those_without_a_gradient_stay():
    parameters = [nn.Parameter(np.ones(2)) for _ in range(3)]
    optimizer = nn.AdamW(iter(parameters), lr=0.1)
    parameters[0].requires_grad = False
    parameters[0].grad = parameters[1].grad = np.ones(2)
    optimizer.step()
    assert [p.data[0] == 1 for p in parameters] == [True, False, True]
    optimizer.zero_grad()
    assert all(p.grad is None for p in parameters)


def test_weights_may_change_their_type_and_order_between_steps():
    parameter = nn.Parameter(np.ones((3, 4), np.float32))
    twin = nn.Parameter(np.ones((3, 4)))
    pair = [nn.SGD([p], lr=0.1, momentum=0.9) for p in (parameter, twin)]
    grads = np.random.default_rng(0).normal(size=(2, 3, 4))
    for k, grad in enumerate(grads):
        for p, optimizer in zip((parameter, twin), pair, strict=True):
            p.grad = grad
            optimizer.step()
        if k == 0:
            parameter.data = np.asfortranarray(parameter.data, np.float64)
    np.testing.assert_allclose(parameter.data, twin.data, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (0,), (1, 3, 1)])
def test_odd_shapes(shape):
    parameter = nn.Parameter(np.ones(shape, np.float32))
    optimizer = nn.SGD([parameter], lr=0.5, momentum=0.5)
    parameter.grad = np.ones(shape, np.float32)
    optimizer.step()
    np.testing.assert_array_equal(parameter.data, np.full(shape, 0.5))


def test_memory_with_gaps_is_refused():
    parameter = nn.Parameter(np.ones((4, 4))[:, ::2])
    parameter.grad = np.ones((4, 2))
    with pytest.raises(ValueError, match="dense"):
        nn.SGD([parameter]).step()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda p: nn.SGD(p, lr=-1), "lr must be"),
        (lambda p: nn.SGD(p, lr=float("nan")), "lr must be"),
        (lambda p: nn.SGD(p, momentum=-0.1), "momentum must be"),
        (lambda p: nn.SGD(p, weight_decay=-0.1), "weight_decay must be"),
        (lambda p: nn.SGD(p, nesterov=True), "nesterov needs"),
        (lambda p: nn.SGD(p, momentum=0.9, dampening=0.1, nesterov=True), "nesterov needs"),
        (lambda p: nn.AdamW(p, betas=(0.9, 1.0)), "betas"),
        (lambda p: nn.AdamW(p, eps=-1), "eps must be"),
        (lambda p: nn.SGD([{"params": p, "lr": -1}]), "lr of a group"),
        (lambda p: nn.SGD([{"params": p, "lr": 1}], lr=0), "must not be 0"),
    ],
)
def test_settings_out_of_range(make, sentence):
    with pytest.raises(SettingError, match=sentence):
        make([nn.Parameter(np.zeros(1))])


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ([], "at least one"),
        ([{"params": []}], "at least one"),
        ([nn.Parameter(np.zeros(1))] * 2, "twice"),
        ([np.zeros(1)], "takes Parameters"),
        ([{"parameters": []}], "keys"),
        ([{"params": [], "momentum": 0.9}], "keys"),
    ],
)
def test_parameters_that_are_none(parameters, sentence):
    with pytest.raises(ValueError, match=sentence):
        nn.SGD(parameters)


def test_the_base_class_has_no_step_of_its_own():
    parameter = nn.Parameter(np.zeros(1))
    parameter.grad = np.zeros(1)
    with pytest.raises(NotImplementedError):
        Optimizer([parameter], 0.1, 0.0).step()
