import json

import pytest

from foveal.data import load
from foveal.errors import DataError


def test_missing_and_empty(tmp_path):
    with pytest.raises(DataError, match="There is no folder or file"):
        load(tmp_path / "none")
    with pytest.raises(DataError, match="it holds no file"):
        load(tmp_path)
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(DataError, match=r"data sets are folders, or files with .*\.json"):
        load(tmp_path / "a.txt")


def test_of_copies_the_first_of_the_table_counts_and_format_overrides(tmp_path, make_image, xml, coco_file):
    make_image(tmp_path / "images/a.jpg")
    xml(tmp_path / "xml/a.xml", [("dog", 11, 9, 30, 22)])
    image = {"id": 4, "file_name": "a.jpg", "width": 40, "height": 30}
    box = {"image_id": 4, "category_id": 2, "bbox": [10, 8, 20, 14]}
    coco_file(tmp_path / "gt.json", [image], [box])
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (tmp_path / "classes.txt").write_text("cat")
    assert load(tmp_path).format == "voc"
    assert load(tmp_path, format="coco")[0].id == 4
    assert load(tmp_path, format="yolo").classes == ("cat",)
    (tmp_path / "xml/a.xml").unlink()
    assert load(tmp_path).format == "coco"
    (tmp_path / "gt.json").unlink()
    assert load(tmp_path).format == "yolo"
    with pytest.raises(DataError, match="Pascal VOC"):
        load(tmp_path, format="voc")
    with pytest.raises(DataError, match="There is no format 'pascal'"):
        load(tmp_path, format="pascal")


def test_of_copies_the_one_that_names_its_classes_counts(tmp_path, make_image, coco_file):
    make_image(tmp_path / "a.jpg")
    (tmp_path / "a.txt").write_text("7 0.5 0.5 0.5 0.5\n")
    shapes = [{"label": "dog", "points": [[10, 7.5], [30, 22.5]], "shape_type": "rectangle"}]
    known = {"version": "5.0", "flags": {}, "shapes": shapes, "imagePath": "a.jpg", "imageData": None}
    (tmp_path / "a.json").write_text(json.dumps(known | {"imageHeight": 30, "imageWidth": 40}))
    assert (load(tmp_path).format, load(tmp_path).classes) == ("labelme", ("dog",))


def test_formats_that_differ_are_an_error(tmp_path, make_image, xml):
    make_image(tmp_path / "a.jpg")
    xml(tmp_path / "a.xml", [("dog", 1, 1, 9, 9)])
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.8 0.8 0.2 0.2\n")
    with pytest.raises(DataError, match=r"Pascal VOC and YOLO .* --format voc or --format yolo"):
        load(tmp_path)
    assert load(tmp_path, format="yolo").format == "yolo"


@pytest.mark.parametrize("stray", ["voc", "coco"])
def test_the_format_that_explains_most_counts(tmp_path, make_image, xml, coco_file, stray):
    for i in range(4):
        make_image(tmp_path / f"images/{i}.jpg")
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / f"labels/{i}.txt").write_text("0 0.5 0.5 0.5 0.5\n" if i else "")
    (tmp_path / "labels/0.txt").unlink()
    if stray == "voc":
        xml(tmp_path / "0.xml", [("dog", 1, 1, 9, 9)])
    else:
        image = {"id": 1, "file_name": "0.jpg", "width": 40, "height": 30}
        box = {"image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9]}
        coco_file(tmp_path / "sample.json", [image], [box])
    dataset = load(tmp_path)
    # What only the other speaks of is no background.
    assert (dataset.format, [s.name for s in dataset]) == ("yolo", ["1.jpg", "2.jpg", "3.jpg"])
    assert {"several-formats", "other-format"} <= {f.kind for f in dataset.findings}


def test_one_annotation_in_folders_of_classes(tmp_path, make_image, xml):
    for name in ("cat/1", "cat/2", "dog/3", "dog/4"):
        make_image(tmp_path / f"{name}.jpg")
    xml(tmp_path / "cat/1.xml", [("cat", 1, 1, 9, 9)])
    dataset = load(tmp_path)
    assert (dataset.format, len(dataset)) == ("folders", 4)
    assert [f.kind for f in dataset.findings] == ["boxes-and-folders"]
    for name in ("cat/2", "dog/3", "dog/4"):
        xml(tmp_path / f"{name}.xml", [("cat", 1, 1, 9, 9)])
    assert load(tmp_path).format == "voc"


def test_an_unknown_split(tmp_path, make_image):
    for name in ("train/cat/1.jpg", "train/dog/1.jpg"):
        make_image(tmp_path / name)
    with pytest.raises(DataError, match="has no split 'test'; it has train"):
        load(tmp_path, split="test")


def test_nothing_usable(tmp_path, xml):
    (tmp_path / "a.xml").write_text("<annotation>")
    with pytest.raises(DataError, match=r"is not a data set .*a\.xml is not well-formed"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "format", "images", "boxes", "classes", "splits"),
    [
        ("bccd", "voc", 364, 4888, 3, {"train": 205, "val": 87, "test": 72}),
        ("caltech101_8", "folders", 360, 0, 8, {"train": 240, "test": 120}),
        ("cats_dogs", "folders", 240, 0, 2, {"train": 160, "test": 80}),
        ("cifar10_small", "folders", 4000, 0, 10, {"train": 3000, "test": 1000}),
        ("coco128", "yolo", 128, 929, 80, {}),
        ("dogs11", "voc", 11, 11, 1, {}),
        ("fruit", "voc", 255, 488, 3, {"train": 204, "test": 51}),
        ("oracle_coco_val2014_100", "coco", 100, 830, 80, {}),
        ("oracle_voc_toy_cat", "voc", 12, 12, 1, {}),
        ("raccoon", "voc", 200, 217, 1, {}),
        ("tinycoco", "coco", 38, 424, 80, {"train": 32, "val": 6}),
        ("voc2012_100", "voc", 100, 273, 20, {}),
    ],
)
def test_real_data(test_data, name, format, images, boxes, classes, splits):
    dataset = load(test_data / name)
    assert dataset.format == format
    assert (len(dataset), sum(len(s.boxes) for s in dataset), len(dataset.classes)) == (
        images,
        boxes,
        classes,
    )
    assert {split: len(dataset.part(split)) for split in dataset.splits} == splits
    assert [s.id for s in dataset] == sorted({s.id for s in dataset})


def test_real_flags(test_data):
    voc = load(test_data / "voc2012_100")
    assert sum(int(s.difficult.sum()) for s in voc) == 38
    coco = load(test_data / "tinycoco")
    assert sum(int(s.crowd.sum()) for s in coco) == 5
    assert [s.name for s in coco if not len(s.boxes)] == ["000000058636.jpg", "000000226111.jpg"]
    assert max(coco.category_ids) == 90
    toy = load(test_data / "oracle_voc_toy_cat")
    assert [s.path.stem for s in toy if s.annotation is None] == ["2010_003115", "2012_003445"]


def test_real_copies_hold_the_same_objects(test_data):
    voc, coco, yolo = (load(test_data / "voc2012_100", format=f) for f in ("voc", "coco", "yolo"))
    assert set(voc.classes) == set(coco.classes) == set(yolo.classes)
    for other in (coco, yolo):
        by_name = {s.name: s for s in other}
        for sample in voc:
            names = sorted(voc.classes[i] for i in sample.labels)
            assert names == sorted(other.classes[i] for i in by_name[sample.name].labels)


def test_the_file_of_one_image_says_nothing_of_the_others(tmp_path, make_image, xml):
    for name in "ab":
        make_image(tmp_path / f"{name}.jpg")
        xml(tmp_path / f"{name}.xml", [("cat", 1, 1, 5, 5)])
    assert [sample.name for sample in load(tmp_path / "a.xml")] == ["a.jpg"]


def test_images_that_may_be_several_are_told_where_all_are(tmp_path, make_image, xml):
    for folder in ("left", "right"):
        make_image(tmp_path / folder / "a.jpg")
    xml(tmp_path / "xml/a.xml", [("dog", 1, 1, 5, 5)])
    with pytest.raises(DataError, match=r"The picture may be left/a\.jpg or right/a\.jpg"):
        load(tmp_path, format="voc")


def test_a_copy_of_one_image_differs_in_that_one_only(tmp_path, make_image, xml, coco_file):
    images, boxes = [], []
    for number in range(1, 5):
        make_image(tmp_path / f"{number}.jpg")
        images.append({"id": number, "file_name": f"{number}.jpg", "width": 40, "height": 30})
        boxes.append({"id": number, "image_id": number, "category_id": 1, "bbox": [1, 1, 9, 9]})
    coco_file(tmp_path / "all.json", images, boxes)
    xml(tmp_path / "1.xml", [("sample", 1, 1, 5, 5)])
    (finding,) = (f for f in load(tmp_path).findings if f.kind == "copy-differs")
    assert finding.message == "1.xml names other objects in 1 picture, such as 1.jpg."


def test_folders_are_no_classes_where_boxes_cannot_be_read(tmp_path, make_image):
    for folder in ("day", "night"):
        make_image(tmp_path / folder / f"{folder}.jpg")
        (tmp_path / folder / f"{folder}.txt").write_text("0 20 20 10 10\n")
    with pytest.raises(DataError, match=r"no shares of the pictures' sizes.*--format folders"):
        load(tmp_path)
    assert load(tmp_path, format="folders").classes == ("day", "night")
    for number in range(5):
        make_image(tmp_path / f"day/{number}.jpg")
    assert load(tmp_path).format == "folders"


def test_folders_are_no_classes_where_the_annotations_are_broken(tmp_path, make_image):
    for folder in ("day", "night"):
        make_image(tmp_path / folder / f"{folder}.jpg")
        (tmp_path / folder / f"{folder}.xml").write_text("<annotation>")
    with pytest.raises(DataError, match=r"day\.xml is not well-formed XML.*--format folders"):
        load(tmp_path)


def test_broken_annotations_beside_classes_are_told(tmp_path, make_image):
    for name in ("cat/1.jpg", "dog/1.jpg"):
        make_image(tmp_path / name)
    (tmp_path / "annotations.json").write_text('{"images": [')
    (tmp_path / "package.json").write_text("{")
    found = [(f.kind, f.severity, f.file) for f in load(tmp_path).findings]
    assert found == [("broken-annotation", "warning", "annotations.json")]


def test_a_file_that_names_its_images_folder_with_backslashes(tmp_path, make_image, coco_file):
    make_image(tmp_path / "my photos/a.jpg")
    image = {"id": 1, "file_name": "my photos\\a.jpg", "width": 40, "height": 30}
    coco_file(tmp_path / "gt.json", [image], [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}])
    assert load(tmp_path / "gt.json")[0].path == tmp_path / "my photos/a.jpg"


def test_a_format_that_is_not_there(tmp_path, make_image):
    make_image(tmp_path / "cat/a.jpg")
    make_image(tmp_path / "dog/b.jpg")
    with pytest.raises(DataError, match="Nothing in it is of the format labelme: without naming one"):
        load(tmp_path, format="labelme")


def test_a_name_that_no_system_has():
    with pytest.raises(DataError, match="cannot be a folder or a file"):
        load("x" * 5000)
