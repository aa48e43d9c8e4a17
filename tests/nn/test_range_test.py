import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError
from foveal.nn.range_test import RangeTest


class Noisy(nn.Sequential):
    """A network that draws, as dropout does, and counts its steps."""

    buffer_names = ("count",)

    def __init__(self):
        super().__init__(nn.Linear(4, 8, random_state=0), nn.ReLU(), nn.Linear(8, 3, random_state=1))
        self.generator = np.random.default_rng(5)
        self.count = np.zeros(1)

    def forward(self, x):
        assert self.training
        self.count += 1
        return super().forward(x + 1e-3 * self.generator.normal(size=x.shape).astype(np.float32))


class Blobs:
    """Three classes around three corners, two batches an epoch."""

    def __init__(self):
        self.epochs = []

    def __len__(self):
        return 2

    def epoch(self, number):
        self.epochs.append(number)
        rng = np.random.default_rng([0, number])
        for _ in range(2):
            y = rng.integers(3, size=64)
            yield (np.eye(4)[y] + 0.3 * rng.normal(size=(64, 4))).astype(np.float32), y


def run(network=None, optimizer=None, batches=None, **settings):
    network = network or Noisy()
    optimizer = optimizer or nn.SGD(network.parameters(), lr=0.123, momentum=0.9)
    batches = Blobs() if batches is None else batches
    return nn.learning_rate_range_test(network, nn.CrossEntropyLoss(), optimizer, batches, **settings)


def test_finds_rates_that_learn_and_stops_where_they_break():
    result = run(lowest=1e-4, highest=1e4, steps=80)
    assert result.diverged
    assert 20 < len(result.rates) < 80
    assert len(result.rates) == len(result.losses) == len(result.smoothed)
    np.testing.assert_allclose(np.diff(np.log(result.rates)), np.log(1e8) / 79)
    assert result.rates[0] == pytest.approx(1e-4)
    assert 1e-3 < result.suggestion < 1
    assert result.suggestion == min(result.steepest, result.tenth_of_minimum)
    network = Noisy()
    network.train()
    optimizer = nn.SGD(network.parameters(), lr=result.suggestion, momentum=0.9)
    for epoch in range(40):
        for x, y in Blobs().epoch(epoch):
            value, gradient = nn.cross_entropy(network.forward(x), y)
            optimizer.zero_grad()
            network.backward(gradient)
            optimizer.step()
    assert value < 0.5


def test_leaves_everything_as_it_was():
    network = Noisy()
    network.eval()
    network[0].train()
    optimizer = nn.SGD(network.parameters(), lr=0.123, momentum=0.9)
    for parameter in network.parameters():
        parameter.grad = np.ones_like(parameter.data)
    optimizer.step()
    arrays = [p.data for p in network.parameters()]
    before = network.state_dict(), optimizer.state_dict(), network.generator.bit_generator.state
    run(network, optimizer, steps=10)
    after = network.state_dict(), optimizer.state_dict(), network.generator.bit_generator.state
    for a, b in zip(before[:2], after[:2], strict=True):
        assert a.keys() == b.keys()
        assert all((a[name] == b[name]).all() for name in a)
    assert before[2] == after[2]
    assert optimizer.lr == 0.123
    assert [module.training for module in network.modules()] == [False, True, False, False]
    assert all(p.grad is None for p in network.parameters())
    assert all(p.data is array for p, array in zip(network.parameters(), arrays, strict=True))


def test_puts_back_after_an_error_too():
    network = Noisy()
    before = network.state_dict()

    def stop(event):
        if event["learning_rate"] > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(network, steps=10, callbacks=[stop])
    assert all((before[name] == value).all() for name, value in network.state_dict().items())


def test_tells_each_step_and_takes_epoch_after_epoch():
    events, batches = [], Blobs()
    result = run(batches=batches, steps=5, callbacks=[events.append])
    assert [event["event"] for event in events] == ["lr_range"] * 5
    assert [event["learning_rate"] for event in events] == result.rates.tolist()
    assert [event["loss"] for event in events] == result.losses.tolist()
    assert batches.epochs == [1, 2, 3]
    assert not result.diverged


def test_the_same_again():
    a, b = run(steps=8), run(steps=8)
    np.testing.assert_array_equal(a.losses, b.losses)


def test_stops_where_the_loss_is_no_number():
    class Broken(nn.CrossEntropyLoss):
        calls = 0

        def __call__(self, output, target):
            self.calls += 1
            value, gradient = super().__call__(output, target)
            return (value if self.calls < 4 else float("nan")), gradient

    events = []
    network = Noisy()
    result = nn.learning_rate_range_test(
        network, Broken(), nn.SGD(network.parameters()), Blobs(), callbacks=[events.append]
    )
    assert result.diverged
    assert len(result.rates) == 4
    assert events[-1]["loss"] is None
    assert np.isfinite(network[0].weight.data).all()


def test_smoothing_is_a_weighted_mean():
    result = run(steps=6)
    for k in range(6):
        weights = 0.9 ** np.arange(k, -1, -1)
        assert result.smoothed[k] == pytest.approx(np.average(result.losses[: k + 1], weights=weights))


@pytest.mark.parametrize("losses", [[], [1.0], [1.0, 2.0, 3.0], [np.nan, np.nan]])
def test_no_fall_no_suggestion(losses):
    rates = np.geomspace(1e-3, 1, len(losses)) if losses else np.array([])
    result = RangeTest(rates, np.array(losses), np.array(losses), True)
    assert result.suggestion is result.steepest is result.tenth_of_minimum is None


@pytest.mark.parametrize(
    "settings", [{"lowest": 0}, {"lowest": 2.0}, {"highest": float("inf")}, {"steps": 1}]
)
def test_settings_out_of_range(settings):
    with pytest.raises(SettingError, match="0 < lowest < highest"):
        run(**settings)


def test_no_batches():
    class Nothing:
        def __len__(self):
            return 0

        def epoch(self, number):
            yield from ()

    with pytest.raises(ValueError, match="at least one batch"):
        run(batches=Nothing())
