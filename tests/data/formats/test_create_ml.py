import json

import pytest

from foveal.data import load
from foveal.data.formats.create_ml import take
from foveal.errors import DataError


def entry(image, *objects, keys=("image", "annotations")):
    """An image; an object is a label and its x, y (of the centre), width and height."""
    described = [
        {"label": label, "coordinates": dict(zip(("x", "y", "width", "height"), numbers, strict=True))}
        for label, *numbers in objects
    ]
    return {keys[0]: image, keys[1]: described}


def write(path, *entries):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(entries)))


def boxes(dataset):
    return [sample.boxes.tolist() for sample in dataset]


@pytest.mark.parametrize(
    "keys",
    [("image", "annotations"), ("imagefilename", "annotation"), ("imageFilename", "annotations")],
)
def test_centres_become_corners(tmp_path, make_image, keys):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
    write(
        tmp_path / "annotations.json",
        entry("a.jpg", ("dog", 20, 15, 20, 20), ("cat", 2.5, 3, 5, 6), keys=keys),
        entry("b.jpg", keys=keys),
    )
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("create_ml", ("cat", "dog"))
    assert boxes(dataset) == [[[10, 5, 30, 25], [0, 0, 5, 6]], []]
    assert dataset[0].labels.tolist() == [1, 0]
    assert dataset.findings == ()


def test_numbers_that_are_all_below_one_are_shares(tmp_path, make_image):
    make_image(tmp_path / "a.jpg", (40, 20))
    write(tmp_path / "a.json", entry("a.jpg", ("cat", 0.5, 0.5, 0.5, 0.25)))
    assert boxes(load(tmp_path)) == [[[10, 7.5, 30, 12.5]]]


def test_a_file_for_each_part(tmp_path, make_image):
    for part in ("train", "valid"):
        make_image(tmp_path / part / "a.jpg")
        write(tmp_path / part / "_annotations.createml.json", entry("a.jpg", (part, 9, 9, 4, 4)))
    dataset = load(tmp_path)
    assert [(s.path.parent.name, s.split) for s in dataset] == [("train", "train"), ("valid", "val")]
    assert [dataset.classes[int(sample.labels[0])] for sample in dataset] == ["train", "valid"]


def test_the_files_names_tell_parts(tmp_path, make_image):
    for name in "abcd":
        make_image(tmp_path / f"images/{name}.jpg")
    write(tmp_path / "train.json", entry("a.jpg"), entry("b.jpg", ("cat", 9, 9, 4, 4)))
    write(tmp_path / "createml-test.json", entry("c.jpg"), entry("d.jpg"))
    # One file an image, as of labelImg: its name is that of the image.
    make_image(tmp_path / "images/val.jpg")
    write(tmp_path / "images/val.json", entry("val.jpg"))
    dataset = load(tmp_path)
    assert [(s.path.stem, s.split) for s in dataset] == [
        ("a", "train"), ("b", "train"), ("c", "test"), ("d", "test"), ("val", None),
    ]  # fmt: skip


def test_files_about_the_same_images(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    write(tmp_path / "cats.json", entry("a.jpg", ("cat", 9, 9, 4, 4)))
    write(tmp_path / "dogs.json", entry("a.jpg", ("dog", 20, 20, 4, 4)))
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[7, 7, 11, 11], [18, 18, 22, 22]]]
    assert [finding.kind for finding in dataset.findings] == ["several-annotation-files"]
    write(tmp_path / "dogs.json", entry("a.jpg", ("cat", 20, 20, 4, 4)))
    with pytest.raises(DataError, match=r"cats\.json and dogs\.json contradict each other about a\.jpg"):
        load(tmp_path)
    write(tmp_path / "dogs.json", entry("a.jpg", ("cat", 0.5, 0.5, 0.5, 0.5)))
    with pytest.raises(DataError, match=r"dogs\.json and cats\.json.* one has pixels and one has shares"):
        load(tmp_path)


def test_what_cannot_be_used_is_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    good = entry("a.jpg", ("cat", 9, 9, 4, 4), ("cat", 9, None, 4, 4), ("", 9, 9, 4, 4), (["x"], 9, 9, 4, 4))
    good["annotations"] += [{"label": "cat"}, "text", {"label": "cat", "coordinates": {"x": 1}}]
    write(tmp_path / "a.json", good, {"image": None, "annotations": []}, entry("gone.jpg"))
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[7, 7, 11, 11]]]
    assert [finding.kind for finding in dataset.findings] == ["broken-object"] * 7 + ["missing-image"]


def test_a_name_that_is_too_long_for_any_file(tmp_path, make_image):
    make_image(tmp_path / "b.jpg")
    write(tmp_path / "a.json", entry("é" * 1000 + ".jpg", ("cat", 9, 9, 4, 4)))
    dataset = load(tmp_path / "a.json")
    assert [finding.kind for finding in dataset.findings] == ["no-images"]
    assert not dataset[0].path.exists()
    assert dataset[0].name.endswith("éé.jpg")


def test_other_files_are_not_taken():
    hugging_face = [{"image": "a.jpg", "annotations": [{"label": "cat", "bbox": [1, 2, 3, 4]}]}]
    label_studio = [{"id": 1, "data": {"image": "a.jpg"}, "annotations": [{"result": []}]}]
    bdd = [{"name": "a.jpg", "labels": [{"category": "cat", "box2d": {}}]}]
    whole = [{"image": "a.jpg", "annotation": "cat"}]
    for content in ([], {}, [1], hugging_face, label_studio, bdd, whole):
        assert take(content, "a.json") is None
