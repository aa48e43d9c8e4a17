import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, crop_objects, load
from foveal.errors import DataError
from foveal.images import read


def test_each_object_is_an_image_of_its_class(tmp_path, make_image, xml):
    for split in ("train", "test"):
        make_image(tmp_path / f"in/{split}/images/a.jpg")
        objects = [("cat", 3, 5, 20, 25), ("a/b", 31, 21, 60, 45), ("cat", 1, 1, 9, 9, 1)]
        objects.append(("cat", 40, 5, 60, 9))
        xml(tmp_path / f"in/{split}/annotations/a.xml", objects)
    make_image(tmp_path / "in/train/images/b.jpg")
    dataset = load(tmp_path / "in")
    done = crop_objects(dataset, tmp_path / "out")
    assert (done.format, done.images, done.splits) == ("folders", 4, {"train": 2, "test": 2})
    messages = [f.message for f in done.findings if f.kind == "left-out"]
    assert messages == [
        "2 objects are marked as difficult or as crowd regions.",
        "2 objects are smaller than 2 pixels inside the picture.",
        "1 picture is without objects.",
    ]
    assert [f.action for f in done.findings if f.kind == "renamed-class"] == ["It is called a_b."]
    again = load(tmp_path / "out")
    assert again.classes == ("a_b", "cat")
    for sample in again:
        source = dataset[0] if "-1-" in sample.name else dataset[1]
        x1, y1, x2, y2 = (2, 4, 20, 25) if again.classes[sample.label] == "cat" else (30, 20, 40, 30)
        assert source.split == sample.split
        np.testing.assert_array_equal(read(sample.path), read(source.path)[y1:y2, x1:x2])


def test_boxes_of_fractions_lose_no_pixel(tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("0 0.26 0.5 0.26 0.5\n")
    done = crop_objects(load(tmp_path), tmp_path.parent / f"{tmp_path.name}-crops")
    assert [read(s.path).shape for s in load(done.folder, format="folders")] == [(16, 11, 3)]


def test_images_that_cannot_be_read_are_told(tmp_path, make_image, xml):
    for name in ("a", "b"):
        make_image(tmp_path / f"in/{name}.jpg")
        xml(tmp_path / f"in/{name}.xml", [("cat", 3, 5, 20, 25), ("dog", 3, 5, 20, 25)])
    (tmp_path / "in/b.jpg").write_bytes((tmp_path / "in/b.jpg").read_bytes()[:-300])
    done = crop_objects(load(tmp_path / "in"), tmp_path / "out")
    assert done.images == 2
    assert [(f.kind, f.file, f.action) for f in done.findings] == [
        ("unreadable-image", "b.jpg", "Its 2 objects are left out.")
    ]


def test_nothing_to_cut_out(tmp_path):
    with pytest.raises(DataError, match="no object that could be cut out"):
        crop_objects(Dataset(tmp_path, "voc", "detection", ("a",), ()), tmp_path / "out")
    with pytest.raises(DataError, match="for classification"):
        crop_objects(Dataset(tmp_path, "folders", "classification", ("a",), ()), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
