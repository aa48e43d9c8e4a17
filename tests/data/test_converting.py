import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from foveal.data import Dataset, Sample, convert, load
from foveal.data.converting import with_parts, writer_of
from foveal.data.formats.table import FORMATS
from foveal.errors import DataError, SettingError

BOXED = [row.name for row in FORMATS.values() if row.write and row.task == "detection"]
WHOLE = [row.name for row in FORMATS.values() if row.write and row.task == "classification"]
CLASSES = ("cow", "ant & bee", "möwe <x>", "1", "train")
# Some of them collide in a format that knows stems alone, or where case is not told.
NAMES = ("a b.png", "x/dog.337.png", "y/dog.337.png", "y/Dog.337.bmp", "é#1=y.png", "dog.337-2.png")
sides = st.integers(0, 40_000).map(lambda v: v / 1000)


@st.composite
def described(draw):
    """Images with boxes of any fraction of a pixel, in all corners, of all flags, with and without parts."""
    split = st.sampled_from(draw(st.sampled_from([("train", "val", "test"), (None,), ("train", "test")])))
    images = []
    for _ in range(draw(st.integers(1, len(NAMES)))):
        number = draw(st.integers(0, 3))
        corners = [[draw(sides) for _ in range(4)] for _ in range(number)]
        boxes = [[min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1] for a, b, c, d in corners]
        labels = [draw(st.integers(0, len(CLASSES) - 1)) for _ in range(number)]
        flags = [[draw(st.booleans()) for _ in range(number)] for _ in range(2)]
        images.append((boxes, labels, *flags, draw(split)))
    # An object at least: empty files of some formats are those of others.
    boxes, labels, difficult, crowd, split = images[0]
    images[0] = ([*boxes, [1, 2, 20, 30.5]], [*labels, 0], [*difficult, False], [*crowd, False], split)
    return images


def made(root, images, *, whole=False):
    samples = []
    for number, (boxes, labels, difficult, crowd, split) in enumerate(images, 1):
        path = root / NAMES[number - 1]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (42, 42 + number), (number, 0, 0)).save(path)
        known = {"width": 42, "height": 42 + number, "split": split}
        if whole:
            samples.append(Sample(path, number, label=(number - 1) % 3, **known))
            continue
        corners = np.array(boxes, np.float32).reshape(-1, 4)
        areas = (corners[:, 2:].astype(np.float64) - corners[:, :2]).prod(axis=1)
        flags = np.array(difficult, np.bool_), np.array(crowd, np.bool_)
        samples.append(
            Sample(
                path, number, boxes=corners, labels=np.array(labels, np.int64), difficult=flags[0],
                crowd=flags[1], areas=areas, **known,
            )
        )  # fmt: skip
    task = "classification" if whole else "detection"
    return Dataset(root, "hand", task, CLASSES[:3] if whole else CLASSES, tuple(samples), source=root)


@pytest.mark.parametrize("to", BOXED)
@settings(max_examples=8, deadline=None)
@given(images=described())
def test_what_is_written_is_what_was_there(to, images):
    with tempfile.TemporaryDirectory() as folder:
        dataset = made(Path(folder) / "in", images)
        if to == "kitti":
            # A class that is a number makes lines that could be YOLO's.
            dataset = dataset.rename({"1": "one"})
        done = convert(dataset, to, Path(folder) / "out")
        again = load(done.folder)
        told = {finding.kind for finding in done.findings}
        assert again.format == to
        assert (done.images, done.objects) == (len(again), sum(len(s.boxes) for s in again))
        # Images are told by their heights; files are bytes.
        others = {other.height: other for other in again}
        assert len(others) == len(dataset)
        for one in dataset:
            other = others[one.height]
            assert other.path.read_bytes() == one.path.read_bytes()
            assert one.split == other.split or "lost-splits" in told
            kept = ~(one.difficult | one.crowd) if "lost-objects" in told else np.ones(len(one.boxes), bool)
            np.testing.assert_allclose(one.boxes[kept], other.boxes, rtol=0, atol=1e-4)
            called = [dataset.classes[label] for label in one.labels[kept]]
            assert [again.classes[label] for label in other.labels] == [
                "_".join(name.split()) if to == "kitti" else name for name in called
            ]
            if not {"lost-difficult", "lost-crowd", "lost-objects"} & told:
                np.testing.assert_array_equal(one.difficult | one.crowd, other.difficult | other.crowd)


@pytest.mark.parametrize("to", WHOLE)
@settings(max_examples=5, deadline=None)
@given(images=described())
def test_classes_of_whole_images_are_what_they_were(to, images):
    with tempfile.TemporaryDirectory() as folder:
        dataset = made(Path(folder) / "in", images, whole=True)
        again = load(convert(dataset, to, Path(folder) / "out").folder, format=to)
        others = {other.height: other for other in again}
        assert len(others) == len(again) == len(dataset)
        for one in dataset:
            other = others[one.height]
            name = dataset.classes[one.label]
            written = {"möwe <x>": "mowe_x"} if to == "folders" else {}
            assert again.classes[other.label] == written.get(name, name)
            assert one.split == other.split


@pytest.fixture
def dataset(tmp_path):
    object_ = ([[1, 2, 20, 30]], [0], [True], [False], "train")
    crowd = ([[1, 2, 20, 30]], [1], [False], [True], "test")
    return made(tmp_path / "in", [object_, crowd, ([], [], [], [], "test")])


def kinds(done):
    return sorted(finding.kind for finding in done.findings)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("voc", ["class-order", "crowd-as-difficult", "lost-classes"]),
        ("coco", []),
        ("yolo", ["lost-crowd", "lost-difficult"]),
        ("labelme", ["class-order", "crowd-as-difficult", "lost-classes"]),
        ("create_ml", ["class-order", "lost-classes", "lost-crowd", "lost-difficult"]),
        ("cvat", ["crowd-as-difficult"]),
        ("label_studio", ["lost-crowd", "lost-difficult"]),
        ("csv", ["class-order", "lost-classes"]),
    ],
)
def test_what_a_format_cannot_hold_is_counted(dataset, tmp_path, to, told):
    dataset = dataset.select([0, 1, 2])
    done = convert(dataset, to, tmp_path / "out")
    assert [kind for kind in kinds(done) if kind not in ("no-annotation", "renamed-image")] == told
    for finding in done.findings:
        if finding.kind in ("lost-difficult", "lost-crowd", "crowd-as-difficult"):
            assert finding.message.startswith("1 of 2 objects is marked")


def test_ids_and_outlines_of_coco_are_told(dataset, tmp_path):
    samples = tuple(replace(s, id=s.id + 70, areas=s.areas / 2) for s in dataset)
    dataset = replace(dataset, format="coco", samples=samples, category_ids=(2, 3, 4, 5, 9))
    done = convert(dataset, "yolo", tmp_path / "yolo")
    assert {"lost-ids", "lost-outlines", "category-ids"} <= set(kinds(done))
    done = convert(dataset, "coco", tmp_path / "coco")
    assert {"lost-ids", "category-ids"}.isdisjoint(kinds(done))
    assert "with the areas" in next(f.action for f in done.findings if f.kind == "lost-outlines")
    again = load(tmp_path / "coco")
    assert [s.id for s in again] == [71, 72, 73]
    assert again.category_ids == (2, 3, 4, 5, 9)


def test_names_that_collide_are_told(dataset, tmp_path):
    done = convert(dataset, "yolo", tmp_path / "out")
    told = {finding.file: finding.action for finding in done.findings if finding.kind == "renamed-image"}
    assert told == {
        "x/dog.337.png": "It is called dog.337-2.png.",
        "y/dog.337.png": "It is called dog.337-3.png.",
    }


def test_links(dataset, tmp_path):
    done = convert(dataset, "voc", tmp_path / "out", images="link")
    for sample in load(done.folder):
        assert any(sample.path.samefile(other.path) for other in dataset)


def test_links_to_another_disk(dataset, tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    done = convert(dataset, "voc", tmp_path / "out", images="link")
    assert all(sample.path.is_symlink() for sample in load(done.folder))


def test_turned_images_and_background_are_told(tmp_path, make_image, xml):
    exif = Image.Exif()
    exif[0x0112] = 6
    make_image(tmp_path / "in/a.jpg", (40, 30), exif=exif)
    xml(tmp_path / "in/a.xml", [("cat", 1, 1, 20, 38)], (30, 40))
    make_image(tmp_path / "in/b.jpg")
    done = convert(load(tmp_path / "in"), "yolo", tmp_path / "out")
    assert kinds(done) == ["exif-orientation", "no-annotation"]
    assert load(done.folder)[0].boxes.tolist() == [[0, 0, 20, 38]]


def test_what_was_left_out_before_is_told(dataset, tmp_path):
    done = convert(dataset.filter(classes=["cow"]).subset(2), "coco", tmp_path / "out")
    assert {"left-out", "background"} <= set(kinds(done))
    assert done.classes == ("cow",)


def test_missing_images_are_left_out_and_told(dataset, tmp_path):
    dataset[0].path.unlink()
    done = convert(dataset, "coco", tmp_path / "out")
    assert done.images == 2
    assert [f.file for f in done.findings if f.kind == "missing-image"] == ["a b.png"]
    for sample in dataset[1:]:
        sample.path.unlink()
    done = convert(dataset, "coco", tmp_path / "all")
    assert (done.images, "no-images" in kinds(done)) == (3, True)
    with pytest.raises(DataError, match="nothing can be written"):
        convert(dataset[:0], "coco", tmp_path / "none")


def test_no_writer_or_not_of_this_task(dataset, tmp_path):
    with pytest.raises(DataError, match="VIA can be read, not written; what can be written is voc"):
        writer_of("via")
    with pytest.raises(DataError, match="Did you mean 'yolo'"):
        writer_of("yol")
    assert writer_of("Label-Studio").name == "label_studio"
    assert (writer_of("csv").name, writer_of("csv", "classification").name) == ("csv", "labels")
    for to in WHOLE:
        with pytest.raises(DataError, match="has boxes"):
            convert(dataset, to, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_into_the_data_set_or_over_anything(dataset, tmp_path):
    for out in (tmp_path / "in", tmp_path / "in/out"):
        with pytest.raises(SettingError, match=r"lies inside|not an empty"):
            convert(dataset, "coco", out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/a.txt").touch()
    with pytest.raises(SettingError, match="not an empty folder"):
        convert(dataset, "coco", tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "mine"]


def test_what_is_read_otherwise_is_refused(dataset, tmp_path, monkeypatch):
    def lose(dataset, folder, *, images):
        FORMATS["coco"].write(dataset[1:], folder, images=images)

    def move(dataset, folder, *, images):
        samples = tuple(replace(s, boxes=s.boxes + np.float32(0.01), xywh=None) for s in dataset)
        FORMATS["coco"].write(replace(dataset, samples=samples), folder, images=images)

    def mix(dataset, folder, *, images):
        swapped = [replace(s, labels=1 - s.labels) for s in dataset[1:]]
        FORMATS["coco"].write(replace(dataset, samples=(dataset[0], *swapped)), folder, images=images)

    for write, said in (
        (lose, "without a b.png"), (move, "with other objects in a b.png"), (mix, "with other objects in x/"),
    ):  # fmt: skip
        row = replace(FORMATS["coco"], write=write)
        monkeypatch.setattr("foveal.data.converting.FORMATS", {"coco": row})
        with pytest.raises(DataError, match=f"is read {said}"):
            convert(dataset, "coco", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_parts_that_are_drawn_anew(dataset):
    divided = with_parts(dataset, [0.4, 0.6])
    assert [s.id for s in divided] == [1, 2, 3]
    assert sorted(s.split for s in divided) == ["train", "val", "val"]


def test_real_data_goes_all_the_way_round(test_data, tmp_path):
    first = dataset = load(test_data / "raccoon")
    for place, to in enumerate(("coco", "yolo", "labelme", "cvat", "label_studio", "csv", "voc")):
        done = convert(dataset, to, tmp_path / f"{place}", images="link")
        dataset = load(done.folder)
        assert dataset.format == to
    assert dataset.classes == first.classes
    for one, other in zip(first, dataset, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_allclose(one.boxes, other.boxes, rtol=0, atol=1e-3)
