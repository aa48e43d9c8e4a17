"""What is taken for what."""

import numpy as np
import pytest

from foveal.errors import DataError, SettingError
from foveal.metrics import ConfusionMatrix, confusion

TRUTH = {
    "images": [{"id": 0}, {"id": 5}],
    "categories": [{"id": 9, "name": "dog"}, {"id": 2, "name": "cat"}],
    "annotations": [
        {"id": 0, "image_id": 0, "category_id": 2, "bbox": [0, 0, 10, 10]},
        {"id": 0, "image_id": 0, "category_id": 9, "bbox": [30, 0, 10, 10]},
        {"id": 0, "image_id": 5, "category_id": 9, "bbox": [0, 0, 10, 10]},
    ],
}


def found(image: int, category: int, box: list[float], score: float = 0.9) -> dict:
    return {"image_id": image, "category_id": category, "bbox": box, "score": score}


def test_rows_are_the_truth_in_the_order_of_the_categories():
    results = [
        found(0, 9, [0, 0, 10, 9]),  # the cat, called a dog
        found(0, 9, [30, 0, 10, 9]),
        found(5, 2, [50, 50, 10, 10]),  # nothing there
        found(5, 9, [0, 0, 10, 10], score=0.1),  # too doubtful
    ]
    matrix = confusion(TRUTH, results)
    assert matrix.classes == ("dog", "cat", "background")
    assert matrix.matrix.tolist() == [[1, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert matrix.matrix.dtype == np.int64
    assert confusion(TRUTH, results, min_score=0).matrix.tolist() == [[2, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert confusion(TRUTH, results, iou_threshold=0.95).matrix.sum(axis=1)[:2].tolist() == [2, 1]


def test_the_better_score_comes_first_whatever_its_class():
    results = [found(5, 9, [0, 0, 10, 10], 0.8), found(5, 2, [0, 0, 10, 6], 0.9)]
    assert confusion(TRUTH, results).matrix.tolist() == [[0, 1, 1], [0, 0, 1], [1, 0, 0]]


def test_a_crowd_matches_nothing():
    crowd = TRUTH | {"annotations": [TRUTH["annotations"][2] | {"iscrowd": 1}]}
    assert confusion(crowd, [found(5, 9, [0, 0, 10, 10])]).matrix.tolist() == [
        [0, 0, 0],
        [0, 0, 0],
        [1, 0, 0],
    ]


def test_more_than_a_hundred_detections_count():
    results = [found(5, 2, [50 + i, 50, 1, 1]) for i in range(150)]
    assert confusion(TRUTH, results).matrix[2, 1] == 150


def test_empty():
    nothing = {"images": [], "categories": [], "annotations": []}
    assert confusion(nothing, []).matrix.tolist() == [[0]]
    assert confusion(TRUTH | {"annotations": []}, []).matrix.sum() == 0
    assert confusion(TRUTH, []).matrix.tolist() == [[0, 0, 2], [0, 0, 1], [0, 0, 0]]


def test_normalized_rows():
    matrix = ConfusionMatrix(np.array([[3, 1], [0, 0]]), ("a", "b"))
    assert matrix.normalized.tolist() == [[0.75, 0.25], [0, 0]]


def test_mistakes():
    with pytest.raises(DataError, match="image 3"):
        confusion(TRUTH, [found(3, 2, [0, 0, 1, 1])])
    with pytest.raises(SettingError):
        confusion(TRUTH, [], iou_threshold=0)
