"""A data set shown before anything is trained on it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from foveal.data import Dataset, load
from foveal.errors import SettingError
from foveal.runs import describe, show
from foveal.runs.training_views import training_views


def test_what_a_boxed_data_set_is(scene_folder):
    data = load(scene_folder)
    figures = describe(data)
    assert figures["images"] == len(data) == sum(figures["parts"].values())
    assert figures["parts"] == {"train": 12, "test": 6}
    assert figures["objects"] == sum(len(s.boxes) for s in data)
    assert list(figures["classes"]) == list(data.classes)
    for k, own in enumerate(figures["classes"].values()):
        assert own["objects"] == sum(own["parts"].values()) == sum(int((s.labels == k).sum()) for s in data)
        assert own["images"] == sum(bool((s.labels == k).any()) for s in data)
    assert sum(figures["box_sizes"].values()) == figures["objects"]
    assert figures["widths"] == {key: float(data[0].width) for key in ("least", "median", "most")}


def test_sizes_are_coco_s():
    data = Dataset(".", "voc", "detection", ("a",), ())
    assert describe(data)["box_sizes"] == {"small": 0, "medium": 0, "large": 0}
    assert describe(data)["box_sides"] is describe(data)["widths"] is None


def test_what_a_folder_of_classes_is(color_folder):
    figures = describe(load(color_folder))
    assert figures["task"] == "classification"
    assert "objects" not in figures
    assert sum(own["images"] for own in figures["classes"].values()) == figures["images"]
    assert figures["images_without_class"] == 0


def test_without_a_folder_nothing_is_written(scene_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = show(scene_folder)
    assert shown.folder is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["boxes", "classes"])
def test_the_page(kind, scene_folder, color_folder, tmp_path, check_page):
    folder = scene_folder if kind == "boxes" else color_folder
    shown = show(folder, tmp_path / "out")
    assert sorted(p.name for p in shown.folder.iterdir()) == ["data.html", "data.json"]
    assert json.loads((shown.folder / "data.json").read_text()) == shown.figures
    page = check_page((shown.folder / "data.html").read_text(encoding="utf-8"))
    for title in (
        "The contact sheet",
        "Class balance",
        "Each class",
        "The doctor",
        "What a training would see",
    ):
        assert title in page.text
    assert ("Places" in page.text) is (kind == "boxes")
    for finding in shown.findings:
        assert finding.kind in page.text
    with pytest.raises(SettingError):
        show(folder, tmp_path / "out")


def test_the_same_seed_shows_the_same(scene_folder, tmp_path):
    pages = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        show(scene_folder, tmp_path / name, seed=seed)
        pages.append((tmp_path / name / "data.html").read_bytes())
    assert pages[0] == pages[1] != pages[2]


def test_views_are_changed_and_their_boxes_with_them(scene_folder):
    data = load(scene_folder)
    views, changes = training_views(data, 0)
    assert "faster-rcnn" in changes
    assert len(views) == 3
    assert {name.split("/")[0] for name in views} <= {"train", *(s.name for s in data if s.split == "train")}
    for whole, *changed in views.values():
        assert len(changed) == 5
        for view in changed:
            assert view.image.shape == whole.image.shape
            assert (view.image != whole.image).any()
            assert len(view.boxes) == len(view.labels) <= len(whole.labels)
            height, width = view.image.shape[:2]
            assert (view.boxes >= 0).all()
            assert (view.boxes[:, 2:] <= (width, height)).all()


def test_views_of_classes_are_small_and_one_of_each(color_folder):
    views, changes = training_views(load(color_folder), 0)
    assert "auto" in changes
    assert len({name.rpartition("/")[0] for name in views}) == min(3, len(load(color_folder).classes))
    assert all(view.image.shape[0] <= 64 for of_one in views.values() for view in of_one)


def test_images_that_cannot_be_read_are_named(color_folder, tmp_path, check_page):
    for name in ("a", "b"):
        (tmp_path / "d" / name).mkdir(parents=True)
        for i in range(3):
            pixels = np.full((9, 9, 3), 80 * i + 10, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "d" / name / f"{i}.png")
    (tmp_path / "d" / "a" / "0.png").write_bytes(b"no image")
    shown = show(tmp_path / "d", tmp_path / "out")
    page = check_page((shown.folder / "data.html").read_text(encoding="utf-8"))
    assert "unreadable-image" in page.text
    assert "a/0.png" in page.text


def test_no_images_at_all(tmp_path, check_page):
    from foveal.report import DataRecord, write_data_page

    for task in ("detection", "classification"):
        empty = Dataset(tmp_path, "voc", task, ("a",), ())
        write_data_page(tmp_path / "page.html", DataRecord(empty, "Pascal VOC", [], {}, "Nothing."))
        check_page((tmp_path / "page.html").read_text(encoding="utf-8"))


def test_objects_in_no_part_are_counted(scene_folder):
    data = load(scene_folder)
    mixed = replace(data, samples=(replace(data[0], split=None), *data.samples[1:]))
    assert describe(mixed)["parts"]["in no part"] == 1
