import pytest

from foveal.data import Dataset, load, write_kitti
from foveal.errors import DataError

# Lines of the devkit's own samples, cut to small pictures.
CAR = "Car 0.88 3 -0.69 0.00 12.12 18.18 28.80 1.60 1.57 3.23 -2.70 1.74 3.68 -1.29"
WALKER = "Pedestrian 0.00 0 0.15 9.39 7.08 24.76 20.37 1.87 0.64 0.65 -3.21 1.97 11.22 -0.13"
DONT_CARE = "DontCare -1 -1 -10 2.00 3.50 10.00 9.25 -1 -1 -1 -1000 -1000 -1000 -10"
CALIBRATION = (
    "P0: 7.07e+02 0.0e+00 6.04e+02 0.0e+00 0.0e+00 7.07e+02 1.8e+02 0.0e+00 0.0e+00 0.0e+00 1.0e+00 0.0e+00"
)


def label(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@pytest.fixture
def made(tmp_path, make_image):
    """Two cameras, calibration, and test images that nobody labelled."""
    for number in range(3):
        for camera in ("image_2", "image_3"):
            make_image(tmp_path / f"training/{camera}/{number:06}.png")
        label(tmp_path / f"training/calib/{number:06}.txt", CALIBRATION)
        make_image(tmp_path / f"testing/image_2/{number:06}.png")
    label(tmp_path / "training/label_2/000000.txt", CAR, WALKER, DONT_CARE)
    label(tmp_path / "training/label_2/000001.txt")
    label(tmp_path / "training/label_2/000002.txt", DONT_CARE, WALKER)
    return tmp_path


def test_boxes_are_corners_in_pixels(made):
    dataset = load(made)
    assert (dataset.format, dataset.classes) == ("kitti", ("Car", "Pedestrian"))
    assert [s.path.relative_to(made).as_posix() for s in dataset] == [
        f"training/image_2/{number:06}.png" for number in range(3)
    ]
    expected = [[0, 12.12, 18.18, 28.8], [9.39, 7.08, 24.76, 20.37]]
    assert dataset[0].boxes.tolist() == [pytest.approx(box) for box in expected]
    assert [s.labels.tolist() for s in dataset] == [[0, 1], [], [1]]
    assert {s.split for s in dataset} == {"train"}
    assert [(f.kind, f.message[:9]) for f in dataset.findings] == [("crowd-regions", "2 regions")]


def test_a_part_may_hold_background_only(made, make_image):
    make_image(made / "validation/image_2/9.png")
    label(made / "validation/label_2/9.txt")
    dataset = load(made)
    assert [(s.split, len(s.boxes)) for s in dataset] == [
        ("train", 2),
        ("train", 0),
        ("train", 1),
        ("val", 0),
    ]
    assert [f.kind for f in dataset.findings] == ["crowd-regions"]


def test_scores_are_told(made):
    label(made / "training/label_2/000001.txt", f"{CAR} 0.93")
    assert [f.kind for f in load(made).findings] == ["crowd-regions", "confidence-column"]


def test_results_beside_the_labels_are_left_out(made):
    label(made / "results/data/000001.txt", f"{CAR} 0.93")
    dataset = load(made)
    assert [len(s.boxes) for s in dataset] == [2, 0, 1]
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("crowd-regions", ""),
        ("other-format", "results/data"),
    ]


def test_broken_lines_are_left_out_and_told(made):
    label(
        made / "training/label_2/000001.txt",
        "Car 1 2 3",
        CAR.replace("18.18", "nan"),
        WALKER + " 1 2",
        WALKER,
    )
    dataset = load(made)
    assert [len(s.boxes) for s in dataset] == [2, 1, 1]
    broken = [f.message for f in dataset.findings if f.kind == "broken-object"]
    assert broken[0] == "Line 1 is not `class` and 14 numbers: 'Car 1 2 3'."
    assert broken[1] == 'Line 2 has "nan" for a coordinate.'
    assert len(broken) == 3


def test_names_with_blanks(made):
    label(made / "training/label_2/000001.txt", CAR.replace("Car", "traffic light"))
    assert load(made).classes == ("Car", "Pedestrian", "traffic light")


def test_yolo_is_not_taken_for_kitti_nor_kitti_for_yolo(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"image_2/{name}.png")
    # A polygon of seven points has as many numbers.
    label(tmp_path / "label_2/a.txt", "0 .5 .5 .2 .2", "1 0 0 1 0 1 .1 1 .3 1 1 0 1 0 .5")
    assert load(tmp_path).format == "yolo"
    for name in "ab":
        label(tmp_path / f"label_2/{name}.txt", CAR)
    assert load(tmp_path).format == "kitti"
    with pytest.raises(DataError, match="not a data set"):
        load(tmp_path, format="yolo")


def test_what_is_written_has_fifteen_columns(made, tmp_path):
    write_kitti(load(made), tmp_path / "out")
    lines = (tmp_path / "out/training/label_2/000000.txt").read_text().splitlines()
    assert [len(line.split()) for line in lines] == [15, 15]
    assert lines[1].startswith("Pedestrian 0 0 -10 9.39")
    assert load(tmp_path / "out").findings == ()


def test_classes_that_cannot_be_told_apart_are_refused(tmp_path):
    dataset = Dataset(tmp_path, "voc", "detection", ("a b", "a_b"), ())
    with pytest.raises(DataError, match="blanks alone"):
        write_kitti(dataset, tmp_path / "out")
