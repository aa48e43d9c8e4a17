import numpy as np
import pytest

from foveal.metrics import MatchedImages, NamedImages, compare_sides

TRIALS = 400


def named(right, ids=None):
    n = len(right)
    return NamedImages(
        range(n) if ids is None else ids, np.zeros(n, np.int64), (~right).astype(np.int64), ("cat", "dog")
    )


def detector(rng, hard, quality):
    """One class, an object an image that is found more often where the image is easy, and false ones."""
    n = len(hard)
    hit = rng.random(n) < np.clip(quality + 0.4 * (0.5 - hard), 0, 1)
    scores = np.concatenate([rng.beta(4, 2, n)[hit], rng.beta(2, 3, n)])
    images = np.concatenate([np.flatnonzero(hit), np.arange(n)])
    outcome = np.concatenate([np.ones(hit.sum(), np.int8), np.zeros(n, np.int8)])
    order = np.argsort(-scores)
    outcomes = np.tile(outcome[order], (10, 1))
    return MatchedImages(tuple(range(n)), ("cat",), np.ones((1, n), np.int64), (images[order],), (outcomes,))


def between(share):
    # Of 400 trials 380 are expected, give or take four standard deviations.
    return 0.905 <= share <= 0.994


def test_intervals_of_average_precision_hold_the_truth_95_times_of_100():
    rng = np.random.default_rng(0)
    truth = float(detector(rng, rng.random(200_000), 0.7).figures()["AP50"][0])
    held, same = 0, 0
    for trial in range(TRIALS):
        hard = rng.random(40)
        sides = [[detector(rng, hard, 0.7)], [detector(rng, hard, 0.7)]]
        found = compare_sides(sides, n_resamples=300, random_state=trial)
        interval = found.intervals[0]["AP50"]
        held += interval.low <= truth <= interval.high
        same += not found.difference(0, 1, "AP50").interval.excludes_zero
    assert between(held / TRIALS)
    assert between(same / TRIALS)


@pytest.mark.parametrize("spread", [0.05, 0.15])
def test_so_do_those_of_several_seeds(spread):
    rng = np.random.default_rng(1)
    held, same = 0, 0
    for trial in range(TRIALS):
        hard = rng.random(60)

        def trained(hard=hard):
            quality = 0.7 + rng.normal(0, spread)
            return named(rng.random(60) < np.clip(quality + 0.3 * (0.5 - hard), 0, 1))

        found = compare_sides(
            [[trained() for _ in range(3)] for _ in range(2)], n_resamples=200, random_state=trial
        )
        interval = found.intervals[0]["accuracy"]
        held += interval.low <= 0.7 <= interval.high
        same += not found.difference(0, 1, "accuracy").interval.excludes_zero
    assert between(held / TRIALS)
    assert between(same / TRIALS)


def test_pairing_tells_what_single_intervals_do_not():
    rng = np.random.default_rng(2)
    right = rng.random(200) < 0.6
    better = right | (np.arange(200) < 16)
    found = compare_sides([[named(better)], [named(right)]])
    a, b = (one["accuracy"] for one in found.intervals)
    assert a.low < b.high  # they overlap
    assert found.difference(0, 1, "accuracy").interval.excludes_zero
    # The same models on images that have nothing in common.
    apart = compare_sides([[named(better)], [named(right, range(1000, 1200))]])
    assert (apart.n_images, apart.n_shared) == (400, 0)
    assert not apart.difference(0, 1, "accuracy").interval.excludes_zero
    assert (found.n_images, found.n_shared) == (200, 200)


def test_the_same_answers_differ_by_nothing():
    right = np.arange(30) % 3 > 0
    interval = compare_sides([[named(right)], [named(right)]]).difference(0, 1, "accuracy").interval
    assert (interval.value, interval.low, interval.high, interval.p_value) == (0, 0, 0, 1)


def test_several_comparisons_are_held_to_a_higher_level():
    rng = np.random.default_rng(3)
    sides = [[named(rng.random(50) < 0.7)] for _ in range(6)]
    assert compare_sides(sides[:2]).level == pytest.approx(0.95)
    assert compare_sides(sides[:3]).level == pytest.approx(1 - 0.05 / 3)
    many = compare_sides(sides)
    assert {(d.first, d.second) for d in many.differences} == {(0, i) for i in range(1, 6)}
    assert not compare_sides(sides[:1]).differences


def test_seeds_that_chose_the_images_are_paired():
    # Each seed has images of its own, easy or hard; within a seed one side is always a little better.
    rng = np.random.default_rng(4)
    first, second = [], []
    for seed, share in enumerate((0.9, 0.5, 0.7)):
        right = rng.random(100) < share
        ids = range(100 * seed, 100 * seed + 100)
        first.append(named(right | (np.arange(100) < 25), ids))
        second.append(named(right, ids))
    interval = compare_sides([first, second]).difference(0, 1, "accuracy").interval
    assert interval.excludes_zero


def test_of_classifiers():
    truth, said = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0])
    model = NamedImages(tuple("abcde"), truth, said, ("cat", "dog", "owl"))
    figures = model.figures()
    assert figures["accuracy"][0] == pytest.approx(3 / 5)
    assert figures["balanced_accuracy"][0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert sorted(figures) == ["accuracy", "balanced_accuracy", "recall/cat", "recall/dog"]
    assert np.isnan(model.figures(np.array([[0, 0, 1, 1, 1]]))["recall/cat"][0])
