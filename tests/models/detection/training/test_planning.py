"""How many steps fit into somebody's minutes."""

from types import SimpleNamespace

import pytest

from foveal.models.detection.training import planning

# Seconds of a step of each kind, and of a validation.
STEPS = {"new": 0.2, "seen": 0.1, "finetuned": 0.4}
VALIDATION = 2.0


@pytest.fixture
def plan(monkeypatch):
    def measure(loop, seconds):
        return SimpleNamespace(step=STEPS[loop.kind], validation=VALIDATION)

    def make(minutes, **given):
        settings = {"finetune_fraction": None, "passes_per_view": 2, "per_epoch": 10, "spent": 0.0}
        return planning.plan(
            minutes,
            lambda kind: SimpleNamespace(kind=kind, batches=range(10), validate_every=2),
            **{**settings, "after": lambda seconds: 5.0, "most_steps": 10**6, **given},
        )

    monkeypatch.setattr(planning, "measure_speed", measure)
    return make


def seconds(planned, frozen=0.15 + VALIDATION / 20, tuned=0.4 + VALIDATION / 20):
    finetuning = planned.steps - planned.finetunes_from
    return planned.finetunes_from * frozen + finetuning * tuned


def test_the_steps_fill_the_time_that_is_left(plan):
    usable = 60 * 10 * 0.94 - 5
    planned = plan(10.0)
    assert usable - 1 < seconds(planned) <= usable + 1
    # Frozen for the first minute, or a seventh of the whole.
    assert planned.finetunes_from * 0.25 == pytest.approx(0.15 * usable, abs=1)
    assert planned.seconds_per_step == pytest.approx(seconds(planned) / planned.steps)
    assert "the backbone is fine-tuned from step" in planned.text


def test_a_short_training_is_frozen(plan):
    planned = plan(1.2)
    assert planned.finetunes_from == planned.steps
    assert "fine-tuned" not in planned.text


def test_a_fraction_that_is_given(plan):
    planned = plan(3.0, finetune_fraction=0.5)
    assert planned.steps - planned.finetunes_from == round(0.5 * planned.steps)
    assert seconds(planned) == pytest.approx(60 * 3 * 0.94 - 5, abs=1)
    assert plan(3.0, finetune_fraction=0.0).finetunes_from == plan(3.0, finetune_fraction=0.0).steps


def test_time_that_is_gone_and_bounds(plan):
    assert plan(5.0, spent=100.0).steps < plan(5.0).steps
    assert plan(0.01).steps == 1
    none_left = plan(0.01, finetune_fraction=0.5)
    assert (none_left.steps, none_left.finetunes_from) == (1, 1)
    assert "fine-tuned" not in none_left.text
    bounded = plan(60.0, most_steps=300)
    assert bounded.steps == 300
    assert 0 < bounded.finetunes_from < 300


def test_views_that_are_seen_again_are_cheaper(plan):
    assert plan(1.0, passes_per_view=1).steps < plan(1.0, passes_per_view=4).steps


@pytest.mark.parametrize(("finetunes_from", "fraction"), [(100, 0.0), (60, 0.4), (0, 1.0)])
def test_what_share_is_finetuned(finetunes_from, fraction):
    planned = planning.DetectionPlan(100, finetunes_from, 20)
    assert planned.finetune_fraction == pytest.approx(fraction)
    assert planned.epochs == 5.0


def test_too_few_minutes_are_told(plan):
    # Frozen steps take 0.25 s with their validations: 200 of them, 50 s.
    assert "too little" not in plan(1.1).text
    short = plan(0.3)
    assert short.steps < 200
    assert "That is too little to learn much: 200 steps are worth it, which 1 minute holds." in short.text
    assert "300 steps are worth it" in plan(0.3, per_epoch=100).text


def test_minutes_that_would_do():
    assert planning.enough_minutes(0.5, 0.0) == 0.5
    assert planning.enough_minutes(0.5, 27.0) == 1.0
    assert planning.enough_minutes(0.5, 30.0) == 1.1


def test_an_estimate_follows_the_machine(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(planning, "clock", lambda: now[0])

    class Backbone:
        size_divisibility = 32

        def __init__(self, seconds):
            self.seconds = seconds

        def maps(self, images, levels, *, threads):
            assert images.shape == (1, 384, 512, 3)
            now[0] += self.seconds

    def minutes(seconds, steps=100, spent=0.0):
        return planning.minutes_for(steps, Backbone(seconds), ("c3",), 512, spent=spent)

    assert minutes(0.02, 200) - minutes(0.02, 100) == pytest.approx(minutes(0.04, 100) - minutes(0.02, 100))
    assert minutes(0.02, spent=94 * 0.6) == pytest.approx(minutes(0.02) + 1)
