from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foveal.boxes import iou
from foveal.data import Dataset
from foveal.data.dataset import Sample
from foveal.errors import ImageError
from foveal.features import HogColor
from foveal.models.detection.image_regions import ImageRegions
from foveal.models.detection.region_bank import RegionBank
from foveal.models.detection.targets import GroundTruth
from foveal.proposals import SlidingWindow

SMALL = HogColor(size=24, cell=8, grid=2, bins=4)


def regions(boxes=((0, 0, 10, 10), (5, 5, 15, 15)), objects=(), labels=(), ignored=()):
    def four(values):
        return np.array(values, np.float32).reshape(-1, 4)

    truth = GroundTruth(
        np.concatenate([four(objects), four(ignored)]),
        np.array([*labels, *[0] * len(ignored)], np.int64),
        np.repeat([False, True], [len(objects), len(ignored)]),
    )
    return ImageRegions(four(boxes), truth)


def test_overlaps_are_the_best_of_each_class():
    r = regions(objects=[(0, 0, 10, 10), (0, 0, 5, 10), (5, 5, 15, 15)], labels=[1, 1, 2])
    every = iou(r.boxes, r.objects)
    expected = np.stack([np.zeros(2), every[:, :2].max(axis=1), every[:, 2]], axis=1)
    np.testing.assert_array_equal(r.overlaps(3), expected.astype(np.float32))
    matched, best = r.matched()
    assert matched.tolist() == [0, 2]
    assert best.tolist() == [1, 1]


def test_without_objects():
    r = regions()
    assert not r.overlaps(4).any()
    assert r.overlaps(4).shape == (2, 4)
    matched, best = r.matched()
    assert matched.tolist() == [-1, -1]
    assert best.tolist() == [0, 0]
    assert not r.unsure(0.0).any()


def test_without_proposals():
    r = regions(boxes=(), objects=[(0, 0, 5, 5)], labels=[0], ignored=[(0, 0, 5, 5)])
    assert r.overlaps(2).shape == (0, 2)
    assert r.unsure(0.5).shape == (0,)
    assert r.matched()[0].shape == (0,)


def test_unsure_is_an_overlap_with_what_is_ignored():
    r = regions(ignored=[(0, 0, 10, 5)])  # IoU 0.5 with the first proposal, 0 with the second
    assert r.unsure(0.5).tolist() == [True, False]
    assert r.unsure(0.51).tolist() == [False, False]


@pytest.fixture
def dataset(boxed, tmp_path):
    from foveal.data import load

    folder = boxed(tmp_path / "d", {"train": [[(0, 5, 5, 30, 30)], [], [(0, 1, 1, 20, 20, True)]]})
    return load(folder)


def test_the_bank(dataset):
    told = []
    bank = RegionBank(dataset, SlidingWindow(), SMALL, max_proposals=7, callbacks=[told.append])
    assert [len(r.boxes) for r in bank.images] == [7, 7, 7]
    assert [len(r.objects) for r in bank.images] == [1, 0, 0]
    assert [len(r.ignored) for r in bank.images] == [0, 0, 1]
    assert told[0] == {"event": "stage_start", "stage": "proposals"}
    assert told[3] == {"event": "progress", "stage": "proposals", "done": 3, "total": 3}
    seen = bank.visit(lambda i, f: (i, f), "look", [2, 0])
    assert [i for i, _ in seen] == [2, 0]
    exact = SMALL.extract(bank.read(2), bank.images[2].boxes)
    np.testing.assert_array_equal(seen[0][1], exact.astype(np.float16).astype(np.float32))


def test_the_memory_changes_nothing_that_is_seen(dataset, monkeypatch):
    calls = []
    extract = HogColor.extract
    monkeypatch.setattr(HogColor, "extract", lambda *a: calls.append(1) or extract(*a))
    answers = []
    for memory, expected in ((3e9, 3), (0, 6)):
        calls.clear()
        bank = RegionBank(dataset, SlidingWindow(), SMALL, max_proposals=5, memory=memory)
        for _ in range(2):
            answers.append(bank.visit(lambda i, f: f, "look"))
        assert len(calls) == expected
    for other in answers[1:]:
        np.testing.assert_array_equal(other, answers[0])


def test_objects_are_clipped_to_the_picture(dataset):
    sample = replace(
        dataset[0], boxes=np.float32([[-10, -10, 1000, 25]]), labels=np.int64([0]), width=0, height=0
    )
    bank = RegionBank(
        dataset.select([0]).__class__(**{**vars_of(dataset), "samples": (sample,)}),
        SlidingWindow(),
        SMALL,
        max_proposals=5,
    )
    assert bank.images[0].objects.tolist() == [[0, 0, 60, 25]]


def vars_of(dataset):
    return {name: getattr(dataset, name) for name in ("root", "format", "task", "classes", "category_ids")}


def test_a_picture_that_is_gone(tmp_path):
    dataset = Dataset(tmp_path, "voc", "detection", ("cat",), (Sample(Path("gone.jpg"), 1),))
    with pytest.raises(ImageError, match=r"gone\.jpg"):
        RegionBank(dataset, SlidingWindow(), SMALL, max_proposals=5)
