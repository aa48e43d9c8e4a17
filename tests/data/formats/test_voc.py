import numpy as np
import pytest

from foveal.data import load
from foveal.data.documents import parse_xml
from foveal.data.formats.voc import take
from foveal.errors import DataError


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_corners_become_half_open_and_parts_are_ignored(tmp_path, xml):
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>"
    part = f"<part><name>head</name><bndbox>{corners}</bndbox></part>"
    found = take(parse_xml(xml(tmp_path / "a.xml", [("dog", 1, 2, 10, 20.5)], extra=part)), "a.xml")
    assert [o.box for o in found.objects] == [(0, 1, 10, 20.5)]
    assert [o.name for o in found.objects] == ["dog"]


def test_flags_and_order_of_classes(tmp_path, make_image, xml):
    make_image(tmp_path / "images/a.jpg")
    xml(tmp_path / "annotations/a.xml", [("dog", 1, 1, 5, 5, 1), ("cat", 2, 2, 9, 9)])
    dataset = load(tmp_path)
    assert dataset.format == "voc"
    assert dataset.classes == ("cat", "dog")
    assert dataset[0].labels.tolist() == [1, 0]
    assert dataset[0].difficult.tolist() == [True, False]
    assert dataset[0].areas.tolist() == [25, 64]
    assert dataset[0].boxes.dtype == np.float32


def test_ids_count_in_the_order_of_names(tmp_path, make_image, xml):
    for name in ("b", "a", "c"):
        make_image(tmp_path / f"{name}.jpg")
    xml(tmp_path / "b.xml", [("dog", 1, 1, 5, 5)])
    dataset = load(tmp_path)
    assert [(s.id, s.name, len(s.boxes)) for s in dataset] == [
        (1, "a.jpg", 0),
        (2, "b.jpg", 1),
        (3, "c.jpg", 0),
    ]


def test_a_wrong_filename_gives_way_to_the_stem(tmp_path, make_image, xml):
    make_image(tmp_path / "images/a.jpg")
    make_image(tmp_path / "images/b.jpg")
    xml(tmp_path / "annotations/a.xml", [("dog", 1, 1, 5, 5)], filename="b.jpg")
    xml(tmp_path / "annotations/b.xml", [("cat", 1, 1, 5, 5)], filename="b")
    dataset = load(tmp_path)
    assert [(s.name, len(s.labels)) for s in dataset] == [("a.jpg", 1), ("b.jpg", 1)]
    assert [dataset.classes[s.labels[0]] for s in dataset] == ["dog", "cat"]
    assert kinds(dataset) == ["wrong-filename"]


def test_the_filename_is_used_where_the_stem_finds_nothing(tmp_path, make_image, xml):
    make_image(tmp_path / "images/b.jpg")
    xml(tmp_path / "annotations/0001.xml", [("dog", 1, 1, 5, 5)], filename="b.jpg")
    assert [(s.name, len(s.boxes)) for s in load(tmp_path)] == [("b.jpg", 1)]


def test_a_stem_wins_over_another_files_filename(tmp_path, make_image, xml):
    make_image(tmp_path / "images/b.jpg")
    xml(tmp_path / "annotations/a.xml", [("dog", 1, 1, 5, 5)], filename="b.jpg")
    xml(tmp_path / "annotations/b.xml", [("cat", 1, 1, 5, 5)])
    dataset = load(tmp_path)
    assert [dataset.classes[s.labels[0]] for s in dataset] == ["cat"]
    assert "annotated-twice" in kinds(dataset)


def test_suffixes_in_capitals_and_odd_names(tmp_path, make_image, xml):
    for name in ("Zoë's cat", "a#b=c", "dog.337"):
        make_image(tmp_path / f"{name}.JPG")
        xml(tmp_path / f"{name}.XML", [("x", 1, 1, 5, 5)], filename=f"{name}.JPG")
    dataset = load(tmp_path)
    assert [len(s.boxes) for s in dataset] == [1, 1, 1]
    assert dataset.findings == ()


def test_a_size_of_nought_comes_from_the_image(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg", (40, 30))
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)], size=(0, 0))
    dataset = load(tmp_path)
    assert (dataset[0].width, dataset[0].height) == (40, 30)
    assert kinds(dataset) == []


def test_broken_files_and_objects_are_left_out_and_told(tmp_path, make_image, xml):
    for name in "abcd":
        make_image(tmp_path / f"{name}.jpg")
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)])
    (tmp_path / "b.xml").write_text("<annotation><object>")
    xml(tmp_path / "c.xml", [("x", "one", 1, 5, 5), ("x", 1, 1, "nan", 5), ("x", 1, 1, 5, 5)])
    (tmp_path / "d.xml").write_bytes(b"")
    dataset = load(tmp_path)
    # The images of broken files are not background.
    assert [(s.name, len(s.boxes)) for s in dataset] == [("a.jpg", 1), ("c.jpg", 1)]
    assert sorted((f.kind, f.file) for f in dataset.findings) == [
        ("broken-annotation", "b.xml"), ("broken-annotation", "d.xml"),
        ("broken-object", "c.xml"), ("broken-object", "c.xml"),
    ]  # fmt: skip


def test_entities_are_refused(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg")
    make_image(tmp_path / "b.jpg")
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)])
    (tmp_path / "b.xml").write_text(
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
        "<annotation><filename>&e;</filename><size/></annotation>"
    )
    assert kinds(load(tmp_path)) == ["broken-annotation"]


def test_a_missing_image_is_told_but_all_missing_are_kept(tmp_path, make_image, xml):
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)])
    xml(tmp_path / "b.xml", filename="../../etc/b.jpg")
    dataset = load(tmp_path)
    assert [(s.width, len(s.boxes)) for s in dataset] == [(40, 1), (40, 0)]
    assert all(s.path.parent == tmp_path for s in dataset)
    make_image(tmp_path / "a.jpg")
    dataset = load(tmp_path)
    assert [s.name for s in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("missing-image", "b.xml")]


def test_an_unreadable_image_is_left_out(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg")
    for name in "ab":
        xml(tmp_path / f"{name}.xml", [("x", 1, 1, 5, 5)])
    (tmp_path / "b.jpg").write_text("no picture")
    dataset = load(tmp_path)
    assert [s.name for s in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("unreadable-image", "b.jpg")]


def test_boxes_on_the_stored_pixels_are_turned(tmp_path, xml):
    from PIL import Image

    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    Image.new("RGB", (40, 30)).save(tmp_path / "b.jpg", exif=exif)
    xml(tmp_path / "a.xml", [("x", 1, 1, 10, 5)], size=(40, 30))
    xml(tmp_path / "b.xml", [("x", 1, 1, 10, 5)], size=(30, 40))
    stored, upright = load(tmp_path)
    assert (stored.width, stored.height) == (30, 40)
    assert stored.boxes.tolist() == [[25, 0, 30, 10]]
    assert upright.boxes.tolist() == [[0, 0, 10, 5]]
    assert kinds(load(tmp_path)) == ["exif-boxes"]


def test_splits_from_folders_and_from_lists(tmp_path, make_image, xml):
    for split in ("train", "valid"):
        make_image(tmp_path / f"images/{split}/x.jpg")
        xml(tmp_path / f"annotations/{split}/x.xml", [(split, 1, 1, 5, 5)])
    assert [(s.path.parent.name, s.split) for s in load(tmp_path)] == [("train", "train"), ("valid", "val")]
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits/test.txt").write_text("valid/x\nghost\n")
    dataset = load(tmp_path)
    assert [s.split for s in dataset] == ["train", "test"]
    assert kinds(dataset) == ["listed-but-missing"]
    assert [s.id for s in load(tmp_path, split="test")] == [2]


def test_not_an_annotation(tmp_path):
    (tmp_path / "a.xml").write_text("<html/>")
    assert take(parse_xml(tmp_path / "a.xml"), "a.xml") is None
    with pytest.raises(DataError, match="XML whose root is <html>; it is no Pascal VOC"):
        load(tmp_path / "a.xml")
