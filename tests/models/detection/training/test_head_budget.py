"""What fits into the minutes of a head on frozen maps."""

from types import SimpleNamespace

import pytest

from foveal.models.detection.training import head_budget
from foveal.models.detection.training.head_budget import HeadBudget

STEP = 0.02
LOOP = SimpleNamespace(batches=range(50))


@pytest.fixture
def clock(monkeypatch):
    """A clock that only what is timed moves."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(head_budget, "clock", lambda: now.seconds)
    monkeypatch.setattr(head_budget, "measure_speed", lambda loop, seconds: SimpleNamespace(step=STEP))
    monkeypatch.setattr(head_budget, "read", lambda path: None)
    monkeypatch.setattr(head_budget.parallel, "cores", lambda: 2)
    return now


class Images(list):
    """As much of a data set as is looked at."""

    @property
    def samples(self):
        return [SimpleNamespace(path=i) for i in self]


def looks(clock, seconds):
    """Looking at an image takes so long, the first time longer: something is compiled."""
    first = [5.0]

    def look(image):
        clock.seconds += seconds + (first.pop() if first else 0.0)

    return look


def test_steps_fill_what_is_left(clock):
    told = []
    budget = HeadBudget(1.0, clock.seconds - 10, 0)
    steps = budget.steps(LOOP, 10**6, 0.5, [told.append])
    assert steps == pytest.approx((0.94 * 60 - 10) * 0.5 / STEP, abs=1)
    assert told[0]["event"] == "schedule"
    assert told[0]["steps"] == steps
    assert told[0]["epochs"] == steps / 50
    assert told[0]["text"].startswith(f"1 minute holds {steps:,} steps, ")
    assert budget.steps(LOOP, 400, 1.0, []) == 400


def test_too_few_minutes_are_told(clock):
    told = []
    steps = HeadBudget(0.1, clock.seconds, 0).steps(LOOP, 1600, 1.0, [told.append])
    assert steps == 300
    assert "fewer are of no use: 0.2 minutes hold them" in told[0]["text"]


def test_images_that_half_of_the_time_holds(clock):
    budget = HeadBudget(0.5, clock.seconds, images_after=10)
    number = budget.most_images(Images(range(1000)), looks(clock, 0.2))
    # Two cores; three images, and what was compiled, have been paid for.
    an_image = 0.2 * 1.2 / 2
    assert number == pytest.approx(0.5 * (0.94 * 30 - 5.6 - 10 * an_image) / an_image, abs=1)
    assert HeadBudget(50.0, clock.seconds, 10).most_images(Images(range(1000)), looks(clock, 0.2)) == 1000
    assert HeadBudget(0.01, clock.seconds, 10).most_images(Images(range(1000)), looks(clock, 0.2)) == 16
    assert HeadBudget(0.01, clock.seconds, 10).most_images(Images(range(7)), looks(clock, 0.2)) == 7
