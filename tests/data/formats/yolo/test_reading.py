import numpy as np
import pytest

from foveal.data import doctor, load
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


@pytest.mark.parametrize("label_name", ["{}.txt", "{}.jpg.txt", "{}.TXT"])
def test_labels_with_the_suffix_of_the_image_in_their_names(tmp_path, make_image, label_name):
    for name in ("a", "b"):
        make_image(tmp_path / f"images/{name}.jpg")
    label(tmp_path / "labels/a.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "labels" / label_name.format("b"), "0 0.5 0.5 0.2 0.2")
    label(tmp_path / "classes.txt", "dog")
    dataset = load(tmp_path)
    assert [len(s.boxes) for s in dataset] == [1, 1]
    assert dataset.findings == ()


@pytest.mark.parametrize("name", ["train", "test", "classes", "notes", "readme", "source", "names"])
def test_images_called_like_lists_and_names_files(tmp_path, make_image, name):
    for image in ("bus", name):
        make_image(tmp_path / f"{image}.jpg")
        label(tmp_path / f"{image}.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "obj.names", "dog")
    dataset = load(tmp_path)
    assert dataset.classes == ("dog",)
    assert [len(s.boxes) for s in dataset] == [1, 1]


def test_a_list_and_a_names_file_are_no_labels_of_images_of_their_name(tmp_path, make_image):
    for image in ("bus", "train", "classes"):
        make_image(tmp_path / f"images/{image}.jpg")
    label(tmp_path / "labels/bus.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "train.txt", "images/bus.jpg")
    label(tmp_path / "labels/classes.txt", "dog")
    dataset = load(tmp_path)
    assert dataset.classes == ("dog",)
    assert [(s.name, s.split, len(s.boxes)) for s in dataset] == [
        ("bus.jpg", "train", 1), ("classes.jpg", None, 0), ("train.jpg", None, 0)
    ]  # fmt: skip


def test_other_texts_beside_labels_are_passed_over(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    label(tmp_path / "a.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "README.roboflow.txt", "This data set was exported", "via roboflow.com")
    label(tmp_path / "classes.txt", "dog")
    assert load(tmp_path).findings == ()


def test_a_label_file_that_cannot_be_read_does_not_stop_the_others(tmp_path, make_image, make_unreadable):
    for name in "ab":
        make_image(tmp_path / f"images/{name}.jpg")
        label(tmp_path / f"labels/{name}.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "classes.txt", "dog")
    make_unreadable(tmp_path / "labels/b.txt")
    dataset = load(tmp_path)
    # What shows something that cannot be read is no background.
    assert [s.name for s in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("broken-annotation", "labels/b.txt")]


@pytest.mark.parametrize("store", ["store", "set/store"])
def test_linked_folders_are_two_parts(tmp_path, make_image, store):
    names = {"train": ["a", "b", "c"], "val": ["d", "e"]}
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    for split, stems in names.items():
        (root / f"images/{split}").symlink_to(tmp_path / store)
        for stem in stems:
            make_image(tmp_path / f"{store}/{stem}.jpg")
            label(root / f"labels/{split}/{stem}.txt", "0 0.5 0.5 0.1 0.1")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [dog]\n")
    dataset = load(root)
    assert dataset.format == "yolo"
    labelled = {s.name[0]: s.split for s in dataset if len(s.boxes)}
    assert labelled == {"a": "train", "b": "train", "c": "train", "d": "val", "e": "val"}
    # The other links to these images are no background, and no leak.
    assert len(dataset) == 5
    assert "leak" not in [finding.kind for finding in doctor(dataset)]
    label(root / "labels/val/a.txt", "0 0.5 0.5 0.1 0.1")
    assert [finding.kind for finding in doctor(root)].count("leak") == 1


def test_places_of_a_yaml_that_are_globs_lists_or_labels(tmp_path, make_image):
    for name in ("one", "two", "three"):
        make_image(tmp_path / f"images/{name}/{name}.jpg")
        label(tmp_path / f"labels/{name}/{name}.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "parts/held_out.txt", "./images/three/three.jpg")
    (tmp_path / "data.yaml").write_text(
        "train: images/one/*.jpg\nval: labels/two\ntest: parts/held_out.txt\nnames: [dog]\n"
    )
    dataset = load(tmp_path)
    assert {s.name: s.split for s in dataset} == {"one.jpg": "train", "two.jpg": "val", "three.jpg": "test"}
    assert dataset.findings == ()


def test_images_in_two_parts_of_a_yaml(tmp_path, make_image):
    for name in ("one", "two"):
        make_image(tmp_path / f"images/{name}/{name}.jpg")
        label(tmp_path / f"labels/{name}/{name}.txt", "0 0.5 0.5 0.1 0.1")
    yaml = tmp_path / "data.yaml"
    yaml.write_text("train: [images/one, images/two]\nval: images/two\nnames: [dog]\n")
    dataset = load(tmp_path)
    assert [s.split for s in dataset] == ["train", "val"]
    assert kinds(dataset) == ["in-two-splits"]
    yaml.write_text("train: images\nval: images\nnames: [dog]\n")
    dataset = load(tmp_path)
    assert [s.split for s in dataset] == ["train", "train"]
    assert [(f.kind, f.severity) for f in dataset.findings] == [("in-two-splits", "warning")]


def test_a_label_that_fits_several_images_is_ambiguous(tmp_path, make_image):
    for folder in ("left", "right"):
        make_image(tmp_path / f"{folder}/a.jpg")
    label(tmp_path / "labels/a.txt", "0 0.5 0.5 0.1 0.1")
    label(tmp_path / "classes.txt", "dog")
    with pytest.raises(DataError, match=r"may be left/a.jpg or right/a.jpg"):
        load(tmp_path)


def test_splits_told_by_the_folders_beside_each_other(tmp_path, make_image):
    for split in ("train", "val"):
        make_image(tmp_path / f"cars_{split}/images/{split}.jpg")
        (tmp_path / f"cars_{split}/labels").mkdir()
        (tmp_path / f"cars_{split}/labels/{split}.txt").write_text("0 .5 .5 .2 .2")
    assert [(s.name, s.split) for s in load(tmp_path)] == [("train.jpg", "train"), ("val.jpg", "val")]


def test_labels_of_no_image_are_told(tmp_path, make_image):
    make_image(tmp_path / "images/a.jpg")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/other.txt").write_text("0 .5 .5 .2 .2")
    message = (
        r"labels/other\.txt looks like a YOLO label, but no picture is called so \(one is images/a\.jpg\)"
    )
    with pytest.raises(DataError, match=message):
        load(tmp_path)
