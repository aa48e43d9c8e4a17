import base64
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from foveal.data import load
from foveal.data.formats import supervisely
from foveal.data.formats.supervisely import take


def figure(kind, exterior=None, name="cat", **more):
    points = {} if exterior is None else {"points": {"exterior": exterior, "interior": []}}
    return {"classTitle": name, "geometryType": kind, "tags": [], **points, **more}


def packed(mask, palette=True):
    """A mask as Supervisely's own library packs it: PNG with a palette, deflated, in base64."""
    image = Image.fromarray(mask.astype(np.uint8) if palette else mask.astype(np.uint8) * 255)
    file = io.BytesIO()
    if palette:
        image.putpalette([0, 0, 0, 255, 255, 255])
        image.save(file, "PNG", transparency=0)
    else:
        image.save(file, "PNG")
    return base64.b64encode(zlib.compress(file.getvalue())).decode()


def write(path, *figures, size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"description": "", "tags": [], "size": {"width": size[0], "height": size[1]}}
    path.write_text(json.dumps(content | {"objects": list(figures)}))


def meta(root, *names):
    classes = [{"title": name, "shape": "any", "color": "#FF0000"} for name in names]
    (root / "meta.json").write_text(json.dumps({"classes": classes, "tags": [], "projectType": "images"}))


def boxes(dataset):
    return [sample.boxes.tolist() for sample in dataset]


def test_a_project(tmp_path, make_image):
    meta(tmp_path, "dog", "cat")
    for folder in ("ds0", "ds1"):
        make_image(tmp_path / folder / "img/a.jpg")
        write(
            tmp_path / folder / "ann/a.jpg.json",
            figure("rectangle", [[10, 5], [30, 25]]),
            figure("rectangle", [[30, 25], [10, 5]], "dog"),
        )
    make_image(tmp_path / "ds1/img/b.png")
    write(tmp_path / "ds1/ann/b.png.json")
    dataset = load(tmp_path)
    assert (dataset.format, dataset.classes) == ("supervisely", ("dog", "cat"))
    assert boxes(dataset) == [[[10, 5, 30, 25], [10, 5, 30, 25]]] * 2 + [[]]
    assert dataset[0].labels.tolist() == [1, 0]
    assert [sample.path.relative_to(tmp_path).as_posix() for sample in dataset] == [
        "ds0/img/a.jpg", "ds1/img/a.jpg", "ds1/img/b.png",
    ]  # fmt: skip
    assert dataset.findings == ()


def test_data_sets_may_be_splits(tmp_path, make_image):
    for folder in ("train", "val"):
        make_image(tmp_path / folder / f"img/{folder}.jpg")
        write(tmp_path / folder / f"ann/{folder}.json", figure("rectangle", [[10, 5], [30, 25]]))
    assert [sample.split for sample in load(tmp_path)] == ["train", "val"]


@pytest.mark.parametrize("palette", [True, False])
def test_masks_and_polygons_give_their_bounding_box(tmp_path, make_image, palette):
    make_image(tmp_path / "img/a.jpg")
    mask = np.zeros((30, 20), bool)
    mask[3:10, 2:5] = True
    write(
        tmp_path / "ann/a.jpg.json",
        figure("bitmap", bitmap={"data": packed(mask, palette), "origin": [8, 2]}),
        figure("polygon", [[10, 25], [20, 5], [30, 25]]),
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 13, 12], [10, 5, 30, 25]]]
    (finding,) = dataset.findings
    assert finding.message == "1 mask and 1 polygon are taken by their bounding boxes."


def test_other_shapes(tmp_path, make_image):
    make_image(tmp_path / "img/a.jpg")
    mask = packed(np.ones((20, 20), bool))
    write(
        tmp_path / "ann/a.jpg.json",
        figure("alpha_mask", bitmap={"data": mask, "origin": [10, 5]}),
        figure("oriented_bbox", points=[[10, 5], [30, 15]], angle=np.pi / 2),
        figure("multipolygon", parts=[{"exterior": [[10, 5], [12, 5], [10, 7]]}, {"exterior": [[30, 25]]}]),
        figure("graph", nodes={"a": {"loc": [10, 5]}, "b": {"loc": [30, 25]}}),
        figure("cuboid", points=[[10, 5], [30, 5], [30, 25], [11, 6]], faces=[]),
    )
    dataset = load(tmp_path)
    around = [10, 5, 30, 25]
    np.testing.assert_allclose(dataset[0].boxes, [around, [15, 0, 25, 20], around, around, around])
    assert [finding.kind for finding in dataset.findings] == ["bounding-boxes"]


def test_figures_of_old_files_have_no_kind(tmp_path, make_image):
    make_image(tmp_path / "img/a.jpg")
    old = {"classTitle": "cat", "bitmap": None, "tags": []}
    write(
        tmp_path / "ann/a.json",
        old | {"points": {"exterior": [[1, 2], [3, 4]], "interior": []}},
        old | {"points": {"exterior": [[1, 2], [3, 4], [1, 9]], "interior": []}},
    )
    assert boxes(load(tmp_path)) == [[[1, 2, 3, 4], [1, 2, 3, 9]]]


def test_what_cannot_be_used_is_told(tmp_path, make_image):
    make_image(tmp_path / "img/a.jpg")
    bomb = base64.b64encode(zlib.compress(b"\x89PNG\r\n\x1a\n" + bytes(8) + b"\xff" * 8)).decode()
    write(
        tmp_path / "ann/a.jpg.json",
        figure("rectangle", [[10, 5], [30, 25]]),
        figure("rectangle", [[10, 5]]),
        figure("rectangle", [[10, 5], [30, 1e9]]),
        figure("rectangle"),
        figure("polygon", [[10, 5]]),
        figure("polygon", 7),
        figure("graph"),
        figure("oriented_bbox", points=[[10, 5], [30, 15]]),
        figure("rectangle", [[10, 5], [30, 25]], None),
        figure("bitmap", bitmap={"data": "????", "origin": [1, 2]}),
        figure("bitmap", bitmap={"data": bomb, "origin": [1, 2]}),
        figure("bitmap", bitmap={"data": packed(np.zeros((2, 2), bool)), "origin": [1, 2]}),
        figure("bitmap", bitmap={"data": packed(np.ones((2, 2), bool)), "origin": None}),
        figure("bitmap"),
        "text",
        figure("point", [[10, 5]]),
        figure("line", [[10, 5], [11, 6]]),
        figure("point_3d"),
    )
    dataset = load(tmp_path)
    assert boxes(dataset) == [[[10, 5, 30, 25]]]
    assert [finding.kind for finding in dataset.findings] == ["broken-object"] * 14 + ["shapes-without-box"]
    assert dataset.findings[-1].message.startswith("1 point, 1 line and 1 shape of kind point_3d")


def test_masks_that_inflate_are_bounded_together(tmp_path, make_image, monkeypatch):
    monkeypatch.setattr(supervisely, "_MOST_TOGETHER", 5000)
    make_image(tmp_path / "img/a.jpg")
    # Each is some hundred letters, and 1200 pixels.
    mask = {"data": packed(np.ones((30, 40), bool)), "origin": [0, 0]}
    write(tmp_path / "ann/a.jpg.json", *[figure("bitmap", bitmap=mask) for _ in range(50)])
    dataset = load(tmp_path)
    assert 2 <= len(dataset[0].boxes) <= 5
    assert "those before it have more pixels than any picture" in dataset.findings[0].message


def test_a_broken_file_makes_no_background(tmp_path, make_image):
    for name in "ab":
        make_image(tmp_path / f"img/{name}.jpg")
    write(tmp_path / "ann/a.jpg.json", figure("rectangle", [[10, 5], [30, 25]]))
    (tmp_path / "ann/b.jpg.json").write_text("{")
    dataset = load(tmp_path)
    assert [sample.name for sample in dataset] == ["a.jpg"]
    assert [(f.kind, f.file) for f in dataset.findings] == [("broken-annotation", "ann/b.jpg.json")]


def test_other_files_are_not_taken():
    video = {"size": {"width": 1, "height": 1}, "framesCount": 1, "frames": [], "objects": []}
    cityscapes = {"imgHeight": 1, "imgWidth": 1, "objects": [{"label": "car", "polygon": []}]}
    voc = {"size": {"width": 1, "height": 1}, "objects": [{"name": "cat"}]}
    for content in ([], {}, video, cityscapes, voc, {"classes": ["cat"]}, {"classes": []}):
        assert take(content, "a.json") is None
