import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.boxes import iou
from foveal.proposals._ranking_kernels import best_overlap_before
from foveal.proposals.ranking import discounted, fused_scores, united


def drawn_boxes(seed, number, side=40):
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, side, (number, 4))
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    return np.concatenate([low, high + 1], axis=1).astype(np.int32)


@given(st.integers(0, 999), st.lists(st.integers(1, 30), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_united(seed, lengths):
    boxes = drawn_boxes(seed, sum(lengths), side=4)
    different, which = united(boxes)
    np.testing.assert_array_equal(different[which], boxes)
    assert len(np.unique(different, axis=0)) == len(different)
    # In the order in which they are first met.
    first = [which.tolist().index(u) for u in range(len(different))]
    assert first == sorted(first)


def test_united_takes_coordinates_up_to_the_last():
    boxes = np.array([[0, 0, 65535, 1], [0, 0, 1, 65535], [65534, 65534, 65535, 65535]] * 2, np.int32)
    different, which = united(boxes)
    np.testing.assert_array_equal(different, boxes[:3])
    assert which.tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_fused_scores(seed):
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0, *rng.integers(1, 30, 4)])
    which = rng.integers(0, 12, starts[-1]).astype(np.int32)
    expected = np.zeros(12)
    for begin, end in itertools.pairwise(starts):
        for rank, box in enumerate(which[begin:end][::-1]):
            expected[box] += 1 / (60 + rank)
    np.testing.assert_allclose(fused_scores(which, starts, 12), expected, rtol=1e-12)


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.85, 0.99])
def test_best_overlap_before(threshold):
    for seed in range(8):
        boxes = drawn_boxes(seed, 300, side=12)
        kept, expected = [], []
        overlaps = iou(boxes, boxes)
        for i in range(len(boxes)):
            best = overlaps[i, kept].max(initial=0)
            expected.append(best if best > threshold else 0)
            if best <= threshold:
                kept.append(i)
        assert 0 < len(kept) < len(boxes)
        np.testing.assert_allclose(best_overlap_before(boxes, threshold), expected, rtol=1e-6)


def test_boxes_of_any_size():
    boxes = np.array([[0, 0, 65535, 65535], [0, 0, 65535, 65534], [0, 0, 1, 1], [0, 0, 65535, 1]], np.int32)
    np.testing.assert_allclose(best_overlap_before(boxes, 0.7), [0, 65534 / 65535, 0, 0], rtol=1e-6)


def test_discounted():
    boxes = drawn_boxes(3, 400, side=9)
    scores = np.random.default_rng(3).random(400).round(1)
    found = discounted(boxes, scores)
    ranked = np.argsort(-scores, kind="stable")
    overlaps = best_overlap_before(boxes[ranked], 0.7)
    assert (overlaps > 0.85).any()
    assert ((overlaps > 0.7) & (overlaps < 0.85)).any()
    np.testing.assert_allclose(
        found[ranked], scores[ranked] * 0.5 ** ((overlaps > 0.7) + 1.0 * (overlaps > 0.85))
    )


def test_nothing_to_rank():
    assert discounted(np.zeros((0, 4), np.int32), np.zeros(0)).tolist() == []
