import numpy as np
import pytest

from foveal.data import load
from foveal.data.documents import parse_xml
from foveal.data.formats.voc.reading import take
from foveal.errors import DataError


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_corners_become_half_open_and_parts_are_ignored(tmp_path, xml):
    corners = "<xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax>"
    part = f"<part><name>head</name><bndbox>{corners}</bndbox></part>"
    (found,) = take(parse_xml(xml(tmp_path / "a.xml", [("dog", 1, 2, 10, 20.5)], extra=part)), "a.xml")
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


@pytest.mark.parametrize("size", [(0, 0), ("None", "None"), ("nan", "1e400"), (-40, 30), ("", "")])
def test_a_size_that_is_none_comes_from_the_image(tmp_path, make_image, xml, size):
    make_image(tmp_path / "a.jpg", (40, 30))
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)], size=size)
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


def one(root, text):
    """What a set of one XML file says, its image made already."""
    (root / "a.xml").write_text(f"<annotation><filename>a.jpg</filename>{text}</annotation>")
    dataset = load(root)
    names = [dataset.classes[label] for label in dataset[0].labels]
    boxes = [(name, *box) for name, box in zip(names, dataset[0].boxes.tolist(), strict=True)]
    return boxes, [(f.kind, f.severity, f.message) for f in dataset.findings]


@pytest.fixture
def image(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    return tmp_path


BOX = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>"


def test_rotated_boxes_count_by_what_is_around_them(image):
    angle = np.pi / 6
    rotated = f"<robndbox><cx>20</cx><cy>15</cy><w>10</w><h>4</h><angle>{angle}</angle></robndbox>"
    boxes, findings = one(image, f"<object><name>ship</name><type>robndbox</type>{rotated}</object>")
    half_x, half_y = 5 * np.cos(angle) + 2 * np.sin(angle), 5 * np.sin(angle) + 2 * np.cos(angle)
    np.testing.assert_allclose(boxes[0][1:], (20 - half_x, 15 - half_y, 20 + half_x, 15 + half_y), atol=1e-3)
    assert findings == [("bounding-boxes", "note", "1 rotated boxes are taken by their bounding boxes.")]
    _, findings = one(image, f"<object><name>ship</name>{rotated.replace(str(angle), '30')}</object>")
    assert findings[0][2] == "Object 1 (ship) has 30 for angle, which is in radians."


def test_polygons_count_by_what_is_around_them(image):
    numbered = "<x1>5</x1><y1>4</y1><x2>12</x2><y2>3</y2><x3>9</x3><y3>20</y3>"
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((4, 3), (12, 9), (7, 20)))
    boxes, findings = one(
        image,
        f"<object><name>a</name><polygon>{numbered}</polygon></object>"
        f"<object><name>b</name><deleted>0</deleted><polygon><username/>{points}</polygon></object>"
        f"<object><name>c</name>{BOX}<polygon>{points}</polygon></object>"
        f"<object><name>d</name><deleted>1</deleted>{BOX}</object>"
        "<object><name>e</name><polygon/></object>",
    )
    assert boxes == [("a", 4, 2, 12, 20), ("b", 4, 3, 12, 20), ("c", 1, 2, 9, 8)]
    assert findings == [
        ("broken-object", "error", "Object 5 (e) has no <bndbox>."),
        ("bounding-boxes", "note", "2 polygons are taken by their bounding boxes."),
        ("deleted-objects", "note", "1 object is marked as deleted, which LabelMe keeps in its files."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"<objects><object><name>cat</name>{BOX}</object></objects>",
        f"<Object><Name>cat</Name>{BOX.replace('bndbox', 'BndBox').replace('xmin', 'XMin')}</Object>",
        f'<o:object xmlns:o="http://localhost/o"><o:name>cat</o:name>{BOX}</o:object>',
        f"<object><object><name>cat</name>{BOX}</object></object>",
    ],
)
def test_tags_count_in_any_case_namespace_and_wrapper(image, text):
    assert one(image, text) == ([("cat", 1, 2, 9, 8)], [])


@pytest.mark.parametrize("number", ["1e40", "-2e7", "nan", "inf", "1_0", "", "7,5"])
def test_numbers_that_are_none(image, number):
    boxes, findings = one(image, f"<object><name>cat</name>{BOX.replace('9', number)}</object>")
    assert boxes == []
    assert findings == [("broken-object", "error", f"Object 1 (cat) has {number!r} for xmax.")]


def test_several_annotations_in_a_file(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    each = "".join(
        f"<Annotation><filename>{name}.jpg</filename><object><name>{name}</name>{BOX}</object></Annotation>"
        for name in "ab"
    )
    (tmp_path / "all.xml").write_text(f"<annotations>{each}</annotations>")
    dataset = load(tmp_path)
    assert [(s.name, dataset.classes[s.labels[0]]) for s in dataset] == [("a.jpg", "a"), ("b.jpg", "b")]
    assert kinds(dataset) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<annotation><note>x</note></annotation>", "nothing in it is recognised"),
        (
            "<annotation><filename>b.jpg</filename><Rect><l>1</l><t>1</t><r>2</r><b>5</b></Rect></annotation>",
            "what <Rect> says is not recognised",
        ),
    ],
)
def test_an_annotation_of_which_nothing_is_recognised(tmp_path, make_image, xml, text, why):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)])
    (tmp_path / "b.xml").write_text(text)
    dataset = load(tmp_path)
    # What it shows is not known: the image is no background.
    assert [s.name for s in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("broken-annotation", "b.xml")]
    assert why in dataset.findings[0].message


def test_other_xml_is_left_to_others():
    from xml.etree.ElementTree import fromstring

    for text in (
        "<dataset><annotations count='3'/></dataset>",
        "<annotations><image name='a.jpg'/></annotations>",
    ):
        assert take(fromstring(text), "a.xml") is None


@pytest.mark.parametrize(
    ("said", "severity"),
    [("a.JPG", None), ("A.jpg", None), ("a", None), ("a%2Ejpg", None), ("", None), ("x/a.jpg", None),
     ("a.png", "note"), ("b.jpg", "warning")],
)  # fmt: skip
def test_only_a_filename_that_misleads_is_told(tmp_path, make_image, xml, said, severity):
    make_image(tmp_path / "a.jpg")
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)], filename=said)
    dataset = load(tmp_path)
    assert len(dataset[0].boxes) == 1
    assert [(f.kind, f.severity) for f in dataset.findings] == (
        [("wrong-filename", severity)] if severity else []
    )


def test_swapped_sides_are_told(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg", (40, 30))
    xml(tmp_path / "a.xml", [("x", 1, 1, 5, 5)], size=(30, 40))
    (finding,) = load(tmp_path).findings
    assert finding.kind == "wrong-size"
    assert finding.message.endswith("40×30: the sides are swapped.")


@pytest.mark.parametrize(
    "told", ["<folder>right</folder>", "<folder>x</folder><path>C:\\data\\right\\a.jpg</path>"]
)
def test_folder_and_path_tell_images_of_one_name_apart(tmp_path, make_image, told):
    for name in ("left/a.jpg", "right/a.jpg", "left/b.jpg"):
        make_image(tmp_path / name)
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml/a.xml").write_text(
        f"<annotation>{told}<filename>a.jpg</filename><object><name>cat</name>{BOX}</object></annotation>"
    )
    dataset = load(tmp_path, format="voc")
    assert {s.path.relative_to(tmp_path).as_posix() for s in dataset if len(s.boxes)} == {"right/a.jpg"}
    assert kinds(dataset) == []
