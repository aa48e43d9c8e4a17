import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal import nn
from foveal.errors import SettingError
from foveal.nn.time_budget import choose


@given(
    st.floats(0.01, 100),
    st.floats(0, 100),
    st.floats(1e-4, 10),
    st.floats(0, 10),
    st.integers(1, 2000),
)
def test_fits_and_wastes_little(minutes, spent, step, validation, per_epoch):
    budget = choose(minutes, spent, step, validation, per_epoch)
    epochs = -(-budget.steps // per_epoch)
    needed = budget.steps * step + epochs * validation
    usable = 0.9 * (60 * minutes - spent)
    assert budget.steps >= 1
    if budget.steps > 1:
        assert needed <= usable * (1 + 1e-9)
    more = (budget.steps + 1) * step + -(-(budget.steps + 1) // per_epoch) * validation
    # Whole epochs from ten on; below, not one step more would have fitted.
    slack = per_epoch * step + validation if budget.steps >= 10 * per_epoch else 0
    assert more + slack >= usable * (1 - 1e-9)
    assert round(budget.epochs * per_epoch) == budget.steps
    assert json.loads(json.dumps(asdict(budget))) == asdict(budget)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            (5, 10.0, 0.042, 2.0, 157),
            "5 minutes hold 30 epochs of 157 steps, at 42 ms a step and 2.0 s a validation: "
            "the cosine schedule spans these 4,710 steps.",
        ),
        (
            (1, 0.0, 0.5, 0.0, 1000),
            "1 minute holds 0.11 epochs of 1,000 steps, at 500 ms a step: the cosine schedule spans these "
            "108 steps.",
        ),
        (
            (1, 59.9, 30.0, 0.0, 7),
            "1 minute holds 0.14 epochs of 7 steps, at 30.0 s a step: the cosine schedule spans this one "
            "step.",
        ),
        (
            (0.5, 0.0, 0.1, 0.0, 27),
            "0.5 minutes hold 10 epochs of 27 steps, at 100 ms a step: the cosine schedule spans these 270 "
            "steps.",
        ),
    ],
)
def test_the_sentence(arguments, text):
    assert choose(*arguments, schedule="cosine").text == text


def test_at_most_the_epochs_given():
    budget = choose(10, 0.0, 0.01, 0.0, 10, most_epochs=3.5, schedule="cosine")
    assert budget.steps == 35
    assert "hold all 3.5 epochs" in budget.text
    assert choose(1, 0, 0.1, 0, 100, most_epochs=50).steps == 540


class Clock:
    """A clock that only moves when something says that it took time."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("foveal.nn.speed.time", clock)
    return clock


class Slow(nn.Module):
    """Takes its time, and the first time much longer, as what is compiled does."""

    def __init__(self, clock, seconds=0.01, first=0.5):
        self.inner = nn.Linear(4, 3, random_state=0)
        self.clock, self.seconds, self.next = clock, seconds, first

    def forward(self, x):
        if self.training:
            self.clock.now += self.next
            self.next = self.seconds
        return self.inner(x)

    def backward(self, grad, *, needs_input_grad=True):
        return self.inner.backward(grad, needs_input_grad=needs_input_grad)


def trained(clock, network=None, **settings):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)).astype(np.float32), rng.integers(3, size=40)
    network = Slow(clock) if network is None else network
    optimizer = nn.AdamW(network.parameters(), lr=0.05)
    events = []
    history = nn.fit(
        network,
        nn.CrossEntropyLoss(),
        optimizer,
        nn.ArrayBatches(x, y, 8, random_state=0),
        random_state=0,
        callbacks=[events.append],
        **settings,
    )
    assert optimizer.lr == 0.05
    return network, history, [e for e in events if e["event"] == "schedule"]


def test_measured_chosen_told_and_kept(clock):
    network, history, (event,) = trained(clock, minutes=0.05)
    assert event["text"].startswith("0.05 minutes hold ")
    assert event["minutes"] == 0.05
    assert event["steps"] == history.steps == history.budget.steps
    assert event["epochs"] == history.budget.epochs
    # The half second of the first step is no step's time, but it is gone.
    assert event["seconds_per_step"] == pytest.approx(0.01)
    assert history.budget.text == event["text"]
    assert 2.6 < clock.now < 3.0
    # The measuring left no trace: as many epochs give the same weights.
    twin, again, told = trained(clock, epochs=history.budget.epochs)
    assert told == []
    assert again.steps == history.steps
    for name, weights in network.state_dict().items():
        np.testing.assert_array_equal(weights, twin.state_dict()[name])
    np.testing.assert_array_equal(history.loss, again.loss)


def test_one_step_that_had_to_wait_does_not_count(clock):
    class Hiccup(Slow):
        steps = 0

        def forward(self, x):
            self.steps += 1
            if self.steps == 5:
                self.clock.now += 0.3
            return super().forward(x)

    _, history, _ = trained(clock, Hiccup(clock, first=0.01), minutes=0.1)
    assert history.budget.seconds_per_step == pytest.approx(0.01)


def test_steps_that_are_slower_at_first_do_not_count(clock):
    class Settling(Slow):
        steps = 0

        def forward(self, x):
            self.steps += 1
            if self.steps <= 7:
                self.clock.now += 0.05
            return super().forward(x)

    _, history, _ = trained(clock, Settling(clock), minutes=0.2)
    assert history.budget.seconds_per_step == pytest.approx(0.01)
    assert clock.now < 12


def test_what_an_epoch_waits_for_at_its_beginning_is_shared_by_its_steps(clock):
    class Beginning(nn.ArrayBatches):
        def epoch(self, number, *, start=0):
            clock.now += 0.08
            yield from super().epoch(number, start=start)

    x, y = np.zeros((32, 4), np.float32), np.zeros(32, np.int64)
    network = Slow(clock)
    optimizer = nn.SGD(network.parameters())
    history = nn.fit(network, nn.CrossEntropyLoss(), optimizer, Beginning(x, y, 8), minutes=0.1)
    assert history.budget.seconds_per_step == pytest.approx(0.03)
    assert 4.5 < clock.now < 6


@pytest.mark.parametrize(("minutes", "measured"), [(1, 2), (0.01, 1)])
def test_validation_is_in_the_time(clock, minutes, measured):
    calls = []

    def validation(network):
        calls.append(clock.now)
        clock.now += 0.5 if len(calls) == 1 else 0.2
        return {"accuracy": 0.5}

    _, history, (event,) = trained(clock, Slow(clock, first=0.01), minutes=minutes, validation=validation)
    # The first compiles; where there is no time for a second one, it counts.
    assert history.budget.validation_seconds == pytest.approx(0.2 if measured == 2 else 0.5)
    assert "ms a validation" in event["text"]
    assert len(calls) == measured + history.epochs
    if measured == 2:
        assert 50 < clock.now < 60


def test_data_loading_is_in_the_time(clock):
    class Loading(nn.ArrayBatches):
        def epoch(self, number, *, start=0):
            for batch in super().epoch(number, start=start):
                clock.now += 0.04
                yield batch

    x, y = np.zeros((16, 4), np.float32), np.zeros(16, np.int64)
    network = Slow(clock)
    optimizer = nn.SGD(network.parameters())
    history = nn.fit(network, nn.CrossEntropyLoss(), optimizer, Loading(x, y, 8), minutes=0.1)
    assert history.budget.seconds_per_step == pytest.approx(0.05)


def test_measuring_leaves_layers_and_optimiser_as_they_were(clock):
    network = Slow(clock)
    optimizer = nn.SGD(network.parameters(), lr=0.1, momentum=0.9)
    x, y = np.ones((8, 4), np.float32), np.zeros(8, np.int64)
    nn.train_step(network, nn.CrossEntropyLoss(), optimizer, x, y)
    before, remembered = network.state_dict(), optimizer.state_dict()
    told = []

    def stop(event):
        if event["event"] == "schedule":
            told.append((network.state_dict(), optimizer.state_dict(), optimizer.lr))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nn.fit(
            network,
            nn.CrossEntropyLoss(),
            optimizer,
            nn.ArrayBatches(x, y, 8),
            minutes=0.1,
            callbacks=[stop],
        )
    ((weights, state, lr),) = told
    assert lr == 0.1
    for now, then in ((weights, before), (state, remembered)):
        assert now.keys() == then.keys()
        for name in then:
            np.testing.assert_array_equal(now[name], then[name])


def test_a_budget_that_is_too_short_takes_a_step(clock):
    _, history, (event,) = trained(clock, minutes=1e-4)
    assert history.steps == 1
    assert "this one step" in event["text"]


@pytest.mark.parametrize("minutes", [0, -1, np.inf, np.nan])
def test_refuses(clock, minutes):
    with pytest.raises(SettingError, match="minutes"):
        trained(clock, minutes=minutes)
