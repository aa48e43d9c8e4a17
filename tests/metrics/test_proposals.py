"""ABO, MABO and recall against the definition, one object at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.metrics import proposal_recall


def overlap(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


box = st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 6)] * 2).map(
    lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3])
)
image = st.tuples(st.lists(box, max_size=12), st.lists(st.tuples(box, st.integers(0, 2)), max_size=4))


@settings(deadline=None)
@given(st.lists(image, max_size=4))
def test_definition(images):
    numbers = (1, 3, 7, None)
    quality = proposal_recall(
        [boxes for boxes, _ in images],
        [[b for b, _ in objects] for _, objects in images],
        numbers=numbers,
        thresholds=(0.5, 0.7),
        labels=[[k for _, k in objects] for _, objects in images],
    )
    for column, number in enumerate(numbers):
        best = {}
        for boxes, objects in images:
            for b, k in objects:
                found = max((overlap(b, p) for p in boxes[:number]), default=0.0)
                best.setdefault(k, []).append(found)
        assert quality.labels.tolist() == sorted(best)
        abo = [np.mean(best[k]) for k in sorted(best)]
        assert quality.abo[:, column] == pytest.approx(abo, abs=1e-9)
        if not best:
            assert np.isnan(quality.mabo).all()
            assert np.isnan(quality.recall).all()
            continue
        assert quality.mabo[column] == pytest.approx(np.mean(abo), abs=1e-9)
        flat = np.concatenate([best[k] for k in best])
        for row, threshold in enumerate((0.5, 0.7)):
            assert quality.recall[row, column] == pytest.approx((flat >= threshold).mean())
    assert quality.images == len(images)
    if images:
        counts = [[len(b[:n]) for b, _ in images] for n in numbers]
        assert quality.mean_counts == pytest.approx(np.mean(counts, axis=1))


def test_curve_rises_to_all_proposals():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 80, (2, 500, 2))
    boxes = [np.concatenate([c, c + rng.uniform(5, 60, c.shape)], axis=1).astype(np.float32) for c in corners]
    quality = proposal_recall(boxes, [b[:5] + np.float32(3) for b in boxes])
    assert quality.curve_numbers[0] == 1
    assert quality.curve_numbers[-1] == 500
    assert (np.diff(quality.curve_numbers) > 0).all()
    assert quality.curve_recall.shape == (3, len(quality.curve_numbers))
    assert (np.diff(quality.curve_recall, axis=1) >= 0).all()
    assert (np.diff(quality.curve_mabo) >= 0).all()
    assert quality.curve_recall[:, -1] == pytest.approx(quality.recall[:, -1])
    assert quality.mean_counts.tolist() == [100, 500, 500, 500, 500]
    assert quality.objects == 10


def test_float32_boxes_on_the_edge_of_a_threshold():
    """7 of 10 is 0.7, though float32's 0.7 is less than float64's."""
    quality = proposal_recall(
        [np.array([[0, 0, 7, 1]], np.float32)], [np.array([[0, 0, 10, 1]], np.float32)], thresholds=(0.7,)
    )
    assert quality.recall.tolist() == [[1] * 5]


def test_empty():
    nothing = proposal_recall([], [])
    assert (nothing.images, nothing.objects, nothing.abo.shape) == (0, 0, (0, 5))
    assert np.isnan(nothing.mabo).all()
    blind = proposal_recall([np.zeros((0, 4)), []], [[[0, 0, 5, 5]], []], labels=[[4], []])
    assert blind.mabo.tolist() == [0] * 5
    assert blind.recall.tolist() == [[0] * 5] * 3
    assert blind.labels.tolist() == [4]


def test_mistakes():
    with pytest.raises(ValueError, match="2 images"):
        proposal_recall([[], []], [[]])
    with pytest.raises(ValueError, match="at least 1"):
        proposal_recall([], [], numbers=(0,))
    with pytest.raises(ValueError, match="at most 1"):
        proposal_recall([], [], thresholds=(1.2,))
    with pytest.raises(ValueError, match="labels"):
        proposal_recall([[]], [[[0, 0, 1, 1]]], labels=[[]])
    with pytest.raises(ValueError, match="labels"):
        proposal_recall([[]], [[[0, 0, 1, 1]]], labels=[])
