import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError


class Counted(nn.Sequential):
    """A network with a buffer."""

    buffer_names = ("count",)

    def __init__(self):
        super().__init__(nn.Conv2d(2, 3, 3, random_state=0), nn.ReLU(), nn.Linear(3, 2, random_state=1))
        self.count = np.zeros(1)


def walk(network, average, steps):
    for step in steps:
        rng = np.random.default_rng(step)
        for parameter in network.parameters():
            parameter.data += rng.normal(size=parameter.shape).astype(np.float32)
        network.count += 1
        average.update()


@pytest.mark.parametrize("warmup", [False, True])
def test_follows_its_equation(warmup):
    network = Counted().double()
    average = nn.ExponentialMovingAverage(network, 0.9, warmup)
    expected = [p.data.copy() for p in network.parameters()]
    for t in range(1, 200):
        for k, parameter in enumerate(network.parameters()):
            parameter.data += np.cos(t + k)
            decay = min(0.9, (1 + t) / (10 + t)) if warmup else 0.9
            expected[k] = decay * expected[k] + (1 - decay) * parameter.data
        average.update()
    with average.applied() as averaged:
        assert averaged is network
        for parameter, e in zip(network.parameters(), expected, strict=True):
            np.testing.assert_allclose(parameter.data, e, atol=1e-12)


def test_applied_puts_the_own_weights_back_even_after_an_error():
    network = Counted()
    average = nn.ExponentialMovingAverage(network, 0.5)
    walk(network, average, range(3))
    network.count += 10
    arrays, before = [p.data for p in network.parameters()], network.state_dict()

    def use():
        with average.applied():
            assert network.count == 3
            assert not (network.state_dict()["0.weight"] == before["0.weight"]).any()
            raise KeyError

    with pytest.raises(KeyError):
        use()
    after = network.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    assert all(p.data is array for p, array in zip(network.parameters(), arrays, strict=True))


def test_a_state_goes_on_byte_for_byte():
    whole = Counted()
    straight = nn.ExponentialMovingAverage(whole, 0.99, warmup=True)
    walk(whole, straight, range(6))
    first = Counted()
    average = nn.ExponentialMovingAverage(first, 0.99, warmup=True)
    walk(first, average, range(2))
    state, weights = average.state_dict(), first.state_dict()
    walk(first, average, range(2, 4))  # what came of the state must not change it
    second = Counted().load_state_dict(weights)
    again = nn.ExponentialMovingAverage(second, 0.99, warmup=True)
    again.load_state_dict(state)
    walk(second, again, range(2, 6))
    expected, found = straight.state_dict(), again.state_dict()
    assert expected.keys() == found.keys()
    assert all((expected[name] == found[name]).all() for name in expected)
    assert all(isinstance(value, np.ndarray) for value in found.values())


def test_a_state_of_another_network_is_refused():
    average = nn.ExponentialMovingAverage(Counted())
    other = nn.ExponentialMovingAverage(nn.Linear(2, 2)).state_dict()
    with pytest.raises(ValueError, match="another network"):
        average.load_state_dict(other)


def test_the_network_may_change_its_type():
    network = Counted()
    average = nn.ExponentialMovingAverage(network, 0.5)
    network.double()
    average.update()
    assert average.state_dict()["average.0.weight"].dtype == np.float64


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_refuses(decay):
    with pytest.raises(SettingError, match="decay"):
        nn.ExponentialMovingAverage(Counted(), decay)
