import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.boxes import iou
from foveal.metrics import proposal_recall
from foveal.proposals import cover_objects
from foveal.proposals.ranking import find_near_copies

BOXES = [[0, 0, 100, 100], [0, 0, 50, 100], [0, 0, 50, 100], [10, 0, 50, 100]]


def test_the_best_and_the_first():
    covers = cover_objects(BOXES, [[0, 0, 50, 100], [0, 0, 90, 90], [200, 0, 300, 9]], thresholds=(0.5, 0.9))
    assert covers.best.tolist() == [1, 0, -1]
    np.testing.assert_allclose(covers.overlaps, [1, 0.81, 0])
    assert covers.first.tolist() == [[0, 0, -1], [1, -1, -1]]


def test_nothing():
    none = cover_objects([], [[0, 0, 9, 9]])
    assert none.best.tolist() == [-1]
    assert none.overlaps.tolist() == [0]
    assert none.first.tolist() == [[-1], [-1]]
    assert cover_objects(BOXES, []).first.shape == (2, 0)
    assert cover_objects([], []).best.shape == (0,)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_agrees_with_the_recall(seed):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 40, (30, 2))
    boxes = np.hstack([corners, corners + rng.integers(5, 40, (30, 2))]).astype(np.float32)
    proposals, objects = boxes[:24], boxes[24:]
    covers = cover_objects(proposals, objects)
    measured = proposal_recall([proposals], [objects], numbers=(5, 24), thresholds=(0.5, 0.7))
    for n, recalls in zip((5, 24), np.asarray(measured.recall).T, strict=True):
        np.testing.assert_allclose(recalls, ((covers.first >= 0) & (covers.first < n)).mean(axis=1))


def test_near_copies():
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 12, (200, 2))
    boxes = np.hstack([corners, corners + rng.integers(60, 90, (200, 2))]).astype(np.float32)
    copies = find_near_copies(boxes)
    assert 0 < copies.sum() < 200
    overlaps = iou(boxes, boxes)
    for i in range(200):
        better = [j for j in range(i) if not copies[j]]
        assert copies[i] == bool((overlaps[i, better] > 0.85).any())
    assert not find_near_copies([]).size
