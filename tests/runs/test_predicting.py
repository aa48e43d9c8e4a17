import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from foveal import data
from foveal.errors import DataError, ModelFileError, SettingError
from foveal.runs import predict
from foveal.runs.predicting import drawn_names, find_images
from foveal.runs.proposing import propose

UNREADABLE = {"text.jpg", "empty.png", "cut.jpg", "nowhere.jpg"}
READABLE = {"good.jpg", "good.PNG", "cmyk.jpg", "sixteen.png", "dot.png", "thin.png", "a b#c=d [x] %20.jpg"}


def test_a_folder_of_all_kinds(scene_run, hostile_folder, tmp_path):
    told = []
    summary = predict(
        scene_run.folder.path, [hostile_folder], tmp_path / "out", min_score=0, callbacks=[told.append]
    )
    assert {Path(r["file"]).name for r in summary.results} == READABLE
    assert {Path(f).name for f in summary.unreadable} == UNREADABLE
    for file, why in summary.unreadable.items():
        assert Path(file).name in why
    assert [e["done"] for e in told if e["event"] == "progress"][-1] == len(READABLE | UNREADABLE)
    assert [r["file"] for r in summary.results] == sorted(r["file"] for r in summary.results)
    sizes = {Path(r["file"]).name: (r["width"], r["height"]) for r in summary.results}
    assert sizes["dot.png"] == (1, 1)
    assert sizes["thin.png"] == (1, 90)
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == summary.results
    places = [p for p in (tmp_path / "out" / "drawn").rglob("*") if p.is_file()]
    drawn = {p.relative_to(tmp_path / "out" / "drawn").as_posix() for p in places}
    assert drawn == {
        "good.jpg",
        "below/good.jpg",
        "cmyk.jpg",
        "sixteen.jpg",
        "dot.jpg",
        "thin.jpg",
        "a b#c=d [x] %20.jpg",
    }
    assert {r["drawn"] for r in summary.results} == {f"drawn/{place}" for place in drawn}
    for path in places:
        Image.open(path).verify()
    for result in summary.results:
        for row in result["detections"]:
            x1, y1, x2, y2 = row["box"]
            assert 0 <= x1 <= x2 <= result["width"]
            assert 0 <= y1 <= y2 <= result["height"]
            assert 0 <= row["score"] <= 1
            assert row["label"] in "0123456789"


def test_a_classifier(color_run, color_folder, hostile_folder, tmp_path):
    summary = predict(
        color_run.folder.path, [color_folder / "red", hostile_folder / "dot.png"], tmp_path / "out"
    )
    assert len(summary.results) == 11
    assert {r["label"] for r in summary.results} == {"red"}
    for result in summary.results:
        assert set(result["probabilities"]) == {"red", "green", "a<b> [bold]"}
        assert sum(result["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["predictions.json"]


def test_forms(scene_run, color_run, color_folder, scene_folder, tmp_path):
    images = [scene_folder / "images" / "test"]
    run = scene_run.folder.path
    results = predict(run, images, tmp_path / "json", min_score=0.002).results
    predict(run, images, tmp_path / "coco", min_score=0.002, form="coco", draw=False)
    predict(run, images, tmp_path / "csv", min_score=0.002, form="csv", draw=False)
    rows = json.loads((tmp_path / "coco" / "predictions.json").read_text())
    flat = [(i, d) for i, r in enumerate(results, 1) for d in r["detections"]]
    assert len(rows) == len(flat) > 0
    for row, (i, d) in zip(rows, flat, strict=True):
        assert row["image_id"] == i
        assert row["category_id"] == int(d["label"]) + 1
        x1, y1, x2, y2 = d["box"]
        np.testing.assert_allclose(row["bbox"], [x1, y1, x2 - x1, y2 - y1], atol=2e-3)
    with (tmp_path / "csv" / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(flat)
    assert list(lines[0]) == ["file", "label", "score", "x1", "y1", "x2", "y2"]
    assert [p.name for p in (tmp_path / "csv").iterdir()] == ["predictions.csv"]
    predict(color_run.folder.path, [color_folder / "green"], tmp_path / "csv2", form="csv")
    with (tmp_path / "csv2" / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["file", "label", "a<b> [bold]", "green", "red"]
    assert {line["label"] for line in lines} == {"green"}


def test_scores_below_the_least_are_left_out(scene_run, scene_folder, tmp_path):
    images = [scene_folder / "images" / "test"]
    every = predict(scene_run.folder.path, images, tmp_path / "a", min_score=0, draw=False)
    scores = sorted(d["score"] for r in every.results for d in r["detections"])
    middle = scores[len(scores) // 2]
    few = predict(scene_run.folder.path, images, tmp_path / "b", min_score=middle, draw=False)
    left = [d["score"] for r in few.results for d in r["detections"]]
    assert 0 < len(left) < len(scores)
    assert min(left) >= middle - 1e-6


def test_a_large_photograph(scene_run, tmp_path):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "big.jpg"), cv2.resize(coarse, (6000, 4000), interpolation=cv2.INTER_NEAREST))
    summary = predict(scene_run.folder.path, [tmp_path / "big.jpg"], tmp_path / "out")
    (result,) = summary.results
    assert (result["width"], result["height"]) == (6000, 4000)
    assert max(Image.open(tmp_path / "out" / "drawn" / "big.jpg").size) == 1600


def test_only_bad_files(scene_run, hostile_folder, tmp_path):
    summary = predict(scene_run.folder.path, [hostile_folder / "text.jpg"], tmp_path / "out")
    assert summary.results == []
    assert list(summary.unreadable) == [str(hostile_folder / "text.jpg")]
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == []


def test_the_header_of_a_classifier_whose_files_are_all_bad(color_run, hostile_folder, tmp_path):
    bad = hostile_folder / "text.jpg"
    assert predict(color_run.folder.path, [bad], tmp_path / "out", form="csv").results == []
    text = (tmp_path / "out" / "predictions.csv").read_text()
    assert text == "file,label,a<b> [bold],green,red\n"


def test_what_is_refused(scene_run, hostile_folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    good = hostile_folder / "good.jpg"
    with pytest.raises(ModelFileError):
        predict(tmp_path / "empty", [good], tmp_path / "out")
    with pytest.raises(DataError, match="holds no pictures"):
        predict(scene_run.folder.path, [tmp_path / "empty"], tmp_path / "out")
    with pytest.raises(DataError, match="There is no file or folder"):
        predict(scene_run.folder.path, [good, tmp_path / "gone.jpg"], tmp_path / "out")
    with pytest.raises(DataError, match="matches no file"):
        predict(scene_run.folder.path, [str(tmp_path / "*.jpg")], tmp_path / "out")
    with pytest.raises(DataError, match="no files, folders or patterns"):
        predict(scene_run.folder.path, [], tmp_path / "out")
    with pytest.raises(SettingError, match="not an empty folder"):
        predict(scene_run.folder.path, [good], tmp_path / "full")
    assert not (tmp_path / "out").exists()


def test_find_images(hostile_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(hostile_folder)
    assert find_images(["good.jpg", "*.jpg"])[0] == Path("good.jpg")
    assert find_images(["good.jpg", "good.jpg", "./good.jpg"]) == [Path("good.jpg")]
    # A name with signs of a pattern is first taken literally.
    assert find_images(["a b#c=d [x] %20.jpg"]) == [Path("a b#c=d [x] %20.jpg")]
    # A file that is named itself is taken whatever its name; in a folder only pictures are.
    assert find_images(["notes.txt"]) == [Path("notes.txt")]
    assert Path("notes.txt") not in find_images(["."])
    assert find_images(["**/*.PNG"]) == [Path("below/good.PNG")]
    assert not any(p.is_dir() for p in find_images(["*"]))


@pytest.mark.parametrize("form", ["voc", "yolo", "labelme"])
def test_data_sets_of_what_was_found(form, scene_run, scene_folder, tmp_path):
    images = [scene_folder / "images" / "test"]
    results = predict(
        scene_run.folder.path, images, tmp_path / "out", min_score=0.002, form=form, draw=False
    ).results
    assert json.loads((tmp_path / "out" / "predictions.json").read_text()) == results
    dataset = data.load(tmp_path / "out" / form)
    assert dataset.format == form
    assert len(dataset) == len(results)
    by_name = {Path(r["file"]).name: r["detections"] for r in results}
    assert any(by_name.values())
    for sample in dataset:
        said = sorted((d["label"], *d["box"]) for d in by_name[sample.path.name])
        found = sorted(
            (dataset.classes[label], *box)
            for label, box in zip(sample.labels, sample.boxes.astype(float).tolist(), strict=True)
        )
        assert [row[0] for row in found] == [row[0] for row in said]
        np.testing.assert_allclose([r[1:] for r in found], [r[1:] for r in said], atol=2e-3)


def test_label_studio_is_given_predictions(scene_run, scene_folder, tmp_path):
    images = [scene_folder / "images" / "test"]
    done = predict(scene_run.folder.path, images, tmp_path / "out", min_score=0.002, form="label-studio")
    tasks = json.loads((tmp_path / "out" / "label-studio" / "tasks.json").read_text())
    for task, result in zip(tasks, done.results, strict=True):
        (answer,) = task["predictions"]
        assert [r["score"] for r in answer["result"]] == [d["score"] for d in result["detections"]]
        assert (tmp_path / "out" / result["drawn"]).is_file()
    with pytest.raises(DataError, match="predictions are no ground truth"):
        data.load(tmp_path / "out" / "label-studio")
    # Somebody accepts them.
    accepted = [{"data": task["data"], "annotations": task["predictions"]} for task in tasks]
    (tmp_path / "out" / "label-studio" / "tasks.json").write_text(json.dumps(accepted))
    dataset = data.load(tmp_path / "out" / "label-studio")
    assert dataset.format == "label_studio"
    assert [len(s.boxes) for s in dataset] == [len(r["detections"]) for r in done.results]
    assert sum(len(s.boxes) for s in dataset) > 0


def test_what_a_classifier_is_not_asked(color_run, color_folder, tmp_path):
    for asked, named in (({"form": "coco"}, "--form coco"), ({"min_score": 0.3}, "--min-score")):
        with pytest.raises(SettingError, match=named):
            predict(color_run.folder.path, [color_folder], tmp_path / "out", **asked)
    assert not (tmp_path / "out").exists()


def test_sub_folders_are_kept():
    files = [Path("d/a/x.jpg"), Path("d/b/x.jpg"), Path("d/x.jpg"), Path("e/x.png"), Path("d/b/X.gif")]
    names = ["a/x.jpg", "b/x.jpg", "x.jpg", "x-2.jpg", "b/X-2.jpg"]
    assert drawn_names(files, [Path("d"), Path("e/x.png")]) == names


def test_drawn_names():
    names = drawn_names([Path("a/x.jpg"), Path("b/x.png"), Path("X.gif"), Path("x-2.jpg"), Path("x-2.png")])
    assert names == ["x.jpg", "x-2.jpg", "X-3.jpg", "x-2-2.jpg", "x-2-3.jpg"]
    assert len({n.lower() for n in names}) == 5


def test_propose(hostile_folder, tmp_path):
    summary = propose([hostile_folder], tmp_path / "out", mode="single", number=9, drawn=3)
    assert {Path(r["file"]).name for r in summary.results} == READABLE
    assert {Path(f).name for f in summary.unreadable} == UNREADABLE
    assert json.loads((tmp_path / "out" / "proposals.json").read_text()) == summary.results
    for result in summary.results:
        assert 1 <= len(result["boxes"]) == len(result["scores"]) <= 9
        boxes = np.array(result["boxes"])
        assert (boxes[:, 2] <= result["width"]).all()
        assert (boxes[:, 3] <= result["height"]).all()
        assert result["scores"] == sorted(result["scores"], reverse=True)
    assert len(list((tmp_path / "out" / "drawn").iterdir())) == len(READABLE)
    with pytest.raises(SettingError, match="no mode"):
        propose([hostile_folder], tmp_path / "other", mode="slow")
    assert not (tmp_path / "other").exists()


def test_many_files_keep_their_order(color_run, color_folder, tmp_path):
    for i in range(20):
        name = "red" if i % 3 else "green"
        shutil.copy(color_folder / name / "0.png", tmp_path / f"{i:02d}.png")
    summary = predict(color_run.folder.path, [tmp_path], tmp_path / "out")
    assert [r["label"] for r in summary.results] == ["red" if i % 3 else "green" for i in range(20)]
