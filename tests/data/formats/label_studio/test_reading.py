import json

import numpy as np
import pytest

from foveal.data import load, write_label_studio
from foveal.data.formats.label_studio import reading as label_studio
from foveal.errors import DataError

CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="dog" background="#FFA39E"/><Label value="cat"/></RectangleLabels></View>"""


def region(label="cat", kind="rectanglelabels", size=(40, 30), **value):
    """A result as the editor makes it; the box is (10, 6, 30, 24) of 40×30 pixels by default."""
    value = value or {"x": 25, "y": 20, "width": 50, "height": 60, "rotation": 0}
    result = {"id": "t5sp3TyXPo", "from_name": "label", "to_name": "image", "type": kind, "image_rotation": 0}
    if size:
        result |= {"original_width": size[0], "original_height": size[1]}
    return result | {"value": value | ({kind: [label]} if label else {})}


def answer(*results, **more):
    named = [result | {"id": f"{result.get('id')}{i}"} for i, result in enumerate(results)]
    return {"id": 1, "completed_by": 1, "was_cancelled": False, "ground_truth": False, "result": named} | more


def task(image, *answers, key="image", **more):
    return {"id": 7, "data": {key: image}, "annotations": list(answers), "predictions": []} | more


def export(path, *tasks):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def boxes(dataset):
    return {s.name: s.boxes.tolist() for s in dataset}


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_boxes_are_percents(tmp_path, make_image):
    for name in "abc":
        make_image(tmp_path / f"{name}.jpg")
    (tmp_path / "config.xml").write_text(CONFIG)
    export(tmp_path / "project-1.json", task("/data/upload/1/a.jpg", answer(region(), region("dog"))),
           task("b.jpg", answer()))  # fmt: skip
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("label_studio", ("dog", "cat"))
    assert boxes(dataset) == {"a.jpg": [[10, 6, 30, 24]] * 2, "b.jpg": [], "c.jpg": []}
    assert dataset[0].labels.tolist() == [1, 0]
    assert not kinds(dataset)


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/data/upload/1/0a1b2c3d-my_cat.jpg", "images/0a1b2c3d-my_cat.jpg"),
        ("/data/upload/1/0a1b2c3d-my_cat.jpg", "images/my_cat.jpg"),
        # Blanks and brackets do not survive an upload.
        ("/data/upload/1/0a1b2c3d-my_cat_1.jpg", "images/my cat (1).jpg"),
        ("http://localhost:8080/data/upload/1/0a1b2c3d-a.jpg", "images/a.jpg"),
        ("/data/local-files/?d=photos/two/a.jpg", "photos/two/a.jpg"),
        ("/data/local-files/?d=my%20photos%5Ca%20b.jpg", "my photos/a b.jpg"),
        ("s3://bucket/some/folder/a.jpg", "folder/a.jpg"),
        ("https://b.s3.amazonaws.com/f/a%20b.jpg?X-Amz-Expires=60&X-Amz-Signature=a/b.c", "f/a b.jpg"),
        ("/tasks/3/resolve/?fileuri=czM6Ly9iL2YvYS5qcGc=", "f/a.jpg"),
        ("/storage-data/uploaded/?filepath=upload/1/0a1b2c3d-a.jpg", "a.jpg"),
    ],
)
def test_pictures_are_found_as_they_are_called(tmp_path, make_image, address, file):
    for name in (file, "other/zz.jpg", "photos/one/a.jpg"):
        make_image(tmp_path / name)
    export(tmp_path / "e.json", task(address, answer(region())))
    dataset = load(tmp_path, format="label_studio")
    found = [s.path.relative_to(tmp_path).as_posix() for s in dataset if len(s.boxes)]
    assert found == [file]


def test_the_picture_may_stand_under_any_key_or_in_the_task(tmp_path, make_image):
    for name in "abc":
        make_image(tmp_path / f"{name}.jpg")
    export(
        tmp_path / "e.json",
        task("a.jpg", answer(region()), key="photo_of_field"),
        task("data:image/png;base64,iVBORw0KGgo=", answer(region()), file_upload="0a1b2c3d-b.jpg"),
        task(["c.jpg"], answer(region())),
    )
    assert all(len(found) == 1 for found in boxes(load(tmp_path)).values())


def test_a_turned_box_by_its_bounding_box(tmp_path, make_image):
    # 300×100 pixels of 1000×500, a quarter turn clockwise about the upper left corner at (200, 100).
    make_image(tmp_path / "a.jpg", (1000, 500))
    value = {"x": 20, "y": 20, "width": 30, "height": 20, "rotation": 90}
    for size in ((1000, 500), (2000, 1000), None):
        export(tmp_path / "e.json", task("a.jpg", answer(region(size=size, **value))))
        dataset = load(tmp_path)
        np.testing.assert_allclose(dataset[0].boxes, [[100, 100, 200, 400]], atol=1e-3)
        assert [f.message for f in dataset.findings] == ["1 rotated box is taken by its bounding box."]
    value["rotation"] = 330
    export(tmp_path / "e.json", task("a.jpg", answer(region(size=(1000, 500), **value))))
    expected = [200, 100 - 150, 200 + 300 * 0.75**0.5 + 50, 100 + 100 * 0.75**0.5]
    np.testing.assert_allclose(load(tmp_path)[0].boxes, [expected], atol=0.1)


def test_other_shapes(tmp_path, make_image):
    make_image(tmp_path / "a.jpg", (100, 50))
    results = [
        region(kind="polygonlabels", points=[[10, 20], [30, 25], [15, 60]], closed=True),
        region(kind="ellipselabels", x=50, y=50, radiusX=10, radiusY=40, rotation=0),
        region(kind="ellipselabels", x=50, y=50, radiusX=10, radiusY=40, rotation=90, size=(100, 50)),
        region(kind="brushlabels", format="rle", rle=[0, 1, 2]),
        region(kind="keypointlabels", x=5, y=5, width=0.3),
        {"type": "textarea", "value": {"text": ["a cat"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
    ]  # fmt: skip
    export(tmp_path / "e.json", task("a.jpg", answer(*results)))
    dataset = load(tmp_path)
    expected = [[10, 10, 30, 30], [40, 5, 60, 45], [30, 15, 70, 35]]
    np.testing.assert_allclose(dataset[0].boxes, expected, atol=1e-3)
    assert [(f.kind, f.message) for f in dataset.findings] == [
        ("bounding-boxes", "2 ellipses and 1 polygon are taken by their bounding boxes."),
        ("shapes-without-box", "1 brush mask and 1 keypoint have no box, such as in e.json."),
    ]


def test_an_outline_and_its_class_are_one_region(tmp_path, make_image):
    """As the controls Rectangle and Labels write it."""
    make_image(tmp_path / "a.jpg")
    place = {"x": 25, "y": 20, "width": 50, "height": 60, "rotation": 0}
    results = [
        {"id": "x", "type": "rectangle", "from_name": "rect", "value": place},
        {"id": "x", "type": "labels", "from_name": "labels", "value": place | {"labels": ["cat"]}},
        {"id": "y", "type": "rectangle", "from_name": "rect", "value": place},
    ]
    export(tmp_path / "e.json", task("a.jpg", {"result": results}))
    dataset = load(tmp_path)
    assert boxes(dataset) == {"a.jpg": [[10, 6, 30, 24]]}
    assert [f.message for f in dataset.findings] == ["Region 2 of a.jpg has no class."]


def test_of_several_annotations_the_last_that_was_not_cancelled_counts(tmp_path, make_image):
    for name in "abcd":
        make_image(tmp_path / f"{name}.jpg")
    first, second = region("cat"), region("dog")
    export(
        tmp_path / "e.json",
        task("a.jpg", answer(first), answer(second), answer(first, was_cancelled=True)),
        task("b.jpg", answer(second, created_at="2024-03-02T10:00:00Z"),
             answer(first, created_at="2024-03-01T10:00:00Z")),
        task("c.jpg", answer(second, ground_truth=True), answer(first)),
        task("d.jpg", answer(first, was_cancelled=True), answer(second)),
    )  # fmt: skip
    dataset = load(tmp_path)
    assert dataset.classes == ("dog",)
    assert [(f.kind, f.message) for f in dataset.findings] == [
        ("annotated-twice", "3 tasks have several annotations, such as task 7.")
    ]


def test_what_nobody_answered_is_no_background(tmp_path, make_image):
    for name in "abcd":
        make_image(tmp_path / f"{name}.jpg")
    guess = {"model_version": "m", "result": [region("dog")]}
    export(
        tmp_path / "e.json",
        task("a.jpg", answer(region())),
        task("b.jpg", predictions=[guess]),
        task("c.jpg", answer(region(), was_cancelled=True)),
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == {"a.jpg": [[10, 6, 30, 24]], "d.jpg": []}
    assert [f.message for f in dataset.findings] == ["2 of 3 tasks have no annotation, such as b.jpg."]


@pytest.mark.parametrize(
    ("guesses", "why"), [([{"result": []}], "predictions are no ground"), ([], "none is annotated")]
)
def test_predictions_are_no_ground_truth(tmp_path, make_image, guesses, why):
    make_image(tmp_path / "a.jpg")
    file = export(tmp_path / "e.json", task("a.jpg", predictions=guesses))
    for path in (tmp_path, file):
        with pytest.raises(DataError, match=why):
            load(path)


def short(image, regions, **more):
    """An entry of JSON-MIN."""
    known = {"annotator": 1, "annotation_id": 5, "created_at": "2024-03-01T10:00:00Z", "lead_time": 4.2}
    return {"image": image, "id": 3, "label": regions} | known | more


def test_json_min(tmp_path, make_image):
    for name in "abc":
        make_image(tmp_path / f"{name}.jpg", (100, 50))
    place = {
        "x": 25,
        "y": 20,
        "width": 50,
        "height": 60,
        "rotation": 0,
        "original_width": 100,
        "original_height": 50,
    }
    turned = place | {"rotation": 90, "rectanglelabels": ["cat"]}
    export(
        tmp_path / "e.json",
        short("/data/upload/1/0a1b2c3d-a.jpg", [place | {"rectanglelabels": ["cat"]}, turned], id=1),
        # The newest annotation comes first.
        short("b.jpg", [], id=2, created_at="2024-03-02T10:00:00Z"),
        short("b.jpg", [place | {"rectanglelabels": ["dog"]}], id=2),
        short("c.jpg", [], id=3, annotation_id=None),
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == {"a.jpg": [[25, 10, 75, 40], [-5, 10, 25, 60]], "b.jpg": []}
    assert kinds(dataset) == ["bounding-boxes", "no-annotation", "annotated-twice"]


def test_a_task_a_file(tmp_path, make_image):
    """As cloud storage gets them: an annotation with its task in it."""
    for name in "ab":
        make_image(tmp_path / f"images/{name}.jpg")
        content = answer(region()) | {"task": {"id": 1, "data": {"image": f"s3://b/{name}.jpg"}}}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    assert boxes(load(tmp_path)) == {"a.jpg": [[10, 6, 30, 24]], "b.jpg": [[10, 6, 30, 24]]}


@pytest.mark.parametrize("is_short", [False, True])
def test_choices_are_classes_of_pictures(tmp_path, make_image, is_short):
    for name in "abcd":
        make_image(tmp_path / f"{name}.jpg")
    chosen = {"a": ["cat"], "b": ["dog"], "c": ["cat", "dog"], "d": []}
    if is_short:
        said = {1: lambda some: some[0], 2: lambda some: {"choices": some}, 0: lambda some: []}
        entries = [short(f"{n}.jpg", None, id=n, choice=said[len(some)](some)) for n, some in chosen.items()]
        for entry in entries:
            del entry["label"]
    else:
        entries = [
            task(f"{n}.jpg", {"result": [{"type": "choices", "value": {"choices": some}}]})
            for n, some in chosen.items()
        ]
    export(tmp_path / "e.json", *entries)
    dataset = load(tmp_path)
    assert (dataset.format, dataset.task) == ("label_studio_choices", "classification")
    assert [(s.name, dataset.classes[s.label]) for s in dataset] == [("a.jpg", "cat"), ("b.jpg", "dog")]
    assert kinds(dataset) == ["image-without-class"] * 2


def test_choices_of_json_min_without_times(tmp_path, make_image):
    entries = []
    for number, (name, choice) in enumerate([("a", "cat"), ("b", "dog")]):
        make_image(tmp_path / f"{name}.jpg")
        image = f"/data/upload/1/0a1b2c3d-{name}.jpg"
        entries.append({"id": number, "image": image, "choice": choice, "annotation_id": 1, "annotator": 1})
    export(tmp_path / "e.json", *entries)
    dataset = load(tmp_path)
    assert [(s.name, dataset.classes[s.label]) for s in dataset] == [("a.jpg", "cat"), ("b.jpg", "dog")]


def test_broken_regions_are_left_out_and_told(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    results = [
        region(x="left", y=1, width=2, height=3), region(x=1, y=1, width=2e9, height=3),
        region(x=1, y=1, width=float("nan"), height=3), region(""), region(kind="polygonlabels", points=[]),
        region(kind="polygonlabels", points=[1, 2]), region(), {"value": None},
        {"value": {"x": 1, "y": 2, "width": None}},
        region(size=(0, 0), x=1, y=1, width=2, height=3, rotation="much"),
    ]  # fmt: skip
    export(
        tmp_path / "e.json",
        task("a.jpg", answer(*results)),
        {"data": 5},
        7,
        task("gone.jpg", answer(region())),
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == {"a.jpg": [[10, 6, 30, 24]]}
    assert kinds(dataset) == ["broken-object"] * 7 + ["shapes-without-box", "missing-image"]


def test_sizes_that_are_none_are_not_asked(tmp_path, make_image):
    make_image(tmp_path / "a.jpg", (1000, 500))
    value = {"x": 20, "y": 20, "width": 30, "height": 20, "rotation": 90}
    results = [
        region(size=size, **value) for size in ((10**400, 5), ("wide", 5), (None, 0), (-1, float("inf")))
    ]
    for i, result in enumerate(results):
        result["value"]["x"] += i
    export(tmp_path / "e.json", task("a.jpg", answer(*results, {"value": "rotation"}, {"value": [1]})))
    dataset = load(tmp_path)
    np.testing.assert_allclose(
        dataset[0].boxes, [[100 + 10 * i, 100, 200 + 10 * i, 400] for i in range(4)], atol=1e-3
    )
    assert kinds(dataset) == ["bounding-boxes"]


def test_not_of_label_studio():
    contents = [
        [], {}, [{"image": "a.jpg", "annotations": [{"label": "cat", "coordinates": {}}]}],
        {"images": [], "annotations": [], "categories": []}, [{"data": {"text": "words"}, "annotations": []}],
        [{"id": 1, "image": "a.jpg", "caption": "a cat"}], [1, 2], {"shapes": [], "imagePath": "a.jpg"},
    ]  # fmt: skip
    for content in contents:
        assert label_studio.take(content, "a.json") is None
        assert label_studio.take_choices(content, "a.json") is None


def test_splits_in_the_tasks(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    one = task("a.jpg", answer(region()))
    one["data"]["split"] = "Validation"
    export(tmp_path / "e.json", one)
    assert load(tmp_path)[0].split == "val"


def test_predictions_are_written_with_their_scores(tmp_path, make_image):
    make_image(tmp_path / "in/a b.jpg")
    export(tmp_path / "in/e.json", task("a b.jpg", answer(region(), region("dog"))))
    scores = [np.array([0.5, 0.25])]
    write_label_studio(load(tmp_path / "in"), tmp_path / "out", predictions=True, scores=scores)
    (written,) = json.loads((tmp_path / "out/tasks.json").read_text())
    assert written["data"] == {"image": "/data/local-files/?d=images/a%20b.jpg"}
    assert "annotations" not in written
    assert written["predictions"][0]["model_version"] == "foveal"
    results = written["predictions"][0]["result"]
    assert [(r["score"], r["value"]["rectanglelabels"], r["type"]) for r in results] == [
        (0.5, ["cat"], "rectanglelabels"), (0.25, ["dog"], "rectanglelabels")
    ]  # fmt: skip
    assert len({r["id"] for r in results}) == 2
    assert (tmp_path / "out/images/a b.jpg").is_file()
