import pytest

from foveal.data import load
from foveal.errors import DataError


def test_classes_and_ids(tmp_path, make_image):
    for name in ("dog/2.png", "cat/1.jpg", "dog/1.jpg", "dog/deeper/3.png"):
        make_image(tmp_path / name)
    dataset = load(tmp_path)
    assert dataset.task == "classification"
    assert dataset.classes == ("cat", "dog")
    assert [(s.id, s.name, s.label) for s in dataset] == [
        (1, "1.jpg", 0), (2, "1.jpg", 1), (3, "2.png", 1), (4, "3.png", 1)
    ]  # fmt: skip
    assert all(len(s.boxes) == 0 and s.width == 40 for s in dataset)


def test_splits(tmp_path, make_image):
    for split in ("train", "validation", "test"):
        for name in ("cat", "dog"):
            make_image(tmp_path / f"{split}/{name}/1.jpg")
    make_image(tmp_path / "extra/1.jpg")
    make_image(tmp_path / "stray.jpg")
    dataset = load(tmp_path)
    assert dataset.splits == {"train", "val", "test"}
    assert len(dataset) == 6
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("image-without-class", "stray.jpg"), ("image-without-class", "extra/1.jpg")
    ]  # fmt: skip
    assert [s.split for s in load(tmp_path, split="valid")] == ["val", "val"]


def test_a_class_may_be_called_train(tmp_path, make_image):
    for name in ("train", "plane"):
        make_image(tmp_path / name / "1.jpg")
    dataset = load(tmp_path)
    assert dataset.classes == ("plane", "train")
    assert dataset.splits == frozenset()


def test_a_wrapping_folder_is_entered(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / "PetImages" / name / "1.jpg")
    assert load(tmp_path).classes == ("cat", "dog")


def test_an_empty_folder_is_no_class(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / name / "1.jpg")
    (tmp_path / "cow").mkdir()
    dataset = load(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert [(f.kind, f.file) for f in dataset.findings] == [("empty-folder", "cow")]


def test_one_class_only_on_request(tmp_path, make_image):
    make_image(tmp_path / "images/1.jpg")
    with pytest.raises(DataError, match="at least two classes"):
        load(tmp_path)
    assert load(tmp_path, format="folders").classes == ("images",)


def test_unlabelled_images_in_splits_are_no_classes(tmp_path, make_image):
    for name in ("train", "test"):
        make_image(tmp_path / "images" / name / "1.jpg")
    with pytest.raises(DataError, match="not a data set that Foveal knows"):
        load(tmp_path)


def test_a_image_that_is_none_is_left_out(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / name / "1.jpg")
    (tmp_path / "dog/2.jpg").write_bytes(b"")
    dataset = load(tmp_path)
    assert len(dataset) == 2
    assert [(f.kind, f.file) for f in dataset.findings] == [("unreadable-image", "dog/2.jpg")]


def test_crops(tmp_path, make_image):
    rows = ["file,split,source,x1,y1,x2,y2,iou,label"]
    for name, split, label in (
        ("positive/dog/1.jpg", "train", "dog"),
        ("positive/cat_2/1.jpg", "test", "cat/2"),
        ("positive/cow/1.jpg", "train", ""),
        ("negative/2.jpg", "", "negative"),
    ):
        make_image(tmp_path / name)
        rows.append(f"{name},{split},a.jpg,0,0,9,9,0.7,{label}")
    rows += ["positive/dog/gone.jpg,train,a.jpg,0,0,9,9,1,dog", "../other.jpg,train,a.jpg,0,0,9,9,1,dog"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    dataset = load(tmp_path)
    assert dataset.format == "crops"
    assert dataset.task == "classification"
    assert dataset.classes == ("cat/2", "cow", "dog", "negative")
    assert [(s.label, s.split) for s in dataset] == [
        (0, "test"), (1, "train"), (2, "train"), (3, None)
    ]  # fmt: skip
    assert sorted(f.kind for f in dataset.findings) == ["broken-object", "missing-image"]
