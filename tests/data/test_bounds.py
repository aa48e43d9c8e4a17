"""Files that are made to be too much: refused or told of by name, whatever they are too much of."""

import json
import os
import socket

import numpy as np
import pytest

from foveal.data import doctor, documents, load
from foveal.data.formats import records
from foveal.data.formats.coco.records import COCOFile, categories_of
from foveal.data.formats.keras_yolo import _split
from foveal.data.formats.records import Record, unmatched
from foveal.data.formats.split_lists import normalise, of_folder
from foveal.data.yaml_parsing import yaml_value
from foveal.errors import DataError

BOX = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 12]}


def refused(path):
    with pytest.raises(DataError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def good(tmp_path, make_image, coco_file):
    """A folder of a good data set."""
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    images = [{"id": i, "file_name": f"{name}.jpg"} for i, name in enumerate("ab", 1)]
    coco_file(tmp_path / "coco.json", images, [BOX])
    return tmp_path


def told(folder):
    """What is said of a folder that is loaded all the same."""
    said = {}
    for finding in load(folder).findings:
        said[finding.file] = f"{said.get(finding.file, '')} {finding.message}"
    return said


# -- nesting --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [101, 950, 100_000])
@pytest.mark.parametrize(
    ("name", "before", "behind"),
    [
        ("labels.json", "[", "]"),
        ("labels.json", '{"images": ', "}"),
        ("labels.jsonl", '{"file_name": ', "}"),
        ("labels.xml", "<annotation>", "</annotation>"),
        ("labels.yaml", "[", "]"),
        ("labels.yaml", "- ", ""),
        ("labels.yaml", "? ", ""),
    ],
)
def test_what_is_nested_without_end_is_named(good, name, before, behind, deep):
    (good / name).write_text(before * deep + "1" + behind * deep)
    assert "nested more than 100 deep" in told(good)[name]
    assert "nested more than 100 deep" in refused(good / name)


def test_values_that_are_nested_are_none(good):
    content = json.loads((good / "coco.json").read_text())
    deep = [[[[[[1]]]]]]
    for key in ("bbox", "area", "category_id", "image_id", "id", "iscrowd", "segmentation"):
        content["annotations"].append({**BOX, key: deep})
    content["images"].append({"id": deep, "file_name": deep})
    content["categories"].append({"id": deep, "name": deep})
    (good / "coco.json").write_text(json.dumps(content))
    assert len(load(good)) == 2


# -- references -----------------------------------------------------------------------------------------

LAUGHS = "j0: &j0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"j{i}: &j{i} [{', '.join([f'*j{i - 1}'] * 9)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize("key", ["path", "train", "names", "nc", "task", "kpt_shape", "anything"])
def test_references_that_multiply_are_refused_wherever_they_stand(yolo_set, tmp_path, key):
    others = "".join(f"{k}: {v}\n" for k, v in {"names": "[dog]", "train": "images"}.items() if k != key)
    yolo_set(tmp_path, "0 .5 .5 .2 .2", yaml=f"{LAUGHS}{others}{key}: *j9\n")
    assert "it holds more than 1,000,000 values" in told(tmp_path)["data.yaml"]


@pytest.mark.parametrize("text", ["path: &p [*p]", "path: &p {a: *p}", "a: &a\n  b: [c, *a]", "&a [*a]"])
def test_what_holds_itself_is_refused(text):
    with pytest.raises(DataError, match="stands inside of what it refers to"):
        yaml_value(text.encode(), text, "data.yaml")


def test_plain_references_are_read(yolo_set, tmp_path):
    yaml = "names: &n [dog]\ntrain: &t images\nval: *t\nother: *n\n"
    yolo_set(tmp_path, "0 .5 .5 .2 .2", yaml=yaml)
    assert load(tmp_path).classes == ("dog",)


def test_nothing_is_merged():
    text = "a: &a {x: 1}\n!!merge <<: [*a, *a]\n"
    with pytest.raises(DataError, match="not well-formed YAML"):
        yaml_value(text.encode(), text, "data.yaml")


def test_the_head_of_a_readme_is_bounded_too(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    rows = [{"file_name": f"{name}.jpg", "label": i} for i, name in enumerate("ab")]
    (tmp_path / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "README.md").write_text(f"---\n{LAUGHS}x: *j9\n---\n")
    assert load(tmp_path).classes == ("0", "1")


# -- numbers --------------------------------------------------------------------------------------------

HUGE = [10**400, -(10**400), 1e308, 10**15, float("inf"), float("-inf"), float("nan")]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "key", ["bbox", "area", "iscrowd", "width", "height", "id", "image_id", "category_id"]
)
def test_numbers_of_coco_beyond_all_bounds(good, number, key):
    content = json.loads((good / "coco.json").read_text())
    for entry in (content["annotations"] + content["images"])[:2]:
        if key in ("width", "height"):
            content["images"][0][key] = number
        entry[key] = [number, 1, 2, 3] if key == "bbox" else number
    (good / "coco.json").write_text(json.dumps(content))
    try:
        dataset = load(good)
    except DataError:
        return
    assert all(np.isfinite(s.boxes).all() and np.isfinite(s.areas).all() for s in dataset)


@pytest.mark.parametrize("number", HUGE)
def test_numbers_of_lines_and_cells_beyond_all_bounds(tmp_path, make_image, number):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    boxes = {"bbox": [[number, 1, 2, 3], [1, 2, 10, 12]], "categories": ["dog", "dog"]}
    (tmp_path / "metadata.jsonl").write_text(json.dumps({"file_name": "a.jpg", "objects": boxes}))
    dataset = load(tmp_path, format="hugging_face")
    assert [len(sample.boxes) for sample in dataset] == [1, 0]
    assert any("for a box" in finding.message for finding in dataset.findings)
    cell = json.dumps([{"x": number, "y": 1, "width": 2, "height": 3}]).replace('"', '""')
    (tmp_path / "metadata.jsonl").unlink()
    (tmp_path / "boxes.csv").write_text(
        f'filename,bbox,class\na.jpg,"{cell}",dog\nb.jpg,"[1, 2, 3, 4]",dog\n'
    )
    dataset = load(tmp_path, format="csv")
    assert [len(sample.boxes) for sample in dataset] == [0, 1]


def test_a_number_of_thousands_of_digits_is_none(good):
    (good / "extra_train.json").write_text(
        '{"images": [], "annotations": [], "categories": [' + "9" * 5000 + "]}"
    )
    assert "4300" in told(good)["extra_train.json"]


@pytest.mark.parametrize("first", ["100000000000", "999999999999", "-1", "1e300", "9" * 400, "4294967296"])
def test_class_numbers_take_no_room(yolo_set, tmp_path, first):
    yolo_set(tmp_path, f"{first} .5 .5 .2 .2\n0 .3 .3 .1 .1", classes="dog")
    dataset = load(tmp_path)
    assert len(dataset[0].boxes) == 1
    doctor(dataset)
    (tmp_path / "classes.txt").unlink()
    assert len(load(tmp_path).classes) <= 2


def test_numbers_before_names_of_thousands_of_digits(yolo_set, tmp_path):
    yolo_set(tmp_path, "0 .5 .5 .2 .2", classes="9" * 5000 + " dog\n1 cat")
    assert len(load(tmp_path)[0].boxes) == 1


# -- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x" * 300, "🂡" * 70, "é" * 4000, "a/" * 3000 + "b", "x" * 300 + ".jpg"])
def test_long_names_of_pictures_and_classes(good, name):
    content = json.loads((good / "coco.json").read_text())
    content["images"].append({"id": 3, "file_name": name})
    content["categories"].append({"id": 3, "name": name})
    content["annotations"].append({**BOX, "id": 2, "category_id": 3})
    (good / "coco.json").write_text(json.dumps(content))
    dataset = load(good)
    assert name in dataset.classes
    assert len(dataset) == 2
    assert "is not in the data set" in " ".join(finding.message for finding in dataset.findings)
    # Without any picture those that are named are looked for by many.
    for picture in good.glob("*.jpg"):
        picture.unlink()
    dataset = load(good)
    assert not any(sample.path.is_file() for sample in dataset)
    assert dataset.digest
    doctor(dataset)


# -- sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labels.json", "train.csv", "labels.xml", "labels.jsonl", "labels.yaml"])
def test_files_larger_than_any_real_one_are_not_read(good, name):
    (good / name).touch()
    os.truncate(good / name, 20 * 10**9)
    assert "it has 20 GB, and no such file more than" in told(good)[name]
    assert "it has 20 GB" in refused(good / name)


def test_a_file_that_was_never_filled_is_not_read(good, monkeypatch):
    (good / "labels.json").touch()
    os.truncate(good / "labels.json", 3 * 10**9)
    assert "holds nothing but zeros" in told(good)["labels.json"]


def test_want_of_memory_is_told(good, monkeypatch):
    def parse(path):
        raise MemoryError

    monkeypatch.setitem(documents.PARSERS, ".json", parse)
    assert "there is too little memory for it" in refused(good)


def test_references_of_xml_are_counted(good):
    entity = f"<!DOCTYPE a [<!ENTITY e '{'x' * 99}'>]>"
    (good / "labels.xml").write_text(f"{entity}<annotation>{'&e;' * 200_000}</annotation>")
    assert "more entities than can be read" in told(good)["labels.xml"]


# -- regular files --------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes among its files")
def test_what_is_no_regular_file_is_named_and_not_opened(good):
    for name in ("p.jpg", "data.yaml", "train.txt", "a.xml", "predictions.json", "classes.txt"):
        os.mkfifo(good / name)
    (good / "z.png").symlink_to("/dev/zero")
    (good / "gone.png").symlink_to("nowhere")
    (good / "b.jpg").rename(good.parent / "elsewhere.jpg")
    (good / "b.jpg").symlink_to(good.parent / "elsewhere.jpg")
    with socket.socket(socket.AF_UNIX) as one:
        here = os.open(good, os.O_RDONLY)
        one.bind(f"/proc/self/fd/{here}/s.jpg" if os.path.exists("/proc/self/fd") else "s.jpg")  # noqa: PTH110
        os.close(here)
    dataset = load(good)
    assert {sample.name for sample in dataset} == {"a.jpg", "b.jpg"}
    said = told(good)
    for name in ("p.jpg", "data.yaml", "train.txt", "a.xml", "predictions.json", "classes.txt"):
        assert "it is a pipe, and regular files alone are opened" in said[name]
        assert f"{name} is a pipe" in refused(good / name)
    assert "it is a link to a device" in said["z.png"]
    assert "it is a socket" in said["s.jpg"]
    assert "leads nowhere" in said["gone.png"]
    assert all(finding.severity == "error" for finding in dataset.findings if finding.file in said)
    doctor(dataset)


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="the system has no /proc")
def test_what_the_system_makes_up_is_named_and_not_opened(good):
    (good / "instances_train.json").symlink_to("/proc/self/environ")
    (good / "c.jpg").symlink_to("/proc/version")
    (good / "all").symlink_to("/proc", target_is_directory=True)
    dataset = load(good)
    assert len(dataset) == 2
    said = {finding.file: finding.message for finding in dataset.findings}
    assert "a link to a file of the system's own" in said["instances_train.json"]
    assert "a link to a file of the system's own" in said["c.jpg"]
    assert "it holds what the system makes up" in said["all"]


# -- time -----------------------------------------------------------------------------------------------


class Counted(dict):
    """A dictionary that counts how often all of its values are asked for."""

    asked = 0

    def values(self):
        self.asked += 1
        return super().values()


def test_categories_are_not_compared_with_each_other():
    entries = [{"id": i % 50, "name": f"kind {i}"} for i in range(300)]
    known = Counted({"dog": 7})
    findings = []
    categories_of(COCOFile("a.json", [], [], entries), known, findings)
    assert known.asked <= 2
    assert len(known) == 51
    assert len(set(known.values())) == 51


def boxes(number, shift=0.0):
    corners = np.arange(number)[:, None] * 30 + np.array([0, 0, 20, 20]) + shift
    return Record("a.jpg", "a.jpg", boxes=corners.tolist(), names=["dog"] * number)


def test_boxes_are_compared_piece_by_piece(monkeypatch):
    one, other = boxes(40), boxes(50, 1.0)
    other.names[3] = "cat"
    whole = unmatched(one, other), unmatched(other, one), unmatched(other, one, names=False)
    assert whole == ([3], [3, *range(40, 50)], list(range(40, 50)))
    monkeypatch.setattr(records, "_PAIRS", 100)
    assert (unmatched(one, other), unmatched(other, one), unmatched(other, one, names=False)) == whole


def test_of_very_many_boxes_equal_ones_are_the_same(monkeypatch):
    monkeypatch.setattr(records, "_MOST_PAIRS", 100)
    one, other, shifted = boxes(20), boxes(30), boxes(20, 1.0)
    assert unmatched(one, other) == []
    assert unmatched(other, one) == list(range(20, 30))
    assert unmatched(one, shifted) == list(range(20))


def test_a_picture_that_is_described_without_end_is_left_out(good):
    content = json.loads((good / "coco.json").read_text())
    content["images"] += [{"id": i, "file_name": "b.jpg"} for i in range(10, 400)]
    content["annotations"] += [{**BOX, "id": i, "image_id": 2} for i in range(2, 30)]
    (good / "coco.json").write_text(json.dumps(content))
    dataset = load(good)
    assert [sample.name for sample in dataset] == ["a.jpg"]
    assert "is described more than 100 times" in " ".join(finding.message for finding in dataset.findings)


@pytest.mark.parametrize(
    "name", ["train" + "1" * 55 + "x", "dataset" * 8 + "x", "dataset" * 4000, "train" * 12]
)
def test_names_that_match_in_many_ways_are_told_at_once(name):
    assert normalise(name) is None
    assert of_folder(name) is None


def test_numbers_behind_a_name_are_told_in_one_go(good):
    (good / "train.txt").write_text("a.jpg" + " 1" * 50_000 + "x\nb.jpg 1\n")
    assert load(good).part("train")


def test_the_objects_of_a_line_are_parted_from_its_path():
    objects = ["1,2,3,4,0"] * 5000
    assert _split("a b\tc.jpg " + "  ".join(objects)) == ("a b\tc.jpg", objects)
    assert _split("a b.jpg") == ("a b.jpg", [])
