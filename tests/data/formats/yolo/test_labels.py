import numpy as np
import pytest

from foveal.data import load
from foveal.data.formats.yolo.labels import meanings
from foveal.data.formats.yolo.lines import parse_lines
from foveal.errors import DataError

CAT = "names: [cat]\n"
# (16, 12, 32, 30) of 64×48.
BOX = "0 0.375 0.4375 0.25 0.375"


def notes(dataset, kind):
    return [f.message for f in dataset.findings if f.kind == kind]


def kinds_of(*texts, **said):
    files = [parse_lines(f"{number}.txt", text) for number, text in enumerate(texts)]
    return {count: (how.kind, how.confidence) for count, how in meanings(files, **said).items() if count != 4}


def pose(points, size, marks=(2,), seed=0):
    """A row of the box with keypoints inside it."""
    rng = np.random.default_rng(seed)
    words = [BOX]
    for number in range(points):
        x, y = rng.uniform([0.25, 0.25], [0.5, 0.625])
        words += [f"{x:.4f}", f"{y:.4f}"] + ([str(marks[number % len(marks)])] if size == 3 else [])
    return " ".join(words)


def polygon(points, centre, radius, seed=0):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, points))
    xy = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius + centre
    return "0 " + " ".join(f"{v:.4f}" for v in xy.ravel())


@pytest.mark.parametrize(
    ("points", "size"), [(17, 3), (4, 3), (2, 3), (1, 3), (5, 2), (2, 2), (1, 2), (12, 2)]
)
def test_kpt_shape_makes_the_first_four_numbers_the_box(tmp_path, yolo_set, points, size):
    rows = [pose(points, size, seed=seed) for seed in range(3)]
    yolo_set(tmp_path, *rows, yaml=f"{CAT}kpt_shape: [{points}, {size}]\n")
    dataset = load(tmp_path)
    np.testing.assert_allclose([s.boxes[0] for s in dataset], [[16, 12, 32, 30]] * 3, atol=1e-3)
    assert notes(dataset, "bounding-boxes") == ["3 boxes have keypoints."]


@pytest.mark.parametrize("points", [3, 4, 8, 17, 24])
def test_marks_of_visibility_tell_pose_labels_without_a_kpt_shape(tmp_path, yolo_set, points):
    yolo_set(tmp_path, *(pose(points, 3, marks=(2, 1, 0), seed=seed) for seed in range(3)), yaml=CAT)
    np.testing.assert_allclose([s.boxes[0] for s in load(tmp_path)], [[16, 12, 32, 30]] * 3, atol=1e-3)


def test_boxes_and_boxes_with_keypoints_in_one_file(tmp_path, yolo_set):
    yolo_set(tmp_path, f"{BOX}\n{pose(17, 3)}", yaml=CAT)
    np.testing.assert_allclose(load(tmp_path)[0].boxes, [[16, 12, 32, 30]] * 2, atol=1e-3)


def test_keypoints_without_marks_are_asked_about(tmp_path, yolo_set):
    yolo_set(tmp_path, *(pose(12, 2, seed=seed) for seed in range(3)), yaml=CAT)
    with pytest.raises(
        DataError, match=r"look like pose labels .*labels/p0.txt, line 1: .*kpt_shape: \[12, 2\]"
    ):
        load(tmp_path)
    (tmp_path / "data.yaml").write_text(f"{CAT}task: segment\n")
    assert notes(load(tmp_path), "bounding-boxes") == ["3 polygons are taken by their bounding boxes."]
    (tmp_path / "data.yaml").write_text(f"{CAT}task: pose\n")
    np.testing.assert_allclose(load(tmp_path)[0].boxes, [[16, 12, 32, 30]], atol=1e-3)


def test_a_kpt_shape_that_is_not_that_of_the_rows(tmp_path, yolo_set):
    yolo_set(tmp_path, pose(4, 3), yaml=f"{CAT}kpt_shape: [17, 3]\n")
    with pytest.raises(
        DataError, match=r"kpt_shape: \[17, 3\], which makes rows of 56 columns, but they have 17"
    ):
        load(tmp_path)


def test_a_broken_row_makes_no_polygons_of_pose_labels():
    rows = [pose(12, 3, seed=seed) for seed in range(20)]
    cut = " ".join(rows[0].split()[:-4])
    assert kinds_of(*rows, cut) == {40: ("pose", "")}


def test_polygons_of_any_number_of_points(tmp_path, yolo_set):
    rows = [polygon(n, (0.4, 0.4), 0.1, seed=n) for n in (3, 5, 8, 14)]
    dataset = load(yolo_set(tmp_path, "\n".join(rows), BOX, yaml=CAT))
    assert notes(dataset, "bounding-boxes") == ["4 polygons are taken by their bounding boxes."]
    for row, box in zip(rows, dataset[0].boxes, strict=True):
        xy = np.array(row.split()[1:], float).reshape(-1, 2)
        np.testing.assert_allclose(box, [*xy.min(0) * (64, 48), *xy.max(0) * (64, 48)], atol=1e-3)
    np.testing.assert_allclose(dataset[1].boxes, [[16, 12, 32, 30]], atol=1e-3)


@pytest.mark.parametrize("points", [7, 12, 14, 28])
def test_polygons_of_equal_counts_are_no_pose_labels(points):
    rng = np.random.default_rng(points)
    places = rng.uniform(0.2, 0.8, (30, 2))
    rows = [polygon(points, place, 0.15, seed=i) for i, place in enumerate(places)]
    assert kinds_of(*rows) == {2 * points: ("polygon", "")}


def test_outlines_in_the_middle_of_their_images_are_polygons():
    # As boxes with keypoints their points would lie inside the boxes, too.
    circle = [
        (0.5 + 0.08 * np.cos(a), 0.5 + 0.08 * np.sin(a))
        for a in np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ]
    assert kinds_of("0 " + " ".join(f"{x:.4f} {y:.4f}" for x, y in circle)) == {32: ("polygon", "")}


def test_keypoints_with_scores_instead_of_marks_are_asked_about():
    rng = np.random.default_rng(0)
    points = rng.uniform([0.25, 0.25, 0], [0.5, 0.6, 1], (3, 5, 3))
    rows = [f"{BOX} " + " ".join(f"{value:.3f}" for value in row.ravel()) for row in points]
    with pytest.raises(DataError, match=r"look like pose labels .*kpt_shape: \[5, 3\]"):
        kinds_of(*rows)


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.2])
def test_oriented_boxes(tmp_path, yolo_set, turn):
    corners = np.array([[-12, -6], [12, -6], [12, 6], [-12, 6]])
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + (32, 24)
    row = "0 " + " ".join(f"{v:.6f}" for v in (turned / (64, 48)).ravel())
    dataset = load(yolo_set(tmp_path, row, f"{row}\n{row}", classes="cat"))
    np.testing.assert_allclose(dataset[0].boxes, [[*turned.min(0), *turned.max(0)]], atol=0.01)
    assert notes(dataset, "bounding-boxes") == ["3 oriented boxes are taken by their bounding boxes."]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (BOX, "box"),
        ("0 .1 .1 .5 .1 .5 .5 .1 .5", "oriented box"),
        ("0 .1 .1 .5 .1 .5 .5 .3 .6 .1 .5", "polygon"),
    ],
)
def test_a_confidence_behind_the_numbers_is_not_used(tmp_path, yolo_set, row, kind):
    yolo_set(tmp_path / "with", f"{row} 0.91", f"{row} 0.2", classes="cat")
    yolo_set(tmp_path / "without", row, row, classes="cat")
    dataset, plain = load(tmp_path / "with"), load(tmp_path / "without")
    np.testing.assert_array_equal(dataset[0].boxes, plain[0].boxes)
    assert "2 objects have a number between 0 and 1" in notes(dataset, "confidence-column")[0]
    (count,) = {len(row.split())}
    assert kinds_of(f"{row} 0.91", f"{row} 0.2")[count] == (kind, "last")


def test_a_confidence_in_one_file_of_several(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, BOX, f"{BOX} 0.91", BOX, classes="cat"))
    np.testing.assert_allclose([s.boxes[0] for s in dataset], [[16, 12, 32, 30]] * 3, atol=1e-3)


def test_an_angle_is_no_confidence(tmp_path, yolo_set):
    yolo_set(tmp_path, f"{BOX} 0.78", f"{BOX} 1.57", f"{BOX} -0.3", classes="cat")
    with pytest.raises(DataError, match=r"sixth column that is no confidence, for it goes from -0.3 to 1.57"):
        load(tmp_path)


def test_predictions_beside_labels_are_left_out(tmp_path, yolo_set):
    yolo_set(tmp_path, BOX, BOX, classes="cat")
    (tmp_path / "predicted").mkdir()
    for name in ("p0", "p1"):
        (tmp_path / f"predicted/{name}.txt").write_text(
            "0 0.7 0.7 0.1 0.1 0.9\n0 0.375 0.4375 0.25 0.375 0.8\n"
        )
    dataset = load(tmp_path)
    assert [len(s.boxes) for s in dataset] == [1, 1]
    assert "they are predictions" in notes(dataset, "several-annotation-files")[0]


@pytest.mark.parametrize(
    ("rows", "look"),
    [
        (["0 24 21 16 18", "0 40 30 20 12"], r"pixels \(centre and size\)"),
        (["0 16 12 32 30", "0 1 2 63 47"], r"pixels \(left, top, right, bottom\)"),
        (["0 40 30 24 18", "0 2 3 60 44"], r"pixels \(left, top, width, height\)"),
        (["0 37.5 43.75 25.5 37.5", "0 60 60 70 70.5"], r"percentages"),
        (["0 2 2 3 3"], "pixels"),
        (["0 10 10 30 10 20 40"], "pixels"),
    ],
)
def test_numbers_that_are_no_shares_are_refused_with_what_they_look_like(tmp_path, yolo_set, rows, look):
    yolo_set(tmp_path, *rows, classes="cat")
    with pytest.raises(
        DataError, match=rf"no shares of the pictures' sizes \(labels/p0.txt, line 1: .*{look}"
    ):
        load(tmp_path)


def test_pixels_in_some_rows_are_left_out_and_told(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, BOX, "0 24 21 16 18", BOX, classes="cat"))
    assert [len(s.boxes) for s in dataset] == [1, 0, 1]
    assert [(f.kind, f.file) for f in dataset.findings] == [("broken-object", "labels/p1.txt")]
    assert "not in shares of the picture's size" in dataset.findings[0].message


def test_a_kitti_label_is_none_of_yolo(tmp_path, yolo_set):
    row = "Car 0.00 0 -1.58 10.00 5.00 30.00 25.00 1.5 1.6 3.9 1.8 1.4 8.4 0.0"
    yolo_set(tmp_path / "a", row, f"{row}\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10")
    yolo_set(tmp_path / "b", f"{row} 0.9")
    for folder in ("a", "b"):
        with pytest.raises(DataError, match=r"labels/p0.txt, line 1: 'Car"):
            load(tmp_path / folder, format="yolo")
        assert load(tmp_path / folder).format == "kitti"
