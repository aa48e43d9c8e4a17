import json

import pytest

from foveal.data import load
from foveal.data.formats.labelme import take

SIZE = {"imageHeight": 30, "imageWidth": 40}


def shape(kind, points, label="cat", **more):
    return {
        "label": label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        **more,
    }


def write(path, shapes, image=None, **more):
    """A file as labelme 5 writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": f"{path.stem}.jpg" if image is None else image,
        "imageData": None,
        **SIZE,
        **more,
    }
    path.write_text(json.dumps(content), encoding="utf-8")


def boxes(dataset):
    return [sample.boxes.tolist() for sample in dataset]


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_rectangles_and_classes(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    write(tmp_path / "a.json", [shape("rectangle", [[10, 5], [30.5, 25]], "dog")])
    # Drawn from the right lower corner, and from the right upper one.
    write(
        tmp_path / "b.json",
        [shape("rectangle", [[30, 25], [10, 5]]), shape("rectangle", [[30, 5], [10, 25]])],
    )
    dataset = load(tmp_path)
    assert dataset.format == "labelme"
    assert dataset.classes == ("cat", "dog")
    assert boxes(dataset) == [[[10, 5, 30.5, 25]], [[10, 5, 30, 25], [10, 5, 30, 25]]]
    assert [sample.labels.tolist() for sample in dataset] == [[1], [0, 0]]
    assert dataset.findings == ()


def test_other_shapes_give_their_bounding_box_with_one_note(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    triangle = [[10, 25], [20, 5], [30, 25]]
    write(tmp_path / "a.json", [shape("polygon", triangle), shape("circle", [[20, 15], [23, 19]])])
    write(
        tmp_path / "b.json",
        [
            shape("polygon", triangle),
            shape("mask", [[10, 5], [29, 24]], mask="iVBORw0KGgo="),
            shape("oriented_rectangle", [[20, 5], [30, 15], [20, 25], [10, 15]]),
        ],
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25], [15, 10, 25, 20]], [[10, 5, 30, 25]] * 3]
    (finding,) = dataset.findings
    assert (finding.kind, finding.severity, finding.file) == ("bounding-boxes", "note", "")
    assert finding.message == (
        "2 polygons, 1 circle, 1 mask and 1 rotated box are taken by their bounding boxes."
    )


def test_points_and_lines_are_left_out_and_counted(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(
        tmp_path / "a.json",
        [
            shape("point", [[3, 4]]),
            shape("points", [[3, 4], [5, 6]]),
            shape("linestrip", [[3, 4], [9, 9], [12, 4]]),
            shape("line", [[3, 4], [9, 9]]),
            shape("star", [[3, 4], [9, 9]]),
            shape("polygon", [[3, 4], [9, 9], [9, 4]], "__ignore__"),
            shape("rectangle", [[1, 2], [3, 4]]),
        ],
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[1, 2, 3, 4]]]
    (finding,) = dataset.findings
    assert (finding.kind, finding.severity) == ("shapes-without-box", "warning")
    assert finding.message == (
        "2 points, 2 lines, 1 shape of kind star and 1 shape of class __ignore__ have no box, "
        "such as in a.json."
    )


def test_polygons_of_one_group_are_one_object(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    piece = [[1, 1], [5, 1], [5, 5]], [[10, 10], [15, 10], [15, 15]]
    write(
        tmp_path / "a.json",
        [
            shape("polygon", piece[0], group_id=1),
            shape("polygon", piece[1], group_id=1),
            shape("polygon", piece[0], "dog", group_id=1),
            shape("rectangle", [[1, 1], [3, 3]], group_id=1),
        ],
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[1, 1, 15, 15], [1, 1, 5, 5], [1, 1, 3, 3]]]
    assert kinds(dataset) == ["bounding-boxes", "bounding-boxes"]


def test_what_cannot_be_used_is_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(
        tmp_path / "a.json",
        [
            "text",
            shape("rectangle", [[1, 2]]),
            shape("rectangle", [[1, 2], [3, 1e40]]),
            shape("rectangle", [[1, 2], [3, None]]),
            shape("polygon", []),
            shape("polygon", [[1, 2], [3, 4]]),
            shape("circle", [[1, 2]]),
            shape("rectangle", [[1, 2], [3, 4]], None),
            shape("rectangle", [[1, 2], [3, float("nan")]]),
            shape("rectangle", [[1, 2], ["3", "4.5"]]),
            shape("rectangle", 7),
            shape("circle", [{"x": 1, "y": 2}, {"x": 3}]),
        ],
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[1, 2, 3, 4.5]]]
    assert kinds(dataset) == ["broken-object"] * 11
    assert "Shape 3 has 1e+40 for a coordinate." in [finding.message for finding in dataset.findings]


def test_marks_of_difficult_objects(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    corners = [[1, 2], [9, 9]]
    write(
        tmp_path / "a.json",
        [
            shape("rectangle", corners, difficult=True),
            shape("rectangle", corners, flags={"difficult": True}),
            shape("rectangle", corners, difficult="false"),
        ],
    )
    assert load(tmp_path)[0].difficult.tolist() == [True, True, False]


@pytest.mark.parametrize(
    "said", ["..\\images\\a.jpg", "../images/a.jpg", "C:\\Users\\x\\a.jpg", "a.jpg", "", None, 3]
)
def test_the_image_is_found(tmp_path, make_image, said):
    make_image(tmp_path / "images/a.jpg")
    write(tmp_path / "labels/a.json", [shape("rectangle", [[1, 2], [3, 4]])])
    content = json.loads((tmp_path / "labels/a.json").read_text()) | {"imagePath": said}
    (tmp_path / "labels/a.json").write_text(json.dumps(content))
    dataset = load(tmp_path)
    assert [sample.name for sample in dataset] == ["a.jpg"]
    assert boxes(dataset) == [[[1, 2, 3, 4]]]
    assert dataset.findings == ()


def test_the_path_tells_between_images_of_one_name(tmp_path, make_image):
    for folder in ("one", "two"):
        make_image(tmp_path / folder / "a.jpg")
    write(tmp_path / "labels/a.json", [shape("rectangle", [[1, 2], [3, 4]])], "..\\two\\a.jpg")
    assert [sample.path.parent.name for sample in load(tmp_path)] == ["two"]


def test_a_renamed_image_counts_more_than_its_old_name(tmp_path, make_image):
    for name in ("a", "a_flipped"):
        make_image(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.json", [shape("rectangle", [[1, 2], [3, 4]])], "a.jpg")
    write(tmp_path / "other.json", [shape("rectangle", [[1, 2], [3, 4]])], "gone.jpg")
    dataset = load(tmp_path)
    assert [sample.name for sample in dataset] == ["a.jpg", "a_flipped.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("wrong-filename", "a_flipped.json"),
        ("missing-image", "other.json"),
    ]


def test_old_files_without_kinds(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    old = {"label": "cat", "line_color": None, "fill_color": None}
    content = {
        "shapes": [
            old | {"points": [[1, 2], [9, 2], [5, 8]]},
            old | {"points": [[1, 2], [9, 8]]},
        ],
        "imagePath": "a.jpg",
        "imageData": "AAAA",
        "lineColor": [0, 255, 0, 128],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert boxes(load(tmp_path)) == [[[1, 2, 9, 8], [1, 2, 9, 8]]]


def test_images_inside_their_files(tmp_path, make_image):
    make_image(tmp_path / "b.jpg")
    for name in "ab":
        write(tmp_path / f"{name}.json", [shape("rectangle", [[1, 2], [3, 4]])], imageData="AAAA")
    messages = [finding.message for finding in load(tmp_path).findings]
    assert "1 picture that is not there lies inside its annotation file (imageData)." in messages


def test_halves_of_characters_are_escaped(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(tmp_path / "a.json", [shape("rectangle", [[1, 2], [3, 4]], "\ud83d"), shape("\ud83d", [[1, 2]])])
    write(tmp_path / "b.json", [], "\ud83d.jpg")
    dataset = load(tmp_path)
    assert dataset.classes == ("\\ud83d",)
    assert kinds(dataset) == ["shapes-without-box", "missing-image"]
    for finding in dataset.findings:
        finding.message.encode("utf-8")


def test_images_without_shapes_and_broken_files(tmp_path, make_image):
    for name in "abc":
        make_image(tmp_path / f"{name}.jpg")
    write(tmp_path / "a.json", [shape("rectangle", [[1, 2], [3, 4]])])
    write(tmp_path / "b.json", [])
    (tmp_path / "c.json").write_text("{")
    (tmp_path / "notes.json").write_text("{")
    dataset = load(tmp_path)
    assert [(sample.name, len(sample.boxes)) for sample in dataset] == [("a.jpg", 1), ("b.jpg", 0)]
    assert [(f.kind, f.file) for f in dataset.findings] == [("broken-annotation", "c.json")]


def test_other_files_are_not_taken():
    assert take({"shapes": [{"type": "circle"}]}, "a.json") is None
    assert take({"shapes": []}, "a.json") is None
    assert take({"imagePath": "a.jpg"}, "a.json") is None
    assert take([], "a.json") is None
