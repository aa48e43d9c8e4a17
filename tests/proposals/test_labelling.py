import numpy as np
import pytest

from foveal.boxes import BACKGROUND, IGNORE
from foveal.errors import SettingError
from foveal.proposals import label_proposals

# Against an object of 10 x 10 the IoU of a box 10 wide is its height in tenths.
OBJECT = [[0, 0, 10, 10]]


def of_iou(*tenths):
    return [[0, 0, 10, t] for t in tenths]


def test_thresholds():
    found = label_proposals(of_iou(10, 7, 6, 3, 2, 0), OBJECT, [4])
    assert found.labels.tolist() == [4, 4, IGNORE, IGNORE, BACKGROUND, BACKGROUND]
    assert found.labels.dtype == np.int64
    assert found.ious.dtype == np.float32
    np.testing.assert_allclose(found.ious, [1, 0.7, 0.6, 0.3, 0.2, 0], rtol=1e-6)
    assert len(found) == 6


def test_difficult_negatives():
    found = label_proposals(of_iou(8, 5, 4, 2, 1, 0), OBJECT, [0], difficult=(0.2, 0.5))
    assert found.labels.tolist() == [0, IGNORE, BACKGROUND, BACKGROUND, IGNORE, IGNORE]


def test_the_class_of_the_object_that_is_overlapped_most():
    found = label_proposals(of_iou(8), [[0, 0, 10, 10], [0, 0, 10, 7]], [5, 2])
    assert found.labels.tolist() == [2]


def test_ignored_objects():
    boxes = [[0, 0, 10, 10], [20, 0, 30, 10], [0, 0, 10, 2], [20, 0, 30, 4]]
    found = label_proposals(boxes, [[0, 0, 10, 10], [20, 0, 30, 10]], [1, 2], ignored=[False, True])
    assert found.labels.tolist() == [1, IGNORE, BACKGROUND, IGNORE]
    assert found.ious[1] == 0


def test_nothing():
    assert label_proposals([], OBJECT, [0]).labels.shape == (0,)
    assert label_proposals(of_iou(9), [], []).labels.tolist() == [BACKGROUND]
    assert label_proposals(of_iou(9), [], [], difficult=(0.2, 0.5)).labels.tolist() == [IGNORE]


@pytest.mark.parametrize(
    ("thresholds", "named"),
    [
        ({"positive": 0.2}, "positive=0.2 and negative=0.3"),
        ({"positive": 1.1}, "positive=1.1"),
        ({"negative": -0.1}, "negative=-0.1"),
        ({"positive": 0.0, "negative": 0.0}, "positive=0.0"),
        ({"difficult": (0.5, 0.2)}, "difficult=(0.5, 0.2)"),
        ({"difficult": (0.2, 0.8)}, "difficult=(0.2, 0.8)"),
    ],
)
def test_impossible_thresholds(thresholds, named):
    with pytest.raises(SettingError) as caught:
        label_proposals(of_iou(5), OBJECT, [0], **thresholds)
    assert named in str(caught.value)


def test_one_label_an_object():
    with pytest.raises(ValueError, match="got 2 for 1"):
        label_proposals(of_iou(5), OBJECT, [0, 1])
