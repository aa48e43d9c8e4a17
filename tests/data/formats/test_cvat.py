import numpy as np
import pytest

from foveal.data import load, write_cvat
from foveal.data.documents import parse_xml
from foveal.data.formats import cvat
from foveal.errors import DataError

# As the documentation of CVAT has it, with what a task's export says besides.
META = """<meta><task><id>4</id><name>segmentation</name><size>27</size>
<mode>annotation</mode><overlap>0</overlap><labels><label><name>dog</name><color>#c06060</color><type>any</type><attributes></attributes></label>
<label><name>cat</name><attributes><attribute><name>difficult</name><input_type>checkbox</input_type>
</attribute></attributes></label><label><name>pose</name><type>skeleton</type></label>
<label><name>1</name><type>points</type><parent>pose</parent></label></labels></task>
<dumped>2018-10-11 12:06:32</dumped></meta>"""


def cvat_file(path, *images, meta=META, size=(40, 30)):
    """A file of images, each ``(name, shapes, [more attributes])``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(
        f'<image id="{i}" name="{name}" {" ".join(more)} width="{size[0]}" height="{size[1]}">'
        f"{shapes}</image>"
        for i, (name, shapes, *more) in enumerate(images)
    )
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
    path.write_text(f"{head}{meta}{text}</annotations>", encoding="utf-8")
    return path


def box(label="cat", corners=(10, 5, 30, 25), more="", inside=""):
    sides = " ".join(f'{k}="{v:.2f}"' for k, v in zip(("xtl", "ytl", "xbr", "ybr"), corners, strict=True))
    return f'<box label="{label}" occluded="0" source="manual" {sides} {more} z_order="0">{inside}</box>'


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_boxes_and_the_order_of_labels(tmp_path, make_image):
    for name in ("a", "b", "c"):
        make_image(tmp_path / f"images/{name}.jpg")
    cvat_file(tmp_path / "annotations.xml", ("a.jpg", box() + box("dog", (1, 2, 3.25, 4))), ("b.jpg", ""))
    dataset = load(tmp_path)
    assert (dataset.format, dataset.task, dataset.classes) == ("cvat", "detection", ("dog", "cat", "pose"))
    assert [s.boxes.tolist() for s in dataset] == [[[10, 5, 30, 25], [1, 2, 3.25, 4]], [], []]
    assert dataset[0].labels.tolist() == [1, 0]
    assert not kinds(dataset)


@pytest.mark.parametrize(
    ("shape", "corners"),
    [
        (box(corners=(10, 5, 30, 15), more='rotation="90.00"'), (15, 0, 25, 20)),
        (box(corners=(10, 5, 30, 15), more='rotation="330"'), (8.84, 0.67, 31.16, 19.33)),
        ('<polygon label="cat" points="10.00,5.00;30.00,8.50;22,25"/>', (10, 5, 30, 25)),
        ('<ellipse label="cat" cx="20" cy="15" rx="10" ry="5" rotation="90.00"/>', (15, 5, 25, 25)),
        ('<cuboid label="cat" xtl1="10" ytl1="6" xbl1="10" ybl1="25" xtr1="28" ytr1="7" xbr1="28" ybr1="24"'
         ' xtl2="30" ytl2="5" xbl2="30" ybl2="22" xtr2="12" ytr2="6" xbr2="12" ybr2="20"/>', (10, 5, 30, 25)),
        ('<skeleton label="cat"><points label="1" outside="0" points="10,5"/><points label="2" outside="0" '
         'points="30,25"/><points label="3" outside="1" points="0,0"/></skeleton>', (10, 5, 30, 25)),
        # Five wide: of the second row the last two, the third row, of the fourth the first.
        ('<mask label="cat" rle="8, 8, 4" left="10" top="5" width="5" height="4"/>', (10, 6, 15, 9)),
        ('<mask label="cat" rle="1, 2, 3, 2, 7" left="10" top="5" width="5" height="3"/>', (11, 5, 13, 7)),
    ],
)  # fmt: skip
def test_other_shapes_give_their_bounding_box_with_one_note(tmp_path, make_image, shape, corners):
    for name in ("a", "b"):
        make_image(tmp_path / f"{name}.jpg")
    cvat_file(tmp_path / "annotations.xml", ("a.jpg", shape), ("b.jpg", shape))
    dataset = load(tmp_path)
    np.testing.assert_allclose(dataset[0].boxes, [corners], atol=0.01)
    assert kinds(dataset) == ["bounding-boxes"]
    assert dataset.findings[0].message.startswith("2 ")


def test_points_and_lines_and_tags_are_left_out(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    more = '<points label="cat" points="1,2"/><polyline label="cat" points="1,2;3,4"/><tag label="dog"/>'
    cvat_file(tmp_path / "annotations.xml", ("a.jpg", box() + more))
    dataset = load(tmp_path)
    assert dataset[0].boxes.tolist() == [[10, 5, 30, 25]]
    assert [f.message for f in dataset.findings] == [
        "1 point and 1 line have no box, such as in annotations.xml.",
        "1 tags of whole pictures, such as dog, are no boxes.",
    ]


def test_broken_objects_are_left_out_and_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    shapes = [
        box(corners=(1, 2, float("nan"), 4)), box(corners=(1, 2, 1e30, 4)), box(""), box(),
        '<box label="cat"/>',
        '<polygon label="cat" points=""/>', '<polygon label="cat" points="1;2"/>',
        '<mask label="cat" rle="5,99" left="0" top="0" width="4" height="4"/>',
        '<mask label="cat" rle="16" left="0" top="0" width="4" height="4"/>', '<mask label="cat" rle="x"/>',
    ]  # fmt: skip
    cvat_file(tmp_path / "annotations.xml", ("a.jpg", "".join(shapes)))
    dataset = load(tmp_path)
    assert dataset[0].boxes.tolist() == [[10, 5, 30, 25]]
    assert kinds(dataset) == ["broken-object"] * 9
    assert dataset.findings[0].message == 'Object 1 (box) of a.jpg has "nan" for a coordinate.'


def test_subsets_are_splits_and_folders(tmp_path, make_image):
    for split in ("Train", "Validation", "other"):
        make_image(tmp_path / f"images/{split}/x.jpg")
    images = [("x.jpg", box(corners=(i, 1, 9, 9)), f'subset="{subset}"', f'task_id="{i}"')
              for i, subset in enumerate(("other", "Validation", "Train"))]  # fmt: skip
    cvat_file(tmp_path / "annotations.xml", *images, meta=META.replace("task>", "project>"))
    dataset = load(tmp_path)
    assert [(s.path.parent.name, s.split, s.boxes[0, 0]) for s in dataset] == [
        ("Train", "train", 2), ("Validation", "val", 1), ("other", None, 0)
    ]  # fmt: skip


def test_frames_have_no_suffix(tmp_path, make_image):
    make_image(tmp_path / "images/frame_000000.png")
    cvat_file(tmp_path / "annotations.xml", ("frame_000000", box()))
    assert [s.name for s in load(tmp_path)] == ["frame_000000.png"]


def test_several_tasks_are_one_data_set(tmp_path, make_image):
    for task in ("one", "two"):
        make_image(tmp_path / f"{task}/images/a.jpg")
        cvat_file(
            tmp_path / f"{task}/annotations.xml",
            ("a.jpg", box(corners=(len(task), 1, 9, 9) if task == "one" else (5, 1, 9, 9))),
        )
    assert [(s.path.parts[-3], s.boxes[0, 0]) for s in load(tmp_path)] == [("one", 3), ("two", 5)]


def test_difficult_objects(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    hard = box(inside='<attribute name="difficult">true</attribute>')
    easy = box("dog", inside='<attribute name="difficult">false</attribute>')
    cvat_file(tmp_path / "annotations.xml", ("a.jpg", hard + easy))
    assert load(tmp_path)[0].difficult.tolist() == [True, False]


def test_tags_alone_are_classes_of_pictures(tmp_path, make_image):
    for name in "abcd":
        make_image(tmp_path / f"images/{name}.jpg")
    tags = [
        '<tag label="cat" source="manual"/>',
        '<tag label="dog"/>',
        '<tag label="cat"/><tag label="dog"/>',
        "",
    ]
    cvat_file(
        tmp_path / "annotations.xml",
        *((f"{n}.jpg", t, 'subset="test"') for n, t in zip("abcd", tags, strict=True)),
    )
    dataset = load(tmp_path)
    assert (dataset.format, dataset.task, dataset.classes) == ("cvat_tags", "classification", ("dog", "cat"))
    assert [(s.name, s.label, s.split) for s in dataset] == [("a.jpg", 1, "test"), ("b.jpg", 0, "test")]
    assert kinds(dataset) == ["image-without-class"] * 2


def test_tracks_are_named_with_the_way_out(tmp_path, make_image):
    make_image(tmp_path / "images/frame_000000.png")
    frame = '<box frame="0" outside="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4"/>'
    track = f'<track id="0" label="cat">{frame}</track>'
    file = cvat_file(tmp_path / "annotations.xml", meta=META + track)
    for path in (tmp_path, file):
        with pytest.raises(
            DataError, match=r"CVAT for video: its 1 tracks.*Export the task as CVAT for images"
        ):
            load(path)


def test_a_task_without_images_is_no_data_set(tmp_path):
    file = cvat_file(tmp_path / "annotations.xml")
    for path in (tmp_path, file):
        with pytest.raises(DataError, match="speaks of no picture"):
            load(path)


def test_not_of_cvat(tmp_path):
    for text in ("<annotations/>", "<annotation><image name='a'/></annotation>",
                 "<annotations><annotation><filename>a</filename></annotation></annotations>"):  # fmt: skip
        (tmp_path / "a.xml").write_text(text)
        assert cvat.take(parse_xml(tmp_path / "a.xml"), "a.xml") is None
        assert cvat.take_tags(parse_xml(tmp_path / "a.xml"), "a.xml") is None


def test_what_is_written_is_understood_by_name(tmp_path, make_image):
    make_image(tmp_path / "in/images/a.jpg")
    cvat_file(tmp_path / "in/annotations.xml", ("a.jpg", box(), 'subset="test"'))
    write_cvat(load(tmp_path / "in"), tmp_path / "out")
    root = parse_xml(tmp_path / "out/annotations.xml")
    assert root.findtext("meta/project/subsets") == "test"
    assert [label.findtext("name") for label in root.iter("label")] == ["dog", "cat", "pose"]
    assert [(i.get("name"), i.get("subset"), i.get("width")) for i in root.iter("image")] == [
        ("a.jpg", "test", "40")
    ]
    assert (tmp_path / "out/images/test/a.jpg").is_file()
