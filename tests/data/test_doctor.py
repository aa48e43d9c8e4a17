import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

import foveal.data
from foveal.data import doctor
from foveal.errors import DataError


def kinds(findings, *severities):
    return Counter(f.kind for f in findings if not severities or f.severity in severities)


@pytest.fixture(scope="module")
def clean(tmp_path_factory, make_image, xml):
    """Sixty good pictures with two objects each."""
    root = tmp_path_factory.mktemp("clean")
    for i in range(60):
        name = "cat" if i % 2 else "dog"
        make_image(root / f"images/{i:03}.jpg", (40, 30), seed=i)
        xml(root / f"annotations/{i:03}.xml", [(name, 5, 5, 20, 20), (name, 12, 8, 30, 25)])
    return root


def test_a_clean_set_has_no_errors_or_warnings(clean):
    assert kinds(doctor(clean), "error", "warning") == {}


def test_progress_is_told(clean):
    events = []
    doctor(clean, callbacks=[events.append])
    assert [e["event"] for e in events[:1]] == ["stage_start"]
    assert events[-2]["done"] == events[-2]["total"] == 60


def test_order_and_split(tmp_path, make_image, xml):
    (tmp_path / "splits").mkdir()
    for i in (1, 2, 10):
        make_image(tmp_path / f"{i}.jpg", seed=0)
        xml(tmp_path / f"{i}.xml", [("dog", 5, 5, 5, 5)])
    (tmp_path / "splits/train.txt").write_text("1\n2\n")
    (tmp_path / "splits/test.txt").write_text("10\n")
    findings = doctor(tmp_path)
    assert [f.severity for f in findings] == sorted(
        (f.severity for f in findings), key=["error", "warning", "note"].index
    )
    assert [f.file for f in findings if f.kind == "empty-box"] == ["1.xml", "2.xml", "10.xml"]
    assert [f.file for f in findings if f.kind == "leak"] == ["10.jpg"]
    assert [f.file for f in findings if f.kind == "duplicate-image"] == ["2.jpg"]
    only = doctor(tmp_path, split="test")
    assert [f.file for f in only if f.kind == "empty-box"] == ["10.xml"]
    with pytest.raises(DataError):
        doctor(tmp_path, split="val")


def test_what_is_wrong_with_boxes(tmp_path, make_image, xml):
    make_image(tmp_path / "a.png", (40, 30))
    xml(tmp_path / "a.xml", [
        ("dog", 5, 5, 5, 5), ("dog", 9, 5, 4, 9), ("dog", 5, 5, 5, 20), ("dog", 50, 5, 60, 9),
        ("dog", 30, 5, 45, 20), ("dog", 1, 1, 9, 9), ("dog", 1, 1, 9, 9), ("dog", 2, 1, 9, 9),
        ("cat", 2, 1, 9, 9), ("dog", 1, 1, 41, 30),
    ], filename="a.png")  # fmt: skip
    found = kinds(f for f in doctor(tmp_path) if f.file == "a.xml")
    assert found == {
        "empty-box": 1, "inverted-box": 1, "tiny-box": 1, "outside-box": 1, "clipped-box": 1,
        "duplicate-box": 1, "box-of-two-classes": 1,
    }  # fmt: skip


def test_what_is_wrong_with_files(tmp_path, make_image, xml):
    modes = {"grey": "L", "alpha": "RGBA", "palette": "P", "cmyk": "CMYK"}
    for name, mode in modes.items():
        image = Image.effect_noise((40, 30), 50).convert("RGB").convert(mode)
        image.save(tmp_path / f"{name}.{'jpg' if mode == 'CMYK' else 'png'}")
    Image.new("I;16", (40, 30), 40_000).save(tmp_path / "deep.png")
    make_image(tmp_path / "lies.jpg", format="PNG")
    make_image(tmp_path / "small.png", (9, 30))
    exif = Image.Exif()
    exif[274] = 6
    make_image(tmp_path / "turned.jpg", exif=exif)
    whole = make_image(tmp_path / "cut.jpg", (200, 200)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    sizes = {"small": (9, 30), "cut": (200, 200), "turned": (30, 40)}
    for path in list(tmp_path.iterdir()):
        xml(
            path.with_suffix(".xml"),
            [("dog", 2, 2, 8, 8)],
            sizes.get(path.stem, (40, 30)),
            filename=path.name,
        )
    found = {(f.kind, f.file) for f in doctor(tmp_path) if f.file}
    expected = {
        ("greyscale", "grey.png"), ("alpha-channel", "alpha.png"), ("palette", "palette.png"),
        ("colour-mode", "cmyk.jpg"), ("bit-depth", "deep.png"), ("wrong-extension", "lies.jpg"),
        ("small-image", "small.png"), ("exif-orientation", "turned.jpg"), ("unreadable-image", "cut.jpg"),
    }  # fmt: skip
    assert expected <= found
    assert {f for f in found if f[0] not in ("greyscale",)} <= expected | {
        ("greyscale", "deep.png"),
        ("blank-image", "deep.png"),
    }


def test_missing_and_empty_annotations_differ(tmp_path, make_image, xml):
    for name in "abc":
        make_image(tmp_path / f"{name}.jpg")
    xml(tmp_path / "a.xml", [("dog", 2, 2, 9, 9)])
    xml(tmp_path / "b.xml")
    found = {(f.kind, f.severity, f.file) for f in doctor(tmp_path)}
    assert {("no-objects", "note", "b.jpg"), ("no-annotation", "warning", "c.jpg")} <= found


def test_classes(tmp_path, coco_file):
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 40, "height": 30} for i in range(60)]
    objects = [{"image_id": i, "category_id": 9 if i else 2, "bbox": [1, 1, 9, 9]} for i in range(60)]
    path = coco_file(tmp_path / "a.json", images, objects, [{"id": i, "name": f"c{i}"} for i in (2, 5, 9)])
    found = {f.kind: f.message for f in doctor(path)}
    assert "c9 has 59 of 60 objects (98 %)" in found["class-imbalance"]
    assert "c2 (1)" in found["rare-class"]
    assert "c5" in found["unused-class"]
    assert "from 2 to 9" in found["category-id-gaps"]
    assert "one-box-per-image" in found
    assert "few-images" not in found


def test_cues(tmp_path, make_image):
    for name in ("a", "b", "c"):
        for i in range(6):
            path = make_image(tmp_path / name / f"{i}.png", (40 + i, 30 + 2 * i))
            if name == "a":
                image = Image.open(path).convert("L").resize((50, 60))
                image.paste(0, (0, 0, 1, 60))
                image.save(path)
    found = [f for f in doctor(tmp_path) if f.kind.endswith("-cue")]
    assert {f.kind for f in found} == {"size-cue", "colour-cue", "border-cue"}
    assert all("pictures of a " in f.message for f in found)
    assert "at the left." in next(f.message for f in found if f.kind == "border-cue")


def test_the_same_image_in_two_classes(tmp_path, make_image):
    for name in ("cat", "dog"):
        make_image(tmp_path / name / "1.jpg", seed=0)
    assert kinds(doctor(tmp_path))["conflicting-duplicate"] == 1
    assert kinds(doctor(tmp_path))["same-names"] == 1


def test_copies_that_are_off_by_one(tmp_path, make_image, xml, coco_file):
    images, objects = [], []
    for i in range(4):
        make_image(tmp_path / f"images/{i}.jpg")
        xml(tmp_path / f"annotations/{i}.xml", [("dog", 3, 4, 20, 25, 1)])
        images.append({"id": i, "file_name": f"{i}.jpg", "width": 40, "height": 30})
        objects.append({"image_id": i, "category_id": 1, "bbox": [3, 4, 17, 21]})
    path = coco_file(tmp_path / "copy.json", images, objects, ["dog"])
    found = kinds(doctor(tmp_path))
    assert found["copy-shifted"] == found["copy-lacks-difficult"] == found["several-formats"] == 1
    content = json.loads(path.read_text())
    for entry in content["annotations"]:
        entry.update(bbox=[2, 3, 18, 22], difficult=1)
    path.write_text(json.dumps(content))
    found = kinds(doctor(tmp_path))
    assert not any(kind.startswith("copy") for kind in found)
    content["annotations"].pop()
    path.write_text(json.dumps(content))
    assert kinds(doctor(tmp_path))["copy-differs"] == 1


def test_evaluation_needs_no_images(tmp_path, coco_file):
    image = {"id": 1, "file_name": "a.jpg", "width": 40, "height": 30}
    path = coco_file(tmp_path / "a.json", [image], [{"image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}])
    assert "no-images" in kinds(doctor(path))


def test_every_kind_is_in_the_list():
    package = Path(foveal.data.__file__).parent
    written = set()
    for path in package.rglob("*.py"):
        written |= set(re.findall(r'Finding\(\s*"([a-z-]+)"', path.read_text()))
        written |= set(re.findall(r'(?:(?:tell|_cue)\(|kind, action = |yield )"([a-z-]+)"', path.read_text()))
    listed = set(re.findall(r"``([a-z-]+)``", sys.modules["foveal.data.doctor"].__doc__))
    assert len(written) > 40
    assert written == listed


def has(findings, kind, severity, *files, count=None):
    of_kind = [f for f in findings if f.kind == kind]
    assert {f.severity for f in of_kind} == {severity}
    assert set(files) <= {f.file.rpartition("/")[2] for f in of_kind}
    assert count is None or len(of_kind) == count


def test_bccd(test_data):
    found = doctor(test_data / "bccd")
    has(found, "empty-box", "error", "BloodImage_00338.xml", "BloodImage_00343.xml", count=2)
    has(found, "class-imbalance", "warning")
    has(found, "border-boxes", "note")
    has(found, "truncated-objects", "note")
    assert kinds(found, "error", "warning").total() == 3


def test_a_loaded_data_set(clean, tmp_path, coco_file):
    """It is what the path says, but is not read again."""
    for path in (clean, coco_file(tmp_path / "a.json", [], [], [{"id": 1, "name": "c"}])):
        dataset = foveal.data.load(path)
        assert dataset.path == path
        assert doctor(dataset) == doctor(path)


def test_caltech(test_data):
    found = doctor(test_data / "caltech101_8")
    has(found, "greyscale", "note", "image_0043.jpg", count=50)
    has(found, "same-names", "note")
    assert any("Leopards" in f.message for f in found if f.kind == "size-cue")
    borders = " ".join(f.message for f in found if f.kind == "border-cue")
    assert all(name in borders for name in ("Leopards", "Motorbikes", "airplanes"))
    assert "watch" not in borders


def test_cats_dogs_and_cifar(test_data):
    found = doctor(test_data / "cats_dogs")
    has(found, "varying-sizes", "note")
    assert kinds(found, "error", "warning") == {}


def test_coco128(test_data):
    found = doctor(test_data / "coco128")
    has(found, "no-annotation", "warning", "000000000250.jpg", "000000000508.jpg", count=2)
    has(found, "greyscale", "note", "000000000086.jpg")
    has(found, "tiny-box", "error", "000000000531.txt", "000000000540.txt", "000000000542.txt", count=3)
    # Not in its description: two label files whose images are not there.
    has(found, "missing-image", "error", "000000000656.txt", "000000000659.txt", count=2)


def test_dogs11(test_data):
    found = doctor(test_data / "dogs11")
    has(found, "duplicate-image", "warning", "dog1.jpg", count=1)
    has(found, "one-box-per-image", "note")
    has(found, "few-images", "warning")


def test_fruit(test_data):
    found = doctor(test_data / "fruit")
    has(found, "wrong-extension", "warning", "apple_1.jpg", "apple_42.jpg", "orange_94.jpg", count=22)
    # Twenty-two files say 0×0, that is nothing.
    assert "wrong-size" not in kinds(found)
    assert kinds(found)["alpha-channel"] + kinds(found)["palette"] == 18


def test_raccoon(test_data):
    found = doctor(test_data / "raccoon")
    has(found, "greyscale", "note", "raccoon-150.jpg", "raccoon-152.jpg", "raccoon-161.jpg", count=3)
    pairs = [{f.file, *f.message.split()} for f in found if f.kind == "duplicate-image"]
    assert len(pairs) == 4
    for a, b in ((11, 116), (83, 120), (52, 74), (65, 98)):
        assert any({f"images/raccoon-{a}.jpg"} <= {w.rstrip(",.") for w in p} and
                   {f"images/raccoon-{b}.jpg"} <= {w.rstrip(",.") for w in p} for p in pairs)  # fmt: skip
    has(found, "file-order", "note")


def test_tinycoco(test_data):
    found = doctor(test_data / "tinycoco")
    has(found, "no-objects", "note", "000000226111.jpg", "000000058636.jpg", count=2)
    for kind in ("category-id-gaps", "unused-class", "crowd-regions", "split-of-origin"):
        has(found, kind, "note")


def test_voc2012(test_data):
    found = doctor(test_data / "voc2012_100")
    copies = ("instances_default.json", "instances_v2.json", "annotations_yolo")
    has(found, "copy-shifted", "warning", *copies, count=3)
    has(found, "copy-lacks-difficult", "warning", *copies, count=3)
    has(found, "class-numbers-differ", "note", count=2)
    has(found, "difficult-objects", "note")
    has(found, "several-formats", "note")


def test_class_names_that_are_alike(tmp_path, coco_file):
    image = {"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}
    coco_file(tmp_path / "gt.json", [image], [], ["cat", "Cat", "traffic light", "trafficlight", "dog"])
    told = [(f.severity, f.message) for f in doctor(tmp_path) if f.kind == "similar-class-names"]
    assert told == [
        ("note", "The classes 'cat' and 'Cat' differ by case or blanks alone."),
        ("note", "The classes 'traffic light' and 'trafficlight' differ by case or blanks alone."),
    ]
