import numpy as np
import pytest

from foveal.data import load
from foveal.errors import DataError


def label(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_boxes_names_and_background(tmp_path, make_image):
    for name in "abc":
        make_image(tmp_path / f"images/{name}.jpg", (40, 30))
    label(tmp_path / "labels/a.txt", "1 0.5 0.5 0.5 0.2", "", "0 0.25 0.5 0.5 1.0")
    label(tmp_path / "labels/b.txt")
    label(tmp_path / "classes.txt", "dog", "cat", "cow")
    dataset = load(tmp_path)
    assert dataset.format == "yolo"
    assert dataset.classes == ("dog", "cat", "cow")
    np.testing.assert_allclose(dataset[0].boxes, [[10, 12, 30, 18], [0, 0, 20, 30]])
    assert dataset[0].labels.tolist() == [1, 0]
    assert [(s.name, s.annotation is not None) for s in dataset] == [
        ("a.jpg", True), ("b.jpg", True), ("c.jpg", False)
    ]  # fmt: skip
    assert dataset.findings == ()


def test_broken_lines_and_unknown_classes_are_left_out_and_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1", "dog 0.5 0.5 0.1 0.1", "0 0.5", "7 0.5 0.5 0.1 0.1",
          "0 0.5 nan 0.1 0.1", "0 20 30 100 100", "-1 0.5 0.5 0.1 0.1")  # fmt: skip
    label(tmp_path / "obj.names", "dog")
    dataset = load(tmp_path)
    assert [len(s.boxes) for s in dataset] == [1]
    assert sorted(kinds(dataset)) == ["broken-object"] * 5 + ["unknown-class"]
    assert "Line 2" in dataset.findings[0].message


def test_polygons_become_their_bounding_boxes(tmp_path, make_image):
    make_image(tmp_path / "a.jpg", (40, 30))
    label(tmp_path / "a.txt", "0 0.1 0.2 0.5 0.2 0.3 0.8")
    label(tmp_path / "classes.txt", "dog")
    np.testing.assert_allclose(load(tmp_path)[0].boxes, [[4, 6, 20, 24]], rtol=1e-6)


def test_without_names_the_numbers_are_names(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "2 0.5 0.5 0.1 0.1")
    dataset = load(tmp_path)
    assert dataset.classes == ("2",)
    assert kinds(dataset) == ["no-class-names"]


@pytest.mark.parametrize("names", ["[dog, cat]", "{0: dog, 1: cat}", "\n  1: cat\n  0: dog"])
def test_data_yaml(tmp_path, make_image, names):
    for split in ("train", "valid", "test"):
        make_image(tmp_path / f"{split}/images/{split}.jpg")
        label(tmp_path / f"{split}/labels/{split}.txt", "1 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text(
        f"train: ../train/images\nval: ../valid/images\ntest: test/images\nnc: 2\nnames: {names}\n"
    )
    for path in (tmp_path, tmp_path / "data.yaml"):
        dataset = load(path)
        assert dataset.classes == ("dog", "cat")
        assert [(s.name, s.split) for s in dataset] == [
            ("test.jpg", "test"), ("train.jpg", "train"), ("valid.jpg", "val")
        ]  # fmt: skip
        assert dataset.findings == ()


def test_a_yaml_that_says_other_than_the_folders(tmp_path, make_image):
    for name in ("one", "two"):
        make_image(tmp_path / f"images/{name}/{name}.jpg")
        label(tmp_path / f"labels/{name}/{name}.txt", "0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text(
        "path: /elsewhere/set\ntrain: images/one\nval: [images/two]\ntest: images/none\nnames: [dog]\n"
    )
    dataset = load(tmp_path)
    assert [s.split for s in dataset] == ["train", "val"]
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("listed-but-missing", "elsewhere/set/images/none")
    ]


def test_broken_yaml(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text("names: [dog")
    with pytest.raises(DataError, match=r"data\.yaml is not well-formed YAML"):
        load(tmp_path / "data.yaml")
    (tmp_path / "data.yaml").write_text("nc: 3")
    with pytest.raises(DataError, match="it is no YOLO"):
        load(tmp_path / "data.yaml")


def test_a_yaml_key_that_is_no_number(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text("names: {²: dog}", encoding="utf-8")
    assert kinds(load(tmp_path)) == ["no-class-names"]


def test_a_yaml_that_is_nested_too_deeply(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text("names: " + "[" * 5000)
    assert kinds(load(tmp_path)) == ["broken-annotation", "no-class-names"]
    with pytest.raises(DataError, match=r"data\.yaml is not well-formed YAML"):
        load(tmp_path / "data.yaml")


def test_yaml_cannot_make_objects(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1")
    (tmp_path / "data.yaml").write_text("names: !!python/object/apply:os.getcwd []")
    assert kinds(load(tmp_path)) == ["broken-annotation", "no-class-names"]
    with pytest.raises(DataError, match="not well-formed"):
        load(tmp_path / "data.yaml")


def test_labels_without_images_are_told(tmp_path, make_image):
    make_image(tmp_path / "images/a.jpg")
    for name in ("a", "b"):
        label(tmp_path / f"labels/{name}.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "classes.txt", "dog")
    dataset = load(tmp_path)
    assert [s.name for s in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("missing-image", "labels/b.txt")]


def test_detections_with_scores_are_not_labels(tmp_path, make_image):
    make_image(tmp_path / "images/a.jpg")
    label(tmp_path / "labels/a.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "detections/a.txt", "0 0.9 0.5 0.5 0.1 0.1")
    label(tmp_path / "classes.txt", "dog")
    assert len(load(tmp_path)[0].boxes) == 1


def test_a_split_of_background_only(tmp_path, make_image):
    for split in ("train", "val"):
        make_image(tmp_path / f"images/{split}/{split}.jpg")
        label(tmp_path / f"labels/{split}/{split}.txt", *(["0 0.5 0.5 0.1 0.1"] if split == "train" else []))
    label(tmp_path / "classes.txt", "dog")
    assert [(s.split, len(s.boxes)) for s in load(tmp_path)] == [("train", 1), ("val", 0)]
