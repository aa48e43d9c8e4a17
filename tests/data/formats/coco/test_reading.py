import json

import numpy as np
import pytest

from foveal.data import doctor, load
from foveal.errors import DataError


def entry(number, name=None, width=40, height=30):
    return {"id": number, "file_name": name or f"{number}.jpg", "width": width, "height": height}


def box(number, category=1, bbox=(1, 2, 3, 4), **more):
    return {"id": 1, "image_id": number, "category_id": category, "bbox": list(bbox), **more}


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_a_file_without_images(tmp_path, coco_file):
    categories = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}, {"id": 90, "name": "unused"}]
    objects = [box(12, 7, (0.1, 0.2, 3.3, 4.4), iscrowd=1, area=5.5), box(12, 3, ignore=1)]
    dataset = load(coco_file(tmp_path / "gt.json", [entry(12), entry(5)], objects, categories))
    assert dataset.classes == ("cat", "dog", "unused")
    assert dataset.category_ids == (3, 7, 90)
    assert [(s.id, len(s.boxes)) for s in dataset] == [(5, 0), (12, 2)]
    sample = dataset[1]
    assert sample.crowd.tolist() == [True, False]
    assert sample.difficult.tolist() == [False, True]
    assert sample.areas.tolist() == [5.5, 12]
    assert sample.xywh.tolist() == [[0.1, 0.2, 3.3, 4.4], [1, 2, 3, 4]]
    np.testing.assert_allclose(sample.boxes[0], [0.1, 0.2, 3.4, 4.6], rtol=1e-6)
    assert (sample.width, sample.height) == (40, 30)
    assert kinds(dataset) == ["no-images"]


def test_broken_entries_are_left_out_and_told(tmp_path, coco_file):
    images = [entry(1), entry(1, "other.jpg"), {"file_name": "x.jpg"}, "text"]
    objects = [
        box(1), box(99), box(1, 55), box(1, bbox=(1, 2, 3)), box(1, bbox=(1, 2, 3, "4")), "text",
        box(1, bbox=(1, 2, 3, float("nan"))), box("one"), box(1, None),
    ]  # fmt: skip
    dataset = load(coco_file(tmp_path / "gt.json", images, objects, ["cat", {"name": "no id"}]))
    assert [len(s.boxes) for s in dataset] == [1]
    found = kinds(dataset)
    assert found.count("unknown-image") == 2
    assert found.count("unknown-class") == 2
    assert found.count("broken-object") == 3 + 1 + 4


def test_files_of_splits_find_images_of_the_same_name(tmp_path, make_image, coco_file):
    for split, side in (("train2017", 40), ("val2017", 60)):
        make_image(tmp_path / f"images/{split}/1.jpg", (side, 30))
        coco_file(tmp_path / f"annotations/instances_{split}.json", [entry(1, width=side)], [box(1)])
    dataset = load(tmp_path)
    assert [(s.path.parent.name, s.split) for s in dataset] == [("train2017", "train"), ("val2017", "val")]
    assert [s.id for s in dataset] == [1, 3]
    assert [(f.kind, f.severity) for f in dataset.findings] == [("image-ids-clash", "note")]
    alone = load(tmp_path / "annotations/instances_val2017.json")
    assert [(s.id, s.width, s.split) for s in alone] == [(1, 60, "val")]


def test_a_copy_is_not_read(tmp_path, make_image, coco_file):
    make_image(tmp_path / "images/1.jpg")
    coco_file(tmp_path / "annotations/a.json", [entry(1)], [box(1)])
    coco_file(tmp_path / "annotations/b.json", [entry(7, "1.jpg")], [box(7), box(7)])
    dataset = load(tmp_path)
    assert [(s.id, len(s.boxes)) for s in dataset] == [(1, 1)]
    assert [(f.kind, f.file) for f in dataset.findings] == [
        ("several-annotation-files", "annotations/b.json"),
        ("copy-differs", "annotations/b.json"),
    ]


def test_files_of_one_class_each_are_put_together(tmp_path, make_image, coco_file):
    make_image(tmp_path / "1.jpg")
    coco_file(tmp_path / "cat.json", [entry(1)], [box(1)], ["cat"])
    coco_file(tmp_path / "dog.json", [entry(5, "1.jpg")], [box(5)], ["dog"])
    (sample,) = dataset = load(tmp_path)
    assert [dataset.classes[i] for i in sample.labels] == ["cat", "dog"]
    assert sample.id == 1


def test_files_that_contradict_each_other(tmp_path, make_image, coco_file):
    make_image(tmp_path / "1.jpg")
    coco_file(tmp_path / "a.json", [entry(1)], [box(1, bbox=[1, 1, 9, 9])])
    coco_file(tmp_path / "b.json", [entry(1)], [box(1, bbox=[20, 15, 9, 9])])
    with pytest.raises(DataError, match=r"a\.json and b\.json contradict each other about 1\.jpg"):
        load(tmp_path)


def test_a_file_without_boxes_hides_none_with_some(tmp_path, make_image, coco_file):
    for name in "12":
        make_image(tmp_path / f"{name}.jpg")
    coco_file(
        tmp_path / "captions.json", [entry(1), entry(2)], [{"id": 1, "image_id": 1, "caption": "A cat."}]
    )
    coco_file(tmp_path / "image_info.json", [entry(1), entry(2)], [])
    coco_file(tmp_path / "instances.json", [entry(1)], [box(1)])
    assert [len(s.boxes) for s in load(tmp_path)] == [1, 0]


def test_classes_of_several_files_are_matched_by_name(tmp_path, make_image, coco_file):
    for name in ("train", "test"):
        make_image(tmp_path / f"images/{name}/{name}.jpg")
    coco_file(tmp_path / "test.json", [entry(1, "test.jpg")], [box(1, 1), box(1, 2)], ["cat", "dog"])
    coco_file(tmp_path / "train.json", [entry(2, "train.jpg")], [box(2, 1), box(2, 2)], ["dog", "cow"])
    dataset = load(tmp_path)
    assert dict(zip(dataset.classes, dataset.category_ids, strict=True)) == {"cat": 1, "dog": 2, "cow": 3}
    assert [dataset.classes[i] for i in dataset.part("train")[0].labels] == ["dog", "cow"]
    assert kinds(dataset) == ["category-ids-differ"]


def test_results_are_no_ground_truth(tmp_path, coco_file):
    with pytest.raises(DataError, match="it is no COCO"):
        load(coco_file(tmp_path / "a.json", [entry(1)], [box(1, score=0.5)]))
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(DataError, match="it is no COCO"):
        load(tmp_path / "b.json")


def test_broken_json(tmp_path, coco_file):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match=r"a\.json is not well-formed JSON"):
        load(tmp_path / "a.json")
    with pytest.raises(DataError, match=r"a\.json is not well-formed JSON"):
        load(tmp_path)
    coco_file(tmp_path / "b.json", [entry(1)], [box(1)])
    assert kinds(load(tmp_path)) == ["broken-annotation", "no-images"]


def test_names_do_not_lead_out(tmp_path, make_image, coco_file):
    make_image(tmp_path / "secret.jpg")
    (tmp_path / "data").mkdir()
    dataset = load(coco_file(tmp_path / "data/gt.json", [entry(1, "../secret.jpg")], [box(1)]))
    assert not dataset[0].path.exists()
    assert dataset[0].path.parent == tmp_path / "data"


def test_a_lone_file_does_not_list_its_neighbourhood(tmp_path, make_image, coco_file):
    make_image(tmp_path / "documents/1.jpg")
    path = coco_file(tmp_path / "gt.json", [entry(1)], [box(1)])
    assert kinds(load(path)) == ["no-images"]


def test_to_coco_gives_back_the_numbers(tmp_path, coco_file):
    annotation = box(1, 2, (0.1, 0.2, 0.3, 0.7), iscrowd=1, area=0.123)
    content = load(coco_file(tmp_path / "gt.json", [entry(1)], [annotation])).to_coco()
    assert content["annotations"] == [annotation | {"difficult": 0}]
    assert json.loads((tmp_path / "gt.json").read_text())["categories"] == content["categories"]


def objects_of(dataset):
    """What each image shows: its id, and the names and corners of its objects."""
    return [
        (s.id, [(dataset.classes[i], *b) for i, b in zip(s.labels, s.boxes.tolist(), strict=True)])
        for s in dataset
    ]


CAT = [("cat", 1, 2, 4, 6)]


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        (("3", "5"), (3, 5)), ((3.0, 5.0), (3, 5)), ((" 3", "000000000005"), (3, 5)),
        (("img_b", "img_a"), (1, 2)), (("01", "1"), (1, 2)), ((4, "x"), (4, 5)), (("1", 1), (1, 2)),
    ],
)  # fmt: skip
def test_ids_that_are_no_whole_numbers(tmp_path, coco_file, ids, numbers):
    images = [entry(identity, f"{place}.jpg") for place, identity in enumerate(ids)]
    dataset = load(coco_file(tmp_path / "gt.json", images, [box(ids[0]), box(ids[1])]))
    assert objects_of(dataset) == [(number, CAT) for number in numbers]
    words = numbers == (1, 2) or "x" in ids
    assert kinds(dataset) == [*(["word-ids"] if words else []), "no-images"]


def test_numbers_are_found_in_and_without_quotes(tmp_path, coco_file):
    images = [entry("3"), entry(5)]
    objects = [box(3, "1"), box("5", 1.0), box(" 5 "), box(True), box([3])]
    dataset = load(coco_file(tmp_path / "gt.json", images, objects, [{"id": "1", "name": "cat"}]))
    assert objects_of(dataset) == [(3, CAT), (5, CAT + CAT)]
    assert kinds(dataset) == ["unknown-image", "unknown-image", "no-images"]


def test_images_may_be_called_by_their_files(tmp_path, coco_file):
    images = [{"file_name": "a.jpg"}, {"file_name": "x/b.jpg"}]
    dataset = load(coco_file(tmp_path / "gt.json", images, [box("a.jpg"), box("x/b.jpg")]))
    assert objects_of(dataset) == [(1, CAT), (2, CAT)]
    dataset = load(coco_file(tmp_path / "gt.json", [entry(8, "x/b.jpg")], [box("b.jpg"), box("b")]))
    assert objects_of(dataset) == [(8, CAT + CAT)]


def test_categories_may_be_called_by_their_names(tmp_path, coco_file):
    images, objects = [entry(1)], [box(1, "cat"), box(1, None, category_name="cat"), box(1, "cow")]
    dataset = load(coco_file(tmp_path / "gt.json", images, objects))
    assert objects_of(dataset) == [(1, CAT + CAT)]
    assert kinds(dataset) == ["unknown-class", "no-images"]
    # The file need not list them at all.
    (tmp_path / "no.json").write_text(
        json.dumps({"images": images, "annotations": objects, "categories": None})
    )
    assert load(tmp_path / "no.json").classes == ("cat", "cow")
    # Where the file lists none, those that are named are the classes.
    dataset = load(coco_file(tmp_path / "gt.json", images, objects, ()))
    assert dataset.classes == ("cat", "cow")
    words = [{"id": "c1", "name": "dog"}, {"id": "c0", "name": "cat"}]
    dataset = load(coco_file(tmp_path / "gt.json", images, [box(1, "c0")], words))
    assert (dataset.classes, dataset.category_ids) == (("dog", "cat"), (1, 2))
    assert objects_of(dataset) == [(1, CAT)]


def test_a_file_without_categories_has_classes_by_their_numbers(tmp_path, coco_file):
    dataset = load(coco_file(tmp_path / "gt.json", [entry(1)], [box(1, 7), box(1, "3")], ()))
    assert (dataset.classes, dataset.category_ids) == (("3", "7"), (3, 7))
    assert kinds(dataset) == ["no-class-names", "no-images"]


def test_the_reason_where_no_image_can_be_used(tmp_path, coco_file):
    coco_file(tmp_path / "gt.json", [{"id": 1}], [box(1)])
    with pytest.raises(DataError, match=r'gt\.json: The image {"id": 1} has no file_name\.'):
        load(tmp_path)


def test_lvis_has_a_url_for_a_name(tmp_path, make_image, coco_file):
    make_image(tmp_path / "train2017/000001.jpg")
    image = {
        "id": 1,
        "coco_url": "http://images.cocodataset.org/train2017/000001.jpg",
        "width": 40,
        "height": 30,
    }
    dataset = load(coco_file(tmp_path / "lvis.json", [image], [box(1)]))
    assert [(s.name, len(s.boxes)) for s in dataset] == [("000001.jpg", 1)]


OUTLINE = [[1, 2, 4, 2, 4, 6]]
MASK = {"size": [30, 40], "counts": [32, 4, 26, 4, 26, 4, 30 * 37 - 6]}


@pytest.mark.parametrize("given", [{}, {"bbox": None}, {"bbox": []}, {"bbox": [0, 0, 0.0, 0]}])
@pytest.mark.parametrize("segmentation", [OUTLINE, MASK])
def test_the_segmentation_gives_a_box_that_is_missing(tmp_path, coco_file, given, segmentation):
    lacking = {"image_id": 1, "category_id": 1, "segmentation": segmentation, **given}
    whole = box(1, bbox=(7, 7, 2, 2), segmentation=segmentation)
    dataset = load(coco_file(tmp_path / "gt.json", [entry(1)], [lacking, whole]))
    assert objects_of(dataset) == [(1, [*CAT, ("cat", 7, 7, 9, 9)])]
    (finding,) = (f for f in dataset.findings if f.kind != "no-images")
    assert (finding.kind, finding.severity, finding.message[:22]) == (
        "bounding-boxes", "note", "1 object has no bbox: "
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "Annotation 1 (1.jpg) has neither bbox nor segmentation."),
        ({"bbox": [1, 2, 3, 1e40]}, "Annotation 1 (1.jpg) has [1, 2, 3, 1e+40] for bbox."),
        ({"bbox": [1, 2, 3, 10**400]}, "Annotation 1 (1.jpg) has [1, 2, 3, 1000"),
        ({"bbox": "1 2 3 4"}, 'Annotation 1 (1.jpg) has "1 2 3 4" for bbox.'),
        (
            {"segmentation": [[1, 2, 3]]},
            "Annotation 1 (1.jpg) has a segmentation that is no list of polygons.",
        ),
        ({"image_id": None}, "Annotation 1 has no image_id."),
        ({"category_id": None}, "Annotation 1 (1.jpg) has no category_id."),
    ],
)
def test_what_an_annotation_lacks(tmp_path, coco_file, given, why):
    lacking = {"id": 1, "image_id": 1, "category_id": 1, **given}
    dataset = load(coco_file(tmp_path / "gt.json", [entry(1)], [lacking]))
    assert len(dataset[0].boxes) == 0
    assert dataset.findings[0].message.startswith(why)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ({"file_name": "x.jpg"}, "has no id."),
        ({"id": 2}, "has no file_name."),
        ({"id": [2], "file_name": "x.jpg"}, "has [2] for id, which is neither a whole number nor a text."),
        ({"id": 1.5, "file_name": "x.jpg"}, "has 1.5 for id, which is neither a whole number nor a text."),
    ],
)
def test_what_an_image_lacks(tmp_path, coco_file, image, why):
    dataset = load(coco_file(tmp_path / "gt.json", [entry(1), image], [box(1)]))
    assert [s.id for s in dataset] == [1]
    assert dataset.findings[0].message == f"The image {json.dumps(image)} {why}"


def test_corners_in_place_of_width_and_height_stay(tmp_path, coco_file):
    dataset = load(coco_file(tmp_path / "gt.json", [entry(1)], [box(1, bbox=(10, 10, 30, 25))]))
    assert objects_of(dataset) == [(1, [("cat", 10, 10, 40, 35)])]


def test_halves_of_characters_in_names_are_escaped(tmp_path, coco_file):
    path = coco_file(tmp_path / "gt.json", [entry(1, "\ud83d.jpg")], [box(1)], ["a\udc80b"])
    dataset = load(path)
    assert dataset.classes == (r"a\x80b",)
    # All can be written.
    for text in (dataset[0].path.name, *(finding.message for finding in dataset.findings)):
        assert text.encode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_json_in_any_of_unicodes_encodings(tmp_path, coco_file, encoding):
    path = coco_file(tmp_path / "gt.json", [entry(1)], [box(1)], ["子犬"])
    content = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    path.write_bytes(content.encode(encoding))
    assert load(path).classes == ("子犬",)


def test_json_in_none_of_them(tmp_path, coco_file):
    path = coco_file(tmp_path / "gt.json", [entry(1)], [box(1)], ["子犬"])
    content = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
    path.write_bytes(content.encode("gbk"))
    with pytest.raises(DataError, match=r"in no encoding of Unicode's, as JSON has to be: save it as UTF-8"):
        load(path)


def test_that_all_objects_are_crowd_is_a_warning(tmp_path, make_image, coco_file):
    make_image(tmp_path / "1.jpg")
    path = coco_file(
        tmp_path / "gt.json", [entry(1)], [box(1, iscrowd=1), box(1, iscrowd=1, bbox=(9, 9, 5, 5))]
    )
    (finding,) = (f for f in doctor(path) if f.kind == "crowd-regions")
    assert finding.severity == "warning"
    assert finding.message.startswith("All 2 objects are marked as crowd regions (iscrowd)")
    with pytest.raises(
        DataError, match=r"no object to learn from: all 2 are marked as crowd regions \(iscrowd\)\."
    ):
        load(path).count_objects()
    coco_file(tmp_path / "gt.json", [entry(1)], [box(1, iscrowd=1), box(1, bbox=(9, 9, 5, 5))])
    (finding,) = (f for f in doctor(path) if f.kind == "crowd-regions")
    assert finding.severity == "note"
