import numpy as np
import pytest

from foveal.data import load
from foveal.data.formats.yolo.lines import parse_lines
from foveal.errors import DataError

ROW = ("0", [0.5, 0.25, 0.125, 0.375])


def rows(text):
    return [(row.first, row.values) for row in parse_lines("a.txt", text).rows]


@pytest.mark.parametrize(
    "line",
    [
        "0 0.5 0.25 0.125 0.375",
        "0\t0.5\t0.25\t0.125\t0.375 \t",
        "0,0.5,0.25,0.125,0.375",
        "0, 0.5, 0.25, 0.125, 0.375,",
        "0;0.5;0.25;0.125;0.375",
        "0;0,5;0,25;0,125;0,375",
        "0 0,5 0,25 0,125 0,375",
        "0\t0,5\t0,25\t0,125\t0,375",
        "0\u00a00.5\u00a00.25\u00a00.125\u00a00.375",
        "\ufeff0 .5 .25 .125 .375",
        "0 5e-1 2.5E-01 1.25e-1 3.75e-1",
        "0 [0.5, 0.25, 0.125, 0.375]",
        "tensor(0) 0.5 0.25 0.125 0.375",
        "0 tensor(0.5) tensor(0.25, device='cuda:0') tensor(0.125) tensor(0.375)",
        "0 np.float64(0.5) np.float64(0.25) np.float64(0.125) np.float64(0.375)",
        "0 0.5 0.25 0.125 0.375 # a cat",
        "\r\n0 0.5 0.25 0.125 0.375\r\n\0\0\0",
        "# class x y w h\r0 0.5 0.25 0.125 0.375\r",
        "class x_center y_center width height\n0 0.5 0.25 0.125 0.375",
    ],
)
def test_one_row_in_many_spellings(line):
    assert rows(line) == [ROW]


@pytest.mark.parametrize(
    "line",
    [
        "0,0,5,0,25,0,125,0,375,1.5.2",
        "a caption of the picture",
        "0 0.5 0.25",
        "0 0.5 nan 0.125 0.375",
        "0 0.5 0.25 0.125 1e300",
        "0 0.5 oops 0.25 0.125 0.375 0.1",
        "nan nan nan nan nan",
        "class x_center y_center width height",
    ],
)
def test_what_is_no_row(line):
    found = parse_lines("a.txt", f"0 .5 .5 .5 .5\n{line}")
    assert len(found.rows) == 1
    assert found.broken == [(2, line)]


def test_names_of_classes_may_hold_blanks():
    assert rows("traffic light 0.5 0.25 0.125 0.375\n'cat', 0.5, 0.25, 0.125, 0.375") == [
        ("traffic light", ROW[1]), ("cat", ROW[1])
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_labels_in_any_of_unicodes_encodings(tmp_path, yolo_set, encoding):
    dataset = load(yolo_set(tmp_path, "0 0.375 0.4375 0.25 0.375\n".encode(encoding), classes="cat"))
    np.testing.assert_allclose(dataset[0].boxes, [[16, 12, 32, 30]], atol=1e-3)


def test_a_non_breaking_blank_that_is_not_utf_8(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, b"0\xa00.375 0.4375 0.25\xa00.375\n", classes="cat"))
    np.testing.assert_allclose(dataset[0].boxes, [[16, 12, 32, 30]], atol=1e-3)


def test_unusual_lines_are_told_once(tmp_path, yolo_set):
    dataset = load(yolo_set(tmp_path, *["0;0,5;0,5;0,25;0,25"] * 3, classes="cat"))
    assert [(f.kind, f.severity) for f in dataset.findings] == [("unusual-lines", "note")]
    assert "3 label files, such as labels/p0.txt" in dataset.findings[0].message


def test_the_first_line_that_is_no_label_is_quoted(tmp_path, yolo_set):
    yolo_set(tmp_path, "cat at the left", "dog at the right", classes="cat")
    with pytest.raises(
        DataError, match=r"labels/p0.txt, line 1: 'cat at the left' is not `class cx cy width height`"
    ):
        load(tmp_path)


def test_dota_is_named(tmp_path, yolo_set):
    yolo_set(tmp_path, "imagesource:GoogleEarth\ngsd:0.1\n10 5 30 5 30 25 10 25 plane 0\n")
    with pytest.raises(DataError, match=r"labels/p0.txt, line 1: 'imagesource:GoogleEarth' is DOTA's"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("first", "said"), [("0.5", "has 0.5 for a class number"), ("-1", "has -1"), ("dog", "is not")]
)
def test_what_is_no_class_number_is_left_out_and_told(tmp_path, yolo_set, first, said):
    dataset = load(
        yolo_set(tmp_path, f"{first} .5 .5 .2 .2\n1.0 .5 .5 .2 .2\n0 .5 .5 .2 .2", classes="cat\ndog")
    )
    assert dataset[0].labels.tolist() == [1, 0]
    assert [f.kind for f in dataset.findings] == ["broken-object"]
    assert said in dataset.findings[0].message


@pytest.mark.parametrize("first", ["0.5", "-1"])
def test_a_set_without_a_single_class_number_is_refused(tmp_path, yolo_set, first):
    yolo_set(tmp_path, *[f"{first} .5 .5 .2 .2"] * 2, classes="cat")
    with pytest.raises(DataError, match=rf"labels/p0.txt, line 1 has {first} for a class number"):
        load(tmp_path)
