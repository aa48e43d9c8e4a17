import numpy as np
import pytest

from foveal.data import Detections
from foveal.tracking import ByteTrack


def seen(*objects):
    """Detections of (x, y, score, label); boxes of 40 by 40 pixels."""
    values = np.array(objects, np.float64).reshape(-1, 4)
    boxes = np.column_stack([values[:, :2], values[:, :2] + 40]).astype(np.float32)
    return Detections(boxes, values[:, 2].astype(np.float32), values[:, 3].astype(np.int64), ("a", "b"))


def crossing(rng, frames=60, miss=()):
    """Two objects that pass through each other, the truth first in each frame, in random order."""
    for t in range(frames):
        places = [(10 + 5 * t, 100), (310 - 5 * t, 112)]
        noise = rng.normal(0, 1, (2, 2))
        some = [
            (x + dx, y + dy, 0.9, 0)
            for k, ((x, y), (dx, dy)) in enumerate(zip(places, noise, strict=True))
            if (t, k) not in miss
        ]
        truth = [k for k in range(2) if (t, k) not in miss]
        order = rng.permutation(len(some))
        yield [truth[k] for k in order], seen(*(some[k] for k in order))


@pytest.mark.parametrize("seed", range(5))
def test_crossing_objects_keep_their_identities(seed):
    rng = np.random.default_rng(seed)
    # One is hidden by the other while they meet.
    miss = {(t, 1) for t in range(28, 33)}
    tracker, names = ByteTrack(), {0: set(), 1: set()}
    for truth, detections in crossing(rng, miss=miss):
        tracked = tracker.update(detections)
        for k, number in zip(truth, tracked.ids, strict=True):
            names[k].add(int(number))
    assert len(names[0]) == len(names[1]) == 1
    assert names[0] != names[1]


def test_weak_detections_keep_a_track_and_begin_none():
    tracker = ByteTrack(strong=0.5, weak=0.1)
    assert tracker.update(seen((0, 0, 0.9, 0))).ids.tolist() == [1]
    again = tracker.update(seen((2, 0, 0.2, 0), (200, 0, 0.2, 0)))
    assert again.ids.tolist() == [1]
    assert len(again.detections) == 1
    assert tracker.update(seen((4, 0, 0.05, 0))).ids.tolist() == []


def test_a_new_object_is_named_when_it_is_seen_again():
    tracker = ByteTrack()
    tracker.update(seen((0, 0, 0.9, 0)))
    assert tracker.update(seen((0, 0, 0.9, 0), (200, 0, 0.9, 0))).ids.tolist() == [1, -1]
    assert tracker.update(seen((0, 0, 0.9, 0), (200, 0, 0.9, 0))).ids.tolist() == [1, 2]


def test_how_long_an_object_may_be_gone():
    for gone, same in ((5, True), (6, False)):
        tracker = ByteTrack(patience=5)
        tracker.update(seen((0, 0, 0.9, 0)))
        for _ in range(gone):
            assert len(tracker.update(seen()).ids) == 0
        ids = [int(tracker.update(seen((0, 0, 0.9, 0))).ids[0]) for _ in range(2)]
        assert (ids == [1, 1]) == same


def test_another_class_is_another_object():
    tracker = ByteTrack()
    tracker.update(seen((0, 0, 0.9, 0)))
    assert tracker.update(seen((0, 0, 0.9, 1))).ids.tolist() == [-1]


def test_thresholds_that_are_the_wrong_way_round():
    with pytest.raises(ValueError, match="weak <= strong"):
        ByteTrack(strong=0.1, weak=0.5)
