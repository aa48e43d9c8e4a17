"""Results files of any program, and what is wrong with them."""

import json
from pathlib import Path

import numpy as np
import pytest

from foveal.errors import DataError
from foveal.metrics import read_results, to_results

TRUTH = {
    "images": [{"id": 4, "file_name": "dir/a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
    "categories": [{"id": 1, "name": "cat"}, {"id": 6, "name": "dog"}],
    "annotations": [],
}
GOOD = {"image_id": 4, "category_id": 6, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.fixture
def write(tmp_path):
    def to_file(content):
        file = tmp_path / "found in café.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    return to_file


def test_a_plain_list(write):
    assert read_results(write([GOOD, GOOD | {"segmentation": []}]), TRUTH) == [GOOD, GOOD]
    assert read_results(write([]), TRUTH) == []


def test_an_object_with_annotations(write):
    assert read_results(write({"annotations": [GOOD]}), TRUTH) == [GOOD]


def test_own_ids_are_translated_by_name(write):
    content = {
        "images": [{"id": 0, "file_name": "b.jpg"}, {"id": 4, "file_name": "a.jpg"}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [GOOD | {"image_id": 0, "category_id": 1}, GOOD | {"category_id": 1}],
    }
    found = read_results(write(content), TRUTH)
    assert [(r["image_id"], r["category_id"]) for r in found] == [(9, 6), (4, 6)]


def test_own_names_that_the_ground_truth_does_not_have(write):
    content = {"images": [{"id": 4, "file_name": "z.jpg"}], "annotations": [GOOD]}
    with pytest.raises(DataError, match=r"entry 1 of .*'z.jpg', which is no image of"):
        read_results(write(content), TRUTH)
    content = {"categories": [{"id": 6, "name": "Dog"}], "annotations": [GOOD]}
    with pytest.raises(DataError, match=r"'Dog', which is no category of"):
        read_results(write(content), TRUTH)


def test_names_that_two_images_share_say_nothing(write):
    truth = TRUTH | {"images": [{"id": 4, "file_name": "a.jpg"}, {"id": 9, "file_name": "a.jpg"}]}
    content = {"images": [{"id": 4, "file_name": "a.jpg"}], "annotations": [GOOD]}
    assert read_results(write(content), truth) == [GOOD]
    with pytest.raises(DataError, match="image 'a'"):
        read_results(write([GOOD | {"image_id": "a"}]), truth)


@pytest.mark.parametrize("name", ["dir/a.jpg", "a.jpg", "a", "dir/a"])
def test_image_ids_that_are_file_names(write, name):
    assert read_results(write([GOOD | {"image_id": name}]), TRUTH) == [GOOD]


@pytest.mark.parametrize("key", ["image_id", "category_id", "bbox", "score"])
def test_missing_keys(write, key):
    bad = {k: v for k, v in GOOD.items() if k != key}
    with pytest.raises(DataError, match=rf"entry 2 of .*café\.json has no '{key}'"):
        read_results(write([GOOD, bad]), TRUTH)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ('[{"image_id"', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "no detections"),
        ({"images": []}, "no detections"),
        ({"annotations": {}}, "no detections"),
        ([3], "entry 1 of .* is 3"),
        ([GOOD, GOOD | {"image_id": 5}], "entry 2 of .*image 5"),
        ([GOOD | {"category_id": 2}], "entry 1 of .*category 2.*1, 6"),
        ([GOOD | {"bbox": [0, 0, 5, -1]}], "negative"),
        ([GOOD | {"score": float("nan")}], "finite"),
        ([GOOD | {"bbox": [float("inf"), 0, 1, 1]}], "finite"),
        ([GOOD | {"score": 10**400}], "finite"),
    ],
)
def test_bad_files(write, content, message):
    with pytest.raises(DataError, match=message):
        read_results(write(content), TRUTH)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match=r"no file .*none\.json"):
        read_results(tmp_path / "none.json", TRUTH)
    with pytest.raises(DataError, match="cannot be read"):
        read_results(tmp_path, TRUTH)


def test_bytes_that_are_no_text(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b"\xff\xfe\x00[")
    with pytest.raises(DataError, match="not JSON"):
        read_results(file, TRUTH)


def test_to_results_goes_by_class_names():
    from foveal.data import Dataset, Detections, Sample

    samples = (Sample(Path("a.jpg"), 4), Sample(Path("b.jpg"), 9))
    dataset = Dataset(Path(), "coco", "detection", ("cat", "dog"), samples, category_ids=(1, 6))
    found = Detections(
        np.array([[1, 2, 4, 6], [0, 0, 1, 1]], np.float32),
        np.array([0.5, 0.25], np.float32),
        np.array([0, 1]),
        ("dog", "cat"),
    )
    results = to_results(dataset, [found, Detections.empty(("dog",))])
    assert results[0] == {"image_id": 4, "category_id": 6, "bbox": [1, 2, 3, 4], "score": 0.5}
    assert results[1]["category_id"] == 1
    assert len(results) == 2
    assert to_results(dataset, [Detections.empty(("bird",))] * 2) == []
    with pytest.raises(ValueError, match="shorter"):
        to_results(dataset, [found])
    strange = Detections(found.boxes, found.scores, found.labels, ("bird", "cat"))
    with pytest.raises(DataError, match=r"a\.jpg are of the class 'bird'"):
        to_results(dataset, [strange, strange])
