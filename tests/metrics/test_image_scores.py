"""Scores of single images."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.boxes import BACKGROUND, IGNORE
from foveal.metrics import per_image


def obj(image: int, box: list[float], **more: float) -> dict:
    return {"image_id": image, "category_id": 1, "bbox": box, **more}


def truth(*annotations: dict) -> dict:
    return {
        "images": [{"id": 8}, {"id": 3}, {"id": 5}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": list(annotations),
    }


def test_each_image_on_its_own():
    ground_truth = truth(
        obj(3, [0, 0, 10, 10]),
        obj(8, [0, 0, 10, 10]),
        obj(8, [50, 0, 10, 10], difficult=1),
        obj(8, [90, 0, 9, 9]),
    )
    results = [
        obj(8, [0, 0, 10, 9], score=0.7),
        obj(3, [60, 0, 10, 10], score=0.6),
        obj(8, [0, 0, 10, 10], score=0.8),
        obj(8, [50, 0, 10, 10], score=0.9),
        obj(8, [90, 0, 9, 9], score=0.1),
    ]
    first, second, third = per_image(ground_truth, results)
    assert [s.image_id for s in (first, second, third)] == [8, 3, 5]
    assert first.detections.tolist() == [3, 2, 0]
    assert first.matches.tolist() == [IGNORE, 1, BACKGROUND]
    assert first.missed.tolist() == [3]
    assert (first.true_positives, first.false_positives, first.misses) == (1, 1, 1)
    assert first.quality == pytest.approx(0.5)
    assert (second.quality, second.missed.tolist()) == (0, [0])
    assert (third.quality, len(third.detections)) == (1, 0)
    assert per_image(ground_truth, results, min_score=0)[0].misses == 0


def test_empty():
    assert per_image({"images": [], "categories": [], "annotations": []}, []) == []
    assert [s.quality for s in per_image(truth(), [])] == [1, 1, 1]
    assert [s.quality for s in per_image(truth(), [obj(3, [0, 0, 1, 1], score=1)])] == [1, 0, 1]


boxes = st.lists(st.integers(1, 5), min_size=4, max_size=4)
entries = st.tuples(st.sampled_from([3, 5, 8]), boxes)


@settings(deadline=None)
@given(st.lists(entries, max_size=8), st.lists(entries, max_size=12))
def test_counts_add_up(objects, detections):
    ground_truth = truth(*(obj(i, b) for i, b in objects))
    scores = per_image(ground_truth, [obj(i, b, score=0.5) for i, b in detections])
    assert sum(s.true_positives + s.misses for s in scores) == len(objects)
    assert sum(s.true_positives + s.false_positives for s in scores) == len(detections)
    for s in scores:
        assert 0 <= s.quality <= 1
        assert (s.quality == 1) == (s.false_positives + s.misses == 0)
        assert all(objects[m][0] == s.image_id for m in s.missed)
        assert all(detections[d][0] == s.image_id for d in s.detections)
