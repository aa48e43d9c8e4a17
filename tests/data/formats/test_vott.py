import json

import pytest

from foveal.data import load
from foveal.data.formats.vott import take
from foveal.errors import DataError


def region(box, *tags, kind="RECTANGLE"):
    left, top, width, height = box
    return {
        "id": "r1",
        "type": kind,
        "tags": list(tags),
        "boundingBox": {"left": left, "top": top, "width": width, "height": height},
        "points": [{"x": left, "y": top}, {"x": left + width, "y": top + height}],
    }


def asset(name, *regions, path=None, size=(40, 30)):
    """What VoTT keeps of an image, with the path of the machine where it was labelled."""
    return {
        "asset": {
            "format": "jpg",
            "id": "0a1b",
            "name": name,
            "path": f"file:C:/my%20data/{name}" if path is None else path,
            "size": {"width": size[0], "height": size[1]},
            "state": 2,
            "type": 1,
        },
        "regions": list(regions),
        "version": "2.2.0",
    }


def export(path, *assets):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"name": "x", "tags": [{"name": "cat"}], "assets": {str(i): a for i, a in enumerate(assets)}}
    path.write_text(json.dumps(content))


def boxes(dataset):
    return [sample.boxes.tolist() for sample in dataset]


def kinds(dataset):
    return [finding.kind for finding in dataset.findings]


def test_an_export(tmp_path, make_image):
    for name in ("a", "b c"):
        make_image(tmp_path / f"{name}.jpg")
    export(
        tmp_path / "x-export.json",
        asset("a.jpg", region((10, 5, 20.5, 20), "cat")),
        asset("b%20c.jpg", region((1, 2, 3, 4), "dog", "cat")),
    )
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("vott", ("cat", "dog"))
    assert boxes(dataset) == [[[10, 5, 30.5, 25]], [[1, 2, 4, 6], [1, 2, 4, 6]]]
    # Each tag is an object, as in VoTT's own exports.
    assert dataset[1].labels.tolist() == [1, 0]
    assert dataset.findings == ()


def test_files_of_images_and_an_export_of_them(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"source/{name}.jpg")
    assets = [asset(f"{name}.jpg", region((10, 5, 20, 20), "cat")) for name in "ab"]
    for name, content in zip("ab", assets, strict=True):
        path = tmp_path / f"target/{name}{name}-asset.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]] * 2
    assert dataset.findings == ()
    export(tmp_path / "target/vott-json-export/x-export.json", *assets)
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]] * 2
    assert kinds(dataset) == ["several-annotation-files"]
    export(tmp_path / "target/vott-json-export/x-export.json", asset("a.jpg", region((1, 1, 3, 3), "cat")))
    with pytest.raises(
        DataError, match=r"x-export\.json and target contradict each other about source/a\.jpg"
    ):
        load(tmp_path)


def test_other_regions(tmp_path, make_image):
    make_image(tmp_path / "a.jpg")
    nowhere = region((0, 0, 0, 0), "cat") | {"boundingBox": None}
    nowhere["points"] = [{"x": 10, "y": 5}, {"x": 30, "y": 25}, {"x": 12, "y": 7}]
    export(
        tmp_path / "x-export.json",
        asset(
            "a.jpg",
            region((10, 5, 20, 20), "cat", kind="POLYGON"),
            nowhere,
            region((1, 2, 0, 0), "cat", kind="POINT"),
            region((1, 2, 3, 4)),
            region((1, 2, 3, float("inf")), "cat"),
            "text",
        ),
        {"asset": {}},
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]] * 2]
    assert kinds(dataset) == ["broken-object"] * 4 + ["bounding-boxes", "shapes-without-box"]


def test_version_1_draws_on_a_canvas_of_its_own_size(tmp_path, make_image):
    make_image(tmp_path / "a.jpg", (40, 30))
    drawn = {"x1": 100, "y1": 50, "x2": 300, "y2": 250, "width": 400, "height": 300, "id": 0}
    drawn |= {"type": "Rectangle", "tags": ["cat"], "name": 1}
    content = {
        "frames": {"0": [drawn], "1": []},
        "framesByImagesName": {"a.jpg": [drawn, drawn | {"width": 0}]},
        "framerate": "1",
        "inputTags": "cat,dog",
        "visitedFrames": [0],
    }
    (tmp_path / "a.json").write_text(json.dumps(content))
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]]
    assert kinds(dataset) == ["broken-object"]
    # Numbers of frames alone tell no image.
    content["framesByImagesName"] = None
    content["frames"] = {"a.jpg": [drawn], "1": [drawn]}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert kinds(load(tmp_path)) == ["unknown-image"]


def test_other_files_are_not_taken():
    bdd = {"name": "video", "frames": [{"objects": []}]}
    for content in ([], {}, bdd, {"assets": {"a": {"id": 1}}}, {"asset": "x", "regions": []}, {"frames": {}}):
        assert take(content, "a.json") is None
