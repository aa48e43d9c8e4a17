from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foveal.data import Dataset, Sample
from foveal.data.class_order import joined_classes, only_classes, with_classes

FLAGS = np.zeros(3, bool)
BOXES = np.float32([[0, 0, 10, 10], [5, 5, 15, 15], [1, 1, 4, 4]])
SAMPLE = Sample(Path("a.jpg"), 7, 20, 20, BOXES, np.int64([0, 1, 0]), FLAGS, FLAGS, np.full(3, 9.0))
BOXED = Dataset(Path(), "coco", "detection", ("cat", "dog"), (SAMPLE, Sample(Path("b.jpg"), 8)), (3, 9))


def names(dataset, sample):
    return [dataset.classes[label] for label in sample.labels]


def test_joined_classes():
    assert joined_classes(("dog",), ("cat", "dog", "bird")) == ("dog", "cat", "bird")
    assert joined_classes((), ()) == ()


def test_other_order_and_more_classes():
    other = with_classes(BOXED, ("dog", "bird", "cat"))
    assert other.classes == ("dog", "bird", "cat")
    assert other.category_ids == (9, 10, 3)
    assert names(other, other[0]) == ["cat", "dog", "cat"]
    assert not len(other[1].labels)
    known = {c["id"]: c["name"] for c in BOXED.to_coco()["categories"]}
    for before, after in zip(BOXED.to_coco()["annotations"], other.to_coco()["annotations"], strict=True):
        assert known[before["category_id"]] == known[after["category_id"]]
    assert with_classes(BOXED, BOXED.classes) is BOXED
    with pytest.raises(ValueError, match="dog"):
        with_classes(BOXED, ("cat", "bird"))


def test_only_some_classes():
    only = only_classes(BOXED, ("dog", "bird"))
    assert only.classes == ("dog", "bird")
    assert names(only, only[0]) == ["dog"]
    assert only[0].boxes.tolist() == [[5, 5, 15, 15]]
    assert len(only) == 2
    assert only_classes(BOXED, ("dog", "cat")).classes == ("dog", "cat")


def test_whole_images_of_other_classes_are_left_out():
    samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 3) for i in range(6))
    dataset = replace(BOXED, task="classification", classes=("a", "b", "c"), samples=samples, category_ids=())
    only = only_classes(dataset, ("c", "a"))
    assert [(s.id, only.classes[s.label]) for s in only] == [(0, "a"), (2, "c"), (3, "a"), (5, "c")]
