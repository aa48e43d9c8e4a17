from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data import load
from foveal.features import HogColor
from foveal.models.detection.region_bank import RegionBank
from foveal.models.svm.examples import ExamplePool
from foveal.models.svm.intersection import IntersectionSVMs, fit_intersection_svms
from foveal.models.svm.linear import fit_linear_svms
from foveal.models.svm.mining import Mining, first_negatives, mine
from foveal.proposals import SlidingWindow

FIT = partial(fit_linear_svms, C=1.0)


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
    mine(bank, pool, ("cat", "dog"), Mining(rounds=30, hard=5), FIT, callbacks=[told.append])
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
    mine(bank, filled(bank), ("cat", "dog"), Mining(rounds=30, enough=1e9), FIT, callbacks=[told.append])
    assert {e["round"] for e in told if e["event"] == "mining_round"} == {1}


def test_no_rounds(bank):
    told = []
    pool = filled(bank)
    svms = mine(bank, pool, ("cat", "dog"), Mining(rounds=0), FIT, callbacks=[told.append])
    assert not [e for e in told if e["event"] == "mining_round"]
    np.testing.assert_array_equal(svms.weights, FIT(pool.examples()).weights)


def test_a_kernel_that_no_line_can_stand_for(bank):
    told = []
    pool = filled(bank)
    fit = partial(fit_intersection_svms, C=1.0)
    svms = mine(bank, pool, ("cat", "dog"), Mining(rounds=30, hard=5), fit, callbacks=[told.append])
    assert isinstance(svms, IntersectionSVMs)
    last = max(e["round"] for e in told if e["event"] == "mining_round")
    assert 1 < last < 30
    # Mining has found what this kernel confuses: no background of any image is far inside the margin.
    for index, regions in enumerate(bank.images):
        values = svms(bank.features.extract(bank.read(index), regions.boxes))
        assert (values[regions.overlaps(2) < 0.5] < 0.5).all()


def test_what_overlaps_an_object_is_never_mined(bank):
    pool = filled(bank)
    mine(bank, pool, ("cat", "dog"), Mining(rounds=5, hard=1000, margin=-1e9), FIT)
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
