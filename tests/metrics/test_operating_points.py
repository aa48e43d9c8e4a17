import numpy as np
import pytest

from foveal.errors import SettingError
from foveal.metrics import operating_points, threshold_for
from foveal.metrics.operating_points import operating_points_of


def test_by_hand():
    points = operating_points_of([0.2, 0.9, 0.6, 0.6], [True, True, False, True], 4)
    assert points.thresholds.tolist() == [0.2, 0.6, 0.9]
    assert points.right.tolist() == [3, 2, 1]
    assert points.false.tolist() == [1, 1, 0]
    assert points.precision.tolist() == pytest.approx([3 / 4, 2 / 3, 1])
    assert points.recall.tolist() == [0.75, 0.5, 0.25]
    assert points.f1.tolist() == pytest.approx([6 / 8, 4 / 7, 2 / 5])
    assert [points.at(t) for t in (0.1, 0.2, 0.21, 0.6, 0.95)] == [0, 0, 1, 1, None]


def test_a_threshold_keeps_what_it_was_taken_from():
    scores = np.random.default_rng(0).random(500).astype(np.float32)
    scores = np.concatenate([scores, np.float32([1.0, 0.99999, 0.0])])
    right = np.random.default_rng(1).random(len(scores)) < 0.5
    points = operating_points_of(scores, right, 400)
    for at, threshold in enumerate(points.thresholds):
        kept = scores >= threshold
        assert points.right[at] + points.false[at] == kept.sum()
        assert points.right[at] == (kept & right).sum()


def test_difficult_and_crowd_objects_do_not_count():
    def thing(i, x, **more):
        return {"id": i, "image_id": 1, "category_id": 1, "bbox": [x, 0, 10, 10], **more}

    truth = {
        "images": [{"id": 1}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [thing(1, 0), thing(2, 100, difficult=1), thing(3, 200, iscrowd=1)],
    }
    found = [
        {"image_id": 1, "category_id": 1, "bbox": [x, 0, 10, 10], "score": s}
        for x, s in ((0, 0.5), (100, 0.9), (200, 0.8), (300, 0.4))
    ]
    points = operating_points(truth, found)
    assert points.objects == 1
    assert points.thresholds.tolist() == [0.4, 0.5]
    assert points.precision.tolist() == [0.5, 1]


def test_a_wanted_precision_finds_as_much_as_it_can():
    # Precision is no falling function: .75 is had at .9 (1 of 1) and again at .5 (3 of 4).
    points = operating_points_of([0.9, 0.8, 0.7, 0.5, 0.4], [True, False, True, True, False], 4)
    assert threshold_for(points, precision=0.75) == 0.5
    assert threshold_for(points, precision=1) == 0.9
    # Half of the objects are found from .7 on; from .5 on there are more, and fewer of the boxes are false.
    assert threshold_for(points, recall=0.5) == 0.5
    assert threshold_for(points, recall=0.25) == 0.9


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({}, "one of the two"),
        ({"precision": 0.9, "recall": 0.9}, "one of the two"),
        ({"precision": 0.0}, "above 0"),
        ({"recall": 1.5}, "at most 1"),
        ({"recall": 0.9}, r"the most is 0\.5, from a score of 0\.3"),
        ({"precision": 0.9}, r"the most is 0\.5, from a score of 0\.3"),
    ],
)
def test_what_cannot_be_reached_is_told(wanted, why):
    points = operating_points_of([0.9, 0.3], [False, True], 2)
    with pytest.raises(SettingError, match=why):
        threshold_for(points, **wanted)


def test_nothing():
    points = operating_points_of([], [], 0)
    assert points.at(0.5) is None
    with pytest.raises(SettingError, match="No detection is right"):
        threshold_for(points, recall=0.5)
