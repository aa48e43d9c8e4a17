import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.boxes import iou, nms, soft_nms


def plain_nms(boxes, scores, threshold, labels):
    """Greedy suppression as one would say it."""
    overlaps = iou(boxes, boxes)
    keep = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if not any(overlaps[i, k] > threshold and labels[i] == labels[k] for k in keep):
            keep.append(i)
    return keep


def plain_soft_nms(boxes, scores, labels, method, threshold, sigma, min_score):
    """Figure 2 of Bodla et al."""
    scores, left, kept = list(map(float, scores)), list(range(len(boxes))), []
    overlaps = iou(boxes, boxes).astype(np.float64)
    while left:
        best = max(left, key=lambda i: (scores[i], -i))
        left.remove(best)
        if scores[best] < min_score:
            break
        kept.append(best)
        for i in left:
            if labels[i] == labels[best]:
                u = overlaps[best, i]
                if method == "gaussian":
                    scores[i] *= math.exp(-(u**2) / sigma)
                elif np.float32(u) >= np.float32(threshold):
                    scores[i] *= 1 - u
    return {i: scores[i] for i in kept}


def random_case(seed, count=60, dtype=np.float32, distinct=False):
    generator = np.random.default_rng(seed)
    # A coarse grid, so that ties and IoUs exactly on the threshold happen.
    corner, size = generator.integers(0, 20, (count, 2)), generator.integers(0, 12, (count, 2))
    scores = generator.random(count) if distinct else generator.integers(0, 8, count) / 8
    return np.hstack([corner, corner + size]).astype(dtype), scores, generator.integers(0, 3, count)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 1.0])
def test_the_kernel_is_the_plain_algorithm(threshold, dtype):
    for seed in range(10):
        boxes, scores, labels = random_case(seed, dtype=dtype)
        keep = nms(boxes, scores, threshold)
        assert keep.dtype == np.int64
        assert keep.tolist() == plain_nms(boxes, scores, dtype(threshold), np.zeros(len(boxes)))
        assert nms(boxes, scores, threshold, labels).tolist() == plain_nms(
            boxes, scores, dtype(threshold), labels
        )


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans())
def test_idempotent_and_mutually_below_the_threshold(seed, threshold, with_labels):
    boxes, scores, labels = random_case(seed, 30)
    labels = labels if with_labels else None
    keep = nms(boxes, scores, threshold, labels)
    assert (np.diff(scores[keep]) <= 0).all()
    again = nms(boxes[keep], scores[keep], threshold, None if labels is None else labels[keep])
    assert again.tolist() == list(range(len(keep)))
    overlaps = iou(boxes, boxes)
    same = np.ones_like(overlaps, bool) if labels is None else labels[:, None] == labels
    among = overlaps[np.ix_(keep, keep)] * same[np.ix_(keep, keep)]
    assert (among[~np.eye(len(keep), dtype=bool)] <= threshold).all()
    # Whatever was dropped has a better box that was kept and overlaps it.
    for i in set(range(len(boxes))) - set(keep.tolist()):
        assert any(overlaps[i, k] > threshold and same[i, k] and scores[k] >= scores[i] for k in keep)


def test_ties_go_to_the_lower_index():
    assert nms([[0, 0, 10, 10]] * 3, [0.5, 0.5, 0.5]).tolist() == [0]
    assert nms([[0, 0, 1, 1], [5, 5, 6, 6], [9, 9, 10, 10]], [1, 2, 2]).tolist() == [1, 2, 0]


def test_an_iou_on_the_threshold_does_not_suppress():
    boxes = [[0, 0, 2, 2], [0, 0, 2, 4]]
    assert nms(boxes, [2, 1], threshold=0.5).tolist() == [0, 1]
    assert nms(boxes, [2, 1], threshold=0.49).tolist() == [0]


def test_boxes_without_area_stay():
    assert nms([[3, 3, 3, 3], [3, 3, 3, 3], [0, 0, 9, 9], [9, 9, 0, 0]], [1, 2, 3, 4]).tolist() == [
        3,
        2,
        1,
        0,
    ]


def test_classes_do_not_suppress_each_other_however_they_are_numbered():
    boxes, scores = [[0, 0, 10, 10]] * 4, [0.1, 0.2, 0.3, 0.4]
    assert nms(boxes, scores, labels=[7, -1, 7, 1000]).tolist() == [3, 2, 1]


def test_empties():
    assert nms([], []).tolist() == []
    assert nms([], [], labels=[]).dtype == np.int64
    keep, scores = soft_nms([], [])
    assert len(keep) == len(scores) == 0


@pytest.mark.parametrize("function", [nms, soft_nms])
def test_arguments_are_checked(function):
    with pytest.raises(ValueError, match=r"scores must be one for each of the 1 boxes"):
        function([[0, 0, 1, 1]], [0.5, 0.6])
    with pytest.raises(ValueError, match="labels must be one for each"):
        function([[0, 0, 1, 1]], [0.5], labels=[1, 2])
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        function([[0, 0, 1, 1]], [0.5], labels=[0.5])
    with pytest.raises(ValueError, match="scores must not be NaN; number 1"):
        function([[0, 0, 1, 1]] * 2, [0.5, np.nan])
    with pytest.raises(ValueError, match="threshold"):
        function([[0, 0, 1, 1]], [0.5], threshold=1.5)


def test_infinite_scores_are_scores():
    assert nms([[0, 0, 1, 1], [3, 3, 4, 4]], [-np.inf, np.inf]).tolist() == [1, 0]


@pytest.mark.parametrize("method", ["linear", "gaussian"])
def test_soft_nms_is_the_plain_algorithm(method):
    for seed in range(8):
        boxes, scores, labels = random_case(seed, 40, distinct=True)
        for classes in (None, labels):
            keep, new = soft_nms(boxes, scores, classes, method=method, min_score=0.05)
            plain = plain_soft_nms(
                boxes, scores, np.zeros(len(boxes)) if classes is None else classes, method, 0.3, 0.5, 0.05
            )
            assert set(keep.tolist()) == set(plain)
            np.testing.assert_allclose(new, [plain[i] for i in keep], rtol=1e-6)
            assert (np.diff(new) <= 0).all()
            assert (new <= scores[keep] + 1e-12).all()


def test_soft_nms_by_hand():
    boxes = [[0, 0, 10, 10], [0, 0, 10, 6], [0, 0, 10, 1]]
    keep, new = soft_nms(boxes, [0.9, 0.8, 0.7])
    # IoU with the first: 0.6, so 0.8 becomes 0.32; 0.1 and 1/6 lie below 0.3.
    assert keep.tolist() == [0, 2, 1]
    np.testing.assert_allclose(new, [0.9, 0.7, 0.32], rtol=1e-6)
    keep, new = soft_nms([[0, 0, 4, 4]] * 2, [0.9, 0.8], method="gaussian")
    np.testing.assert_allclose(new, [0.9, 0.8 * math.exp(-2)], rtol=1e-6)
    # Identical boxes decay linearly to nothing and are dropped.
    assert soft_nms([[0, 0, 4, 4]] * 2, [0.9, 0.8])[0].tolist() == [0]


def test_soft_nms_ties_dtypes_and_settings():
    keep, new = soft_nms([[0, 0, 4, 4], [9, 9, 12, 12]], np.array([0.5, 0.5]))
    assert keep.tolist() == [0, 1]
    assert new.dtype == np.float64
    assert soft_nms([[0, 0, 4, 4]], np.float32([0.5]))[1].dtype == np.float32
    assert soft_nms([[0, 0, 4, 4]], [-1.0])[0].tolist() == []
    with pytest.raises(ValueError, match="method"):
        soft_nms([], [], method="hard")
    with pytest.raises(ValueError, match="sigma"):
        soft_nms([], [], sigma=0)
    with pytest.raises(ValueError, match="min_score"):
        soft_nms([], [], min_score=-1)
