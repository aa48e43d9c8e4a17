import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data import (
    Dataset,
    Sample,
    load,
    write_coco,
    write_create_ml,
    write_cvat,
    write_kitti,
    write_label_studio,
    write_labelme,
    write_voc,
    write_yolo,
)
from foveal.errors import DataError

CLASSES = ("ant & bee", "cow", "möwe <x>")
NAMES = ("a b.png", "dog.337.png", "x#1=y.png", "é.png")
coordinates = st.integers(-1000, 40_000).map(lambda v: v / 1000)


@st.composite
def objects(draw):
    number = draw(st.integers(0, 4))
    boxes = [[draw(coordinates) for _ in range(4)] for _ in range(number)]
    flags = [[draw(st.booleans()) for _ in range(number)] for _ in range(2)]
    labels = [draw(st.integers(0, len(CLASSES) - 1)) for _ in range(number)]
    split = draw(st.sampled_from(["train", "val", "test"]))
    return boxes, labels, *flags, split


def make(root, described):
    """A data set of real pictures with the objects drawn, of which each class has one at least."""
    samples = []
    for number, (boxes, labels, difficult, crowd, split) in enumerate(described, 1):
        path = root / NAMES[number - 1]
        Image.new("RGB", (30 + number, 40), (number, 0, 0)).save(path)
        if number == 1:
            boxes, labels = [*boxes, *[[1, 2, 3, 4]] * 3], [*labels, 0, 1, 2]
            difficult, crowd = [*difficult, *[False] * 3], [*crowd, *[False] * 3]
        corners = np.array(boxes, np.float32).reshape(-1, 4)
        sides = np.maximum(corners[:, 2:].astype(np.float64) - corners[:, :2], 0)
        samples.append(
            Sample(
                path, number, 30 + number, 40, corners, np.array(labels, np.int64),
                np.array(difficult, np.bool_), np.array(crowd, np.bool_), sides.prod(axis=1), split=split,
            )
        )  # fmt: skip
    return Dataset(root, "voc", "detection", CLASSES, tuple(samples))


def written(content, write):
    """A data set of the described images, and what is read of it after it has been written."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        dataset = make(Path(folder) / "in", content)
        write(dataset, Path(folder) / "out")
        return dataset, load(Path(folder) / "out")


described = st.lists(objects(), min_size=1, max_size=4)


@settings(max_examples=10, deadline=None)
@given(described)
def test_voc_round_trip(content):
    dataset, again = written(content, write_voc)
    assert again.format == "voc"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.difficult | one.crowd, other.difficult)


@settings(max_examples=10, deadline=None)
@given(described)
def test_yolo_round_trip(content):
    dataset, again = written(content, write_yolo)
    assert again.format == "yolo"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(one.labels, other.labels)


@settings(max_examples=10, deadline=None)
@given(described)
def test_coco_round_trip(content):
    with tempfile.TemporaryDirectory() as folder:
        dataset = make(Path(folder), content)
        write_coco(dataset, Path(folder) / "gt.json")
        again = load(Path(folder) / "gt.json")
    assert again.classes == CLASSES
    assert again.category_ids == dataset.category_ids
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.path, one.id) == (other.path, other.id)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        for what in ("labels", "difficult", "crowd", "areas"):
            np.testing.assert_array_equal(getattr(one, what), getattr(other, what))
    assert again.to_coco()["annotations"] == dataset.to_coco()["annotations"]


@settings(max_examples=10, deadline=None)
@given(described)
def test_labelme_round_trip(content):
    dataset, again = written(content, write_labelme)
    assert again.format == "labelme"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        # The corners of a rectangle have no order there.
        corners = np.sort(one.boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
        np.testing.assert_array_equal(corners, other.boxes)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.difficult | one.crowd, other.difficult)


@settings(max_examples=10, deadline=None)
@given(described)
def test_create_ml_round_trip(content):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        dataset = make(Path(folder) / "in", content)
        # Where all boxes of a part lie in the first pixel, their numbers would be shares of the size.
        assume(all((one.boxes > 2).any() for one in dataset if len(one.boxes)))
        write_create_ml(dataset, Path(folder) / "out")
        again = load(Path(folder) / "out")
    assert again.format == "create_ml"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(one.labels, other.labels)


@settings(max_examples=10, deadline=None)
@given(described)
def test_cvat_round_trip(content):
    dataset, again = written(content, write_cvat)
    assert again.format == "cvat"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.difficult | one.crowd, other.difficult)


@settings(max_examples=10, deadline=None)
@given(described)
def test_label_studio_round_trip(content):
    dataset, again = written(content, write_label_studio)
    assert again.format == "label_studio"
    assert again.classes == CLASSES
    assert again.findings == ()
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(one.labels, other.labels)


@settings(max_examples=10, deadline=None)
@given(described)
def test_kitti_round_trip(content):
    dataset, again = written(content, write_kitti)
    assert again.format == "kitti"
    assert again.classes == ("ant_&_bee", "cow", "möwe_<x>")
    open_regions = sum(int((s.difficult | s.crowd).sum()) for s in dataset)
    assert [f.message.split()[0] for f in again.findings] == ([str(open_regions)] if open_regions else [])
    for one, other in zip(dataset, again, strict=True):
        assert (one.name, one.id, one.split) == (other.name, other.id, other.split)
        plain = ~(one.difficult | one.crowd)
        np.testing.assert_array_equal(one.boxes[plain], other.boxes)
        np.testing.assert_array_equal(one.labels[plain], other.labels)


def test_equal_names_are_told_apart(tmp_path, make_image, xml):
    for split in ("train", "test"):
        make_image(tmp_path / f"in/images/{split}/x.jpg")
        xml(tmp_path / f"in/annotations/{split}/x.xml", [(split, 1, 1, 5, 5)])
    write_voc(load(tmp_path / "in"), tmp_path / "out")
    again = load(tmp_path / "out")
    assert [(again.classes[s.labels[0]], s.split) for s in again] == [("test", "test"), ("train", "train")]


def test_classification_and_unknown_sizes_are_refused(tmp_path):
    dataset = Dataset(tmp_path, "folders", "classification", ("a",), ())
    boxes = (write_cvat, write_kitti, write_label_studio)
    for write in (write_voc, write_coco, write_yolo, write_labelme, write_create_ml, *boxes):
        with pytest.raises(DataError, match="for classification"):
            write(dataset, tmp_path / "out")
    dataset = Dataset(tmp_path, "voc", "detection", ("a",), (Sample(tmp_path / "a.jpg", 1),))
    for write in (write_yolo, write_label_studio):
        with pytest.raises(DataError, match=r"size of a\.jpg"):
            write(dataset, tmp_path / "out")


@pytest.mark.parametrize("write", [write_labelme, write_create_ml, write_cvat, write_label_studio])
def test_annotations_may_be_written_without_images(tmp_path, make_image, xml, write):
    make_image(tmp_path / "in/images/x.jpg")
    xml(tmp_path / "in/annotations/x.xml", [("cat", 1, 1, 5, 5)])
    dataset = load(tmp_path / "in")
    write(dataset, tmp_path / "out", images=False)
    assert not list((tmp_path / "out").rglob("*.jpg"))
    again = load(tmp_path / "out")
    assert again[0].boxes.tolist() == dataset[0].boxes.tolist()
    assert [finding.kind for finding in again.findings] == ["no-images"]


@pytest.mark.parametrize(
    "write", [write_labelme, write_create_ml, write_cvat, write_kitti, write_label_studio]
)
def test_real_data_survives_drawing_tools_files(test_data, tmp_path, write):
    dataset = load(test_data / "raccoon")
    write(dataset, tmp_path / "out")
    again = load(tmp_path / "out")
    assert again.classes == dataset.classes
    assert [sample.name for sample in again] == [sample.name for sample in dataset]
    for one, other in zip(dataset, again, strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ["voc2012_100", "tinycoco", "coco128"])
def test_real_data_survives_coco(test_data, tmp_path, name):
    dataset = load(test_data / name)
    write_coco(dataset, tmp_path / "gt.json")
    again = load(tmp_path / "gt.json")
    assert again.to_coco()["annotations"] == dataset.to_coco()["annotations"]
    assert [s.id for s in again] == [s.id for s in dataset]


@pytest.mark.parametrize("write", [write_voc, write_cvat])
def test_xml_of_what_xml_has_no_word_for(tmp_path, write):
    path = tmp_path / "a\x1b\udce9\\b.png"
    Image.new("RGB", (30, 40)).save(path)
    names = ("\x1b[31mred", "a\u2028<b>", "caf\udce9")
    flags = np.zeros(3, np.bool_)
    boxes = np.float32([[1, 2, 9, 12]] * 3)
    sample = Sample(path, 1, 30, 40, boxes, np.arange(3), flags, flags, np.full(3, 80.0))
    write(Dataset(tmp_path, "voc", "detection", names, (sample,)), tmp_path / "out")
    again = load(tmp_path / "out")
    assert set(again.classes) == {r"\x1b[31mred", "a\u2028<b>", r"caf\xe9"}
    assert [(s.name, len(s.labels)) for s in again] == [("a_x1b_xe9_b.png", 3)]
