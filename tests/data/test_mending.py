import shutil

import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, load, mend
from foveal.errors import DataError
from foveal.images import probe, read


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.fixture
def folder(tmp_path, make_image, xml):
    """A folder with everything that a program can mend."""
    root = tmp_path / "in"
    make_image(root / "turned.jpg", (40, 30), exif=turned(6))
    xml(root / "turned.xml", [("cat", 3, 3, 20, 35)], (30, 40))
    make_image(root / "mirrored.png", exif=turned(2))
    xml(root / "mirrored.xml", [("cat", 3, 3, 20, 25)], filename="mirrored.png")
    make_image(root / "really.jpg", format="PNG")
    objects = [
        ("cat", 5, 5, 20, 20), ("cat", 30, 20, 60, 45), ("dog", 20, 25, 10, 15), ("dog", 50, 5, 60, 20),
        ("cat", 5, 5, 20, 20), ("dog", 5, 5, 20, 20),
    ]  # fmt: skip
    xml(root / "really.xml", objects)
    make_image(root / "one.jpg")
    xml(root / "one.xml", [("cat", 3, 3, 20, 25)])
    for name, objects in (("same", [("cat", 3, 3, 20, 25)]), ("other", [("dog", 20, 10, 39, 29)])):
        shutil.copy(root / "one.jpg", root / f"{name}.jpg")
        xml(root / f"{name}.xml", objects)
    make_image(root / "cut.jpg")
    (root / "cut.jpg").write_bytes((root / "cut.jpg").read_bytes()[:-300])
    xml(root / "cut.xml", [("cat", 3, 3, 20, 25)])
    make_image(root / " what?.jpg")
    xml(root / " what?.xml", [("dog", 3, 3, 20, 25)])
    return root


def test_what_a_program_can_mend(folder, tmp_path):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = mend(load(folder), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert {(f.kind, f.file) for f in done.mended} == {
        ("exif-orientation", "turned.jpg"), ("exif-orientation", "mirrored.png"),
        ("wrong-extension", "really.jpg"), ("clipped-box", "really.jpg"), ("inverted-box", "really.jpg"),
        ("empty-box", "really.jpg"), ("duplicate-box", "really.jpg"), ("duplicate-image", "same.jpg"),
        ("unreadable-image", "cut.jpg"), ("odd-name", " what?.jpg"),
    }  # fmt: skip
    again = {sample.name: sample for sample in load(tmp_path / "out")}
    assert set(again) == {"turned.jpg", "mirrored.png", "really.png", "one.jpg", "other.jpg", "what_.jpg"}
    assert done.written.format == "voc"
    assert again["really.png"].labels.tolist() == [0, 0, 1, 1]
    assert again["really.png"].boxes.tolist() == [
        [4, 4, 20, 20], [29, 19, 40, 30], [9, 14, 20, 25], [4, 4, 20, 20],
    ]  # fmt: skip
    for name in ("turned.jpg", "mirrored.png"):
        assert probe(again[name].path).orientation == 1
        seen, stored = read(folder / name).astype(int), read(again[name].path)
        assert seen.shape == stored.shape
        assert np.abs(seen - stored).mean() < 12
    assert (read(folder / "mirrored.png") == read(again["mirrored.png"].path)).all()
    assert again["turned.jpg"].boxes.tolist() == [[2, 2, 20, 35]]


def test_what_is_left_is_said(folder, tmp_path):
    done = mend(load(folder), tmp_path / "out")
    left = {finding.kind for finding in done.left}
    assert {"duplicate-image", "few-images"} <= left
    gone = {f.kind for f in done.mended} - {"duplicate-image"}
    assert not gone & left


def test_a_mended_copy_needs_no_mending(folder, tmp_path):
    mend(load(folder), tmp_path / "out")
    done = mend(load(tmp_path / "out"), tmp_path / "again", to="coco", images="link")
    assert done.mended == ()
    assert (done.written.format, done.written.images) == ("coco", 6)


def test_of_equal_images_the_held_out_one_stays(tmp_path, make_image, xml):
    for split in ("train", "test"):
        make_image(tmp_path / f"in/{split}/images/a.jpg", seed=3)
        xml(tmp_path / f"in/{split}/annotations/a.xml", [("cat", 3, 3, 20, 25)])
    make_image(tmp_path / "in/train/images/b.jpg")
    xml(tmp_path / "in/train/annotations/b.xml", [("cat", 3, 3, 20, 25)])
    done = mend(load(tmp_path / "in"), tmp_path / "out")
    assert "which is in test, this one in train" in done.mended[0].message
    assert [(s.name, s.split) for s in load(tmp_path / "out")] == [("a.jpg", "test"), ("b.jpg", "train")]


def test_classes_of_whole_images(tmp_path, make_image):
    for name, seed in (("cat/1.png", 1), ("cat/2.png", 1), ("dog/1.png", 1), ("dog/3.png", 2)):
        make_image(tmp_path / "in" / name, seed=seed)
    done = mend(load(tmp_path / "in"), tmp_path / "out")
    assert [(f.kind, f.file) for f in done.mended] == [("duplicate-image", "cat/2.png")]
    assert "conflicting-duplicate" in {f.kind for f in done.left}
    written = [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")]
    assert sorted(written) == ["cat/1.png", "dog/1.png", "dog/3.png"]


def test_nothing_left(tmp_path, make_image):
    for name in ("cat", "dog"):
        path = make_image(tmp_path / "in" / name / "1.jpg")
        path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match="no picture that is left"):
        mend(load(tmp_path / "in"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="no picture that is left"):
        mend(Dataset(tmp_path, "voc", "detection", ("a",), ()), tmp_path / "out")


def test_a_format_without_a_writer_becomes_coco(tmp_path, make_image, xml):
    make_image(tmp_path / "in/a.jpg")
    xml(tmp_path / "in/a.xml", [("cat", 3, 3, 20, 25)])
    dataset = load(tmp_path / "in")
    other = Dataset(dataset.root, "vott", "detection", dataset.classes, dataset.samples)
    assert mend(other, tmp_path / "out").written.format == "coco"
