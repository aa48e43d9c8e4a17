from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from foveal.data import load
from foveal.features import HogColor
from foveal.models.mining import ExamplePool, Examples, LinearSVMs, Mining, first_negatives, fit_svms, mine
from foveal.models.regions import RegionBank
from foveal.proposals import SlidingWindow


@pytest.fixture(scope="module")
def examples():
    """Three classes: two that overlap, one without positives; image 0 holds the first hundred rows."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 5)).astype(np.float32)
    features[:60, 0] += 2
    features[60:100, 1] += 2
    positives = [np.arange(60), np.arange(60, 100), np.zeros(0, np.int64)]
    negatives = [np.arange(60, 300), np.r_[np.arange(60), np.arange(100, 300)], np.arange(300)]
    return Examples(features, np.repeat([0, 1, 2], 100), positives, negatives)


def test_is_scikit_learns_linear_svm(examples):
    svms = fit_svms(examples, C=0.1)
    assert svms.weights.shape == (5, 3)
    assert svms.weights.dtype == svms.biases.dtype == np.float32
    for label in range(2):
        rows = np.r_[examples.positives[label], examples.negatives[label]]
        y = np.arange(len(rows)) < len(examples.positives[label])
        exact = LinearSVC(C=0.1, intercept_scaling=10, tol=1e-6, max_iter=100000).fit(
            examples.features[rows], y
        )
        np.testing.assert_allclose(
            svms(examples.features)[:, label], exact.decision_function(examples.features), atol=0.1
        )


def test_a_class_of_one_kind_of_example_is_constant(examples):
    assert (fit_svms(examples, C=0.1)(examples.features)[:, 2] == -10).all()
    all_positive = Examples(examples.features, examples.images, [np.arange(5)], [np.zeros(0, np.int64)])
    assert (fit_svms(all_positive, C=0.1)(examples.features) == 1).all()


def test_images_that_are_left_out_do_not_matter(examples):
    poisoned = examples.features.copy()
    poisoned[100:200] = 1e3
    without = np.array([1])
    clean = fit_svms(examples, C=0.1, without=without)
    dirty = fit_svms(Examples(poisoned, *_rest(examples)), C=0.1, without=without)
    np.testing.assert_array_equal(clean.weights, dirty.weights)
    # All positives are in image 0.
    assert (fit_svms(examples, C=0.1, without=np.array([0])).biases == -10).all()


def _rest(examples):
    return examples.images, examples.positives, examples.negatives


def test_the_same_examples_give_the_same(examples):
    # Many times: when threads shared liblinear's generator it differed nearly every time.
    assert len({fit_svms(examples, C=1.0).weights.tobytes() for _ in range(8)}) == 1


def test_no_features_at_all():
    svms = LinearSVMs(np.ones((4, 2), np.float32), np.zeros(2, np.float32))
    assert svms(np.zeros((0, 4), np.float32)).shape == (0, 2)


def test_the_pool_stores_a_region_once():
    pool = ExamplePool(2)
    values = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert pool.add_negatives(0, 7, np.int64([3, 5]), values[:2]) == 2
    assert pool.add_negatives(0, 7, np.int64([5, 6]), values[1:]) == 1
    assert pool.add_negatives(1, 7, np.int64([3]), values[:1]) == 1
    assert pool.add_negatives(0, 8, np.int64([3]), values[:1]) == 1  # of another image
    pool.add_object(1, 7, values[2])
    pool.add_positive(1, 7, values[2])
    got = pool.examples()
    assert got.n_classes == 2
    assert len(got.features) == 6
    assert got.images.tolist() == [7, 7, 7, 8, 7, 7]
    assert got.positives[1].tolist() == [4, 5]
    assert got.negatives[1].tolist() == [0]
    # The objects of other classes are negatives, their further positives are not.
    assert got.negatives[0].tolist() == [0, 1, 2, 3, 4]


def test_the_pool_keeps_copies():
    pool = ExamplePool(1)
    values = np.ones((1, 2), np.float32)
    pool.add_negatives(0, 0, np.int64([0]), values)
    values[:] = 5
    assert pool.examples().features.tolist() == [[1, 1]]


@given(st.integers(0, 2**32), st.integers(0, 60), st.integers(1, 8))
def test_first_negatives_lie_in_their_range(seed, number, first):
    rng = np.random.default_rng(seed)
    overlaps = rng.random((number, 3)).astype(np.float32)
    overlaps[:, 2] = 0  # a class that is not in the image
    unsure = rng.random(number) < 0.3
    mining = Mining(low=0.2, high=0.5, first=first)
    chosen = first_negatives(overlaps, unsure, mining, np.random.default_rng(seed))
    again = first_negatives(overlaps, unsure, mining, np.random.default_rng(seed))
    assert sorted(chosen) == [0, 1, 2]
    for label, rows in chosen.items():
        np.testing.assert_array_equal(rows, again[label])
        assert (np.diff(rows) > 0).all()
        assert not unsure[rows].any()
        assert len(rows) <= (first if label < 2 else max(1, first // 4))
        if label < 2:
            values = overlaps[rows, label]
            assert ((values >= 0.2) & (values < 0.5)).all()
            there = ((overlaps[:, label] >= 0.2) & (overlaps[:, label] < 0.5) & ~unsure).sum()
            assert len(rows) == min(first, there)


def test_another_seed_draws_others():
    overlaps = np.full((200, 1), 0.3, np.float32)
    draws = {
        tuple(first_negatives(overlaps, np.zeros(200, bool), Mining(), np.random.default_rng(s))[0])
        for s in range(5)
    }
    assert len(draws) == 5


@pytest.fixture(scope="module")
def bank(boxed, tmp_path_factory):
    pictures = [[(0, 5, 5, 30, 30)], [(1, 20, 10, 50, 45)], [(0, 10, 10, 40, 40)], []]
    folder = boxed(tmp_path_factory.mktemp("mining") / "d", {"train": pictures}, ("cat", "dog"))
    return RegionBank(load(folder), SlidingWindow(), HogColor(24, 8, 2, 4), max_proposals=150)


def filled(bank):
    pool = ExamplePool(2)
    for index, regions in enumerate(bank.images):
        values = bank.features.extract(bank.read(index), regions.objects)
        for label, row in zip(regions.labels.tolist(), values, strict=True):
            pool.add_positive(label, index, row)
        pool.add_negatives(
            0, index, np.int64([0]), bank.features.extract(bank.read(index), regions.boxes[:1])
        )
    return pool


def test_mining_adds_false_positives_and_ends(bank):
    told = []
    pool = filled(bank)
    mine(bank, pool, ("cat", "dog"), Mining(rounds=30, hard=5), C=1.0, callbacks=[told.append])
    rounds = [e for e in told if e["event"] == "mining_round"]
    numbers = sorted({e["round"] for e in rounds})
    assert numbers == list(range(1, len(numbers) + 1))
    assert 1 < len(numbers) < 30
    for name, label in (("cat", 0), ("dog", 1)):
        its = [e for e in rounds if e["label"] == name]
        assert len(its) == len(numbers)
        assert its[0]["added"] > 0
        assert all(e["added"] <= 5 * len(bank.images) for e in its)
        assert all(b["negatives"] == a["negatives"] + b["added"] for a, b in pairwise(its))
        assert its[-1]["added"] <= 0.02 * (its[-1]["negatives"] - its[-1]["added"])
        assert its[-1]["negatives"] == len(pool.examples().negatives[label])


def test_mining_ends_when_a_round_adds_few(bank):
    told = []
    mine(bank, filled(bank), ("cat", "dog"), Mining(rounds=30, enough=1e9), C=1.0, callbacks=[told.append])
    assert {e["round"] for e in told if e["event"] == "mining_round"} == {1}


def test_no_rounds(bank):
    told = []
    pool = filled(bank)
    svms = mine(bank, pool, ("cat", "dog"), Mining(rounds=0), C=1.0, callbacks=[told.append])
    assert not [e for e in told if e["event"] == "mining_round"]
    np.testing.assert_array_equal(svms.weights, fit_svms(pool.examples(), C=1.0).weights)


def test_what_overlaps_an_object_is_never_mined(bank):
    pool = filled(bank)
    mine(bank, pool, ("cat", "dog"), Mining(rounds=5, hard=1000, margin=-1e9), C=1.0)
    mined = pool._rows
    overlaps = {i: r.overlaps(2) for i, r in enumerate(bank.images)}
    examples = pool.examples()
    row_of = {row: key for key, row in mined.items()}
    seen = 0
    for label in range(2):
        for row in examples.negatives[label].tolist():
            if row in row_of and row_of[row][1] != 0:
                image, proposal = row_of[row]
                assert overlaps[image][proposal, label] < 0.5
                seen += 1
    assert seen > 100
