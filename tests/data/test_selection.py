from pathlib import Path

import numpy as np
import pytest

from foveal.data import Dataset, Sample
from foveal.data.choices import chosen_classes, chosen_names, chosen_shares
from foveal.errors import DataError, SettingError


def boxed(labels, *, xywh=False, number=1):
    """An image with an object of each label; the objects differ in everything."""
    n = len(labels)
    boxes = np.array([[i, i, 10 + i, 20 + i] for i in range(n)], np.float32).reshape(-1, 4)
    return Sample(
        Path(f"{number}.jpg"), number, 100, 80, boxes, np.array(labels, np.int64),
        np.arange(n) % 2 == 0, np.arange(n) == 1, np.arange(n, dtype=np.float64),
        xywh=boxes.astype(np.float64) if xywh else None,
    )  # fmt: skip


@pytest.fixture
def dataset():
    samples = (
        boxed([0, 1, 2], xywh=True),
        boxed([1, 1], number=2),
        boxed([], number=3),
        boxed([2], number=4),
    )
    return Dataset(Path("x"), "coco", "detection", ("ant", "bee", "cow"), samples, (5, 7, 9))


def ids(dataset):
    return [sample.id for sample in dataset]


def test_a_place_is_an_image_and_the_rest_are_data_sets(dataset):
    assert dataset[1].id == 2
    assert dataset[np.int64(-1)].id == 4
    assert ids(dataset[1:3]) == [2, 3]
    assert ids(dataset[::-2]) == [4, 2]
    assert ids(dataset[[3, -4]]) == [4, 1]
    assert ids(dataset[np.array([True, False, False, True])]) == [1, 4]
    assert ids(dataset[[]]) == []
    assert dataset[:2].classes == dataset.classes


def test_what_is_no_place_is_refused(dataset):
    with pytest.raises(IndexError, match="mask is of 2 images"):
        dataset[[True, False]]
    with pytest.raises(IndexError):
        dataset[[4]]
    with pytest.raises(IndexError):
        dataset[4]
    with pytest.raises(TypeError, match="mask or a list"):
        dataset[["ant"]]
    with pytest.raises(TypeError, match="mask or a list"):
        dataset[np.array([0.5])]


def test_a_filter_says_what_it_left_out(dataset):
    kept = dataset.filter(lambda sample: sample.id != 2)
    assert ids(kept) == [1, 3, 4]
    assert [f.message for f in kept.findings] == ["1 picture did not fit the filter."]
    assert dataset.filter(lambda sample: True).findings == ()
    assert dataset.findings == ()


def test_classes_that_stay(dataset):
    kept = dataset.filter(classes=["cow", "bee"])
    assert (kept.classes, kept.category_ids) == (("bee", "cow"), (7, 9))
    first = kept[0]
    assert first.labels.tolist() == [0, 1]
    assert first.boxes[:, 0].tolist() == first.xywh[:, 0].tolist() == first.areas.tolist() == [1, 2]
    assert first.difficult.tolist() == [False, True]
    assert first.crowd.tolist() == [True, False]
    assert [f.message for f in kept.findings] == ["1 object of other classes is left out: ant 1."]


def test_images_of_other_classes_are_background_or_go(dataset):
    kept = dataset.filter(classes=["cow"])
    assert [len(sample.boxes) for sample in kept] == [1, 0, 0, 1]
    assert [f.kind for f in kept.findings] == ["left-out", "background"]
    assert kept.findings[1].message == "1 picture shows objects of other classes only."
    kept = dataset.filter(classes=["cow"], background=False)
    assert ids(kept) == [1, 4]
    assert kept.findings[-1].message == "2 pictures have no object."
    assert ids(dataset.filter(background=False)) == [1, 2, 4]


def test_unknown_classes_are_refused(dataset):
    with pytest.raises(DataError, match=r"no class 'Cow'.*Did you mean 'cow'"):
        dataset.filter(classes=["Cow"])
    with pytest.raises(DataError, match="No class is named"):
        dataset.filter(classes=[])
    with pytest.raises(DataError, match="no class 'wolf'"):
        dataset.rename({"wolf": "cow"})
    with pytest.raises(DataError, match="not empty"):
        dataset.rename({"cow": " "})


def test_renamed_classes_keep_their_objects(dataset):
    other = dataset.rename({"bee": "wasp"})
    assert other.classes == ("ant", "wasp", "cow")
    assert [s.labels.tolist() for s in other] == [s.labels.tolist() for s in dataset]
    assert other.findings == ()


def test_classes_of_one_name_become_one(dataset):
    other = dataset.rename({"cow": "ant"})
    assert (other.classes, other.category_ids) == (("ant", "bee"), (5, 7))
    assert [s.labels.tolist() for s in other] == [[0, 1, 0], [1, 1], [], [0]]
    assert other.findings[0].message == "The classes ant, cow are one now."
    swapped = dataset.rename({"cow": "ant", "ant": "cow"})
    assert swapped.classes == ("cow", "bee", "ant")
    assert swapped[0].labels.tolist() == [0, 1, 2]


def test_classes_of_whole_images():
    samples = tuple(Sample(Path(f"{i}.jpg"), i, label=i % 3) for i in range(6))
    dataset = Dataset(Path("x"), "folders", "classification", ("a", "b", "c"), samples)
    kept = dataset.filter(classes=["c", "a"])
    assert [(s.id, s.label) for s in kept] == [(0, 0), (2, 1), (3, 0), (5, 1)]
    assert [s.label for s in dataset.rename({"c": "a"})] == [0, 1, 0, 0, 1, 0]
    assert len(dataset.filter(background=False)) == 6


def test_words_of_the_command_line():
    dataset = Dataset(Path("x"), "voc", "detection", ("a", "b,c", "d=e", "d"), ())
    assert chosen_classes(dataset, ["b,c", "a, d"]) == ["b,c", "a", "d"]
    assert chosen_names(dataset, ["d=e=f", "a = g"]) == {"d": "e=f", "a": "g"}
    assert chosen_names(dataset.filter(classes=["d=e"]), ["d=e=f"]) == {"d=e": "f"}
    assert chosen_shares(".5,.5") == [0.5, 0.5]
    for wrong in (["a"], ["a="], ["a=b", "a=c"]):
        with pytest.raises(SettingError):
            chosen_names(dataset, wrong)
    with pytest.raises(DataError, match="no class 'z'"):
        chosen_names(dataset, ["z=a"])
    with pytest.raises(SettingError, match="'half'"):
        chosen_shares("half")
