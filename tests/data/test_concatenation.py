from pathlib import Path

import numpy as np
import pytest

from foveal.data import Dataset, Sample
from foveal.errors import DataError


def boxed(root, classes, labels, *, ids=None, split=None, category_ids=()):
    flags = np.zeros(1, np.bool_)
    samples = tuple(
        Sample(
            Path(root) / f"{i}.jpg", i, 9, 9, np.float32([[0, 0, 5, 5]]), np.array([label]), flags, flags,
            np.array([25.0]), split=split,
        )
        for i, label in zip(ids or range(1, len(labels) + 1), labels, strict=True)
    )  # fmt: skip
    return Dataset(Path(root), "voc", "detection", classes, samples, category_ids)


def test_classes_are_told_by_their_names():
    both = boxed("d/a", ("cat", "dog"), [0, 1]).concatenate(boxed("d/b", ("owl", "dog"), [0, 1]))
    assert both.classes == ("cat", "dog", "owl")
    assert [both.classes[s.labels[0]] for s in both] == ["cat", "dog", "owl", "dog"]
    assert both.root == Path("d").absolute()
    assert both.format == "voc"


def test_ids_stay_where_they_are_free():
    both = boxed("a", ("cat",), [0] * 3, ids=[2, 9, 4]).concatenate(
        boxed("b", ("cat",), [0] * 3, ids=[1, 2, 9])
    )
    assert [s.id for s in both] == [2, 9, 4, 1, 10, 11]


def test_category_ids_are_the_first_ones_and_free_ones():
    one = boxed("a", ("cat", "dog"), [0], category_ids=(1, 3))
    both = one.concatenate(boxed("b", ("owl", "dog", "bat"), [0], category_ids=(3, 1, 7)))
    assert both.category_ids == (1, 3, 2, 4)


def test_parts_are_kept_and_missing_ones_told():
    one, other = boxed("a", ("cat",), [0], split="test"), boxed("b", ("cat",), [0, 0])
    both = one.concatenate(other)
    assert [s.split for s in both] == ["test", None, None]
    assert [(f.kind, f.message) for f in both.findings] == [
        ("in-no-part", "2 pictures are in no part, since b has none.")
    ]
    assert one.concatenate(one).findings == other.concatenate(other).findings == ()


def test_nothing_and_itself():
    one = boxed("a", ("cat",), [0])
    assert len(one.concatenate()) == 1
    assert len(one.concatenate(one[:0])) == 1
    assert len(one[:0].concatenate(one)) == 1


def test_other_tasks_are_refused():
    whole = Dataset(Path("b"), "folders", "classification", ("cat",), ())
    with pytest.raises(DataError, match="b is a data set for classification, a one for detection"):
        boxed("a", ("cat",), [0]).concatenate(whole)
