"""What the doctor says of images: blank ones, deep ones, turned ones, and those that cannot be read."""

import numpy as np
import pytest
from PIL import Image

from foveal.data import doctor, load
from foveal.errors import DataError


def of_kind(folder, kind):
    return [(f.file, f.severity) for f in doctor(folder) if f.kind == kind]


def test_blank_images_with_boxes(tmp_path, make_image, xml):
    Image.new("RGB", (40, 30)).save(tmp_path / "black.jpg")
    Image.new("RGB", (40, 30), (90, 91, 92)).save(tmp_path / "grey.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "background.png")
    make_image(tmp_path / "good.jpg")
    for name in ("black", "grey", "good"):
        xml(tmp_path / f"{name}.xml", [("cat", 5, 5, 20, 20)])
    xml(tmp_path / "background.xml", [])
    assert of_kind(tmp_path, "blank-image") == [("black.jpg", "warning"), ("grey.png", "warning")]


def test_bits_that_are_used(tmp_path):
    ramp = np.linspace(0, 4095, 1200).reshape(30, 40)
    for name, image in {"a/12": ramp, "a/16": ramp * 16, "b/8": ramp // 20}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(image.astype(np.uint16)).save(tmp_path / f"{name}.png")
    told = {f.file: f.message for f in doctor(tmp_path) if f.kind == "bit-depth"}
    assert "uses 12 of them" in told["a/12.png"]
    assert "uses" not in told["a/16.png"]
    assert "uses 8 of them" in told["b/8.png"]


@pytest.mark.parametrize(("orientation", "size", "unclear"), [
    (1, (40, 30), False), (2, (40, 30), True), (3, (40, 30), True), (4, (40, 30), True), (6, (40, 30), False),
    (6, (40, 40), True), (8, (40, 40), True),
])  # fmt: skip
def test_orientations_that_tell_nothing(tmp_path, make_image, xml, orientation, size, unclear):
    exif = Image.Exif()
    exif[274] = orientation
    make_image(tmp_path / "a.jpg", size, exif=exif)
    xml(tmp_path / "a.xml", [("cat", 5, 5, 20, 20)], size=size)
    assert bool(of_kind(tmp_path, "exif-unclear")) == unclear
    xml(tmp_path / "a.xml", [], size=size)
    assert not of_kind(tmp_path, "exif-unclear")


def test_pictures_of_a_class_that_cannot_be_read(tmp_path, make_image):
    for name in ("cat", "dog"):
        for i in range(3):
            make_image(tmp_path / name / f"{i}.jpg")
    for name in ("cat/raw.CR2", "cat/0.nef", "cat/film.mp4", "dog/x.heic", "cow/x.psd", "notes.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0\1\2\3")
    dataset = load(tmp_path)
    found = {f.file: f for f in dataset.findings if f.kind == "unreadable-image"}
    # 0.nef is the raw photograph of 0.jpg; a PDF at the top is nobody's picture.
    assert {file: f.severity for file, f in found.items()} == {
        "cat/raw.CR2": "error", "cat/film.mp4": "warning", "dog/x.heic": "error", "cow/x.psd": "error",
    }  # fmt: skip
    assert "develop it, and save it as JPEG" in found["cat/raw.CR2"].message


def test_annotated_pictures_that_cannot_be_read(tmp_path, make_image, xml):
    for name in ("a", "b"):
        xml(tmp_path / f"xml/{name}.xml", [("cat", 5, 5, 20, 20)])
    (tmp_path / "images").mkdir()
    for name in ("a.nef", "b.DNG", "plan.pdf"):
        (tmp_path / "images" / name).write_bytes(b"II*\0")
    with pytest.raises(DataError, match=r"images/a\.nef: It is a raw photograph of a camera; develop it"):
        load(tmp_path)
    make_image(tmp_path / "images/b.jpg")
    dataset = load(tmp_path)
    assert [s.name for s in dataset] == ["b.jpg"]
    assert [(f.kind, f.file, f.severity) for f in dataset.findings if f.severity != "warning"] == [
        ("unreadable-image", "images/plan.pdf", "note"), ("unreadable-image", "images/a.nef", "error"),
    ]  # fmt: skip


def test_heic_and_jpeg_of_one_photograph(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg")
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    xml(tmp_path / "a.xml", [("cat", 5, 5, 20, 20)])
    assert [s.name for s in load(tmp_path)] == ["a.jpg"]
