import json
import shutil
from dataclasses import replace

import pytest

from foveal.data import load, write_coco
from foveal.errors import DataError, FovealError
from foveal.models.loading import load as load_model
from foveal.runs import evaluate_predictions, evaluate_run


def test_the_runs_own_held_out_images(scene_run, scene_folder):
    told = []
    metrics = evaluate_run(scene_run.folder.path, scene_folder, callbacks=[told.append])
    for key, value in metrics.items():
        assert value == pytest.approx(scene_run.metrics[key], abs=1e-9), key
    assert any("The 6 images that the run held out" in e.get("text", "") for e in told)
    # By the model file beside its config it is the same.
    assert evaluate_run(scene_run.folder.model_file, scene_folder)["AP50"] == metrics["AP50"]


def test_a_classifiers_own(color_run, color_folder):
    assert evaluate_run(color_run.folder.path, color_folder) == color_run.metrics


def test_its_predictions_again(scene_run, scene_folder):
    file = scene_run.folder.path / "predictions.json"
    metrics = evaluate_predictions(file, scene_folder, split="test")
    assert metrics["AP50"] == scene_run.metrics["AP50"]
    # All images: those that were learnt from have no predictions here.
    assert evaluate_predictions(file, scene_folder)["images"] == 18
    assert evaluate_predictions(file, scene_folder)["AR100"] < metrics["AR100"]
    voc = evaluate_predictions(file, scene_folder, split="test", protocol="voc")
    assert voc["AP50"] == pytest.approx(metrics["AP50"], abs=0.1)


def test_a_single_file_without_images(scene_run, scene_folder, tmp_path):
    truth = shutil.copy(scene_folder / "annotations" / "instances_test.json", tmp_path / "truth.json")
    metrics = evaluate_predictions(scene_run.folder.path / "predictions.json", truth)
    assert metrics["AP50"] == scene_run.metrics["AP50"]
    assert metrics["AP"] == scene_run.metrics["AP"]


def test_splits(scene_run, scene_folder):
    run = scene_run.folder.path
    assert evaluate_run(run, scene_folder, split="all")["images"] == 18
    seen = evaluate_run(run, scene_folder, split="train")
    assert seen["images"] == 12
    assert seen["AP50"] > scene_run.metrics["AP50"]
    assert evaluate_run(run, scene_folder, split="test")["AP50"] == scene_run.metrics["AP50"]
    for split in ("val", "tset"):
        with pytest.raises(DataError, match="has no split"):
            evaluate_run(run, scene_folder, split=split)


def test_other_data(scene_run, boxed, tmp_path):
    parts = {"train": [[(1, 5, 5, 30, 30)]] * 3, "test": [[(1, 5, 5, 30, 30)]] * 2}
    told = []
    with_test = boxed(tmp_path / "a", parts, ("0", "1"))
    assert evaluate_run(scene_run.folder.path, with_test, callbacks=[told.append])["images"] == 2
    without = boxed(tmp_path / "b", {"train": parts["train"]}, ("0", "1"))
    assert evaluate_run(scene_run.folder.path, without, callbacks=[told.append])["images"] == 3
    notes = [e["text"] for e in told if e["event"] == "note" and "Classes" not in e["text"]]
    assert "its own test part, 2 images" in notes[0]
    assert "without a test part: all 3 images" in notes[1]


def test_classes_meet_by_name(scene_run, scene_folder, tmp_path):
    dataset = load(scene_folder)
    # The same scenes with the classes in another order, and other ids.
    order = tuple(reversed(dataset.classes))
    samples = tuple(replace(s, labels=9 - s.labels) for s in dataset)
    turned = replace(dataset, classes=order, samples=samples, category_ids=tuple(range(50, 60)))
    write_coco(turned.part("test"), tmp_path / "turned.json")
    found = evaluate_run(scene_run.folder.path, _with_pictures(tmp_path, scene_folder), split="all")
    assert found["AP50"] == pytest.approx(scene_run.metrics["AP50"], abs=1e-6)


def _with_pictures(folder, scene_folder):
    """A data set of a COCO file and the held-out scenes."""
    root = folder / "data"
    shutil.copytree(scene_folder / "images" / "test", root / "images")
    shutil.move(folder / "turned.json", root / "annotations.json")
    return root


def test_classes_that_the_model_has_never_heard_of(scene_run, boxed, tmp_path):
    run, parts = scene_run.folder.path, {"test": [[(0, 5, 5, 30, 30)]] * 2}
    strangers = boxed(tmp_path / "a", parts, ("unicorn",))
    with pytest.raises(DataError, match=r"share no class: the model's are 0, 1, .*, the data's unicorn"):
        evaluate_run(run, strangers)
    told = []
    assert evaluate_run(run, strangers, class_names={"0": "unicorn"}, callbacks=[told.append])["images"] == 2
    assert any("does not have: 1, 2," in e.get("text", "") for e in told)
    for wrong, why in (({"zero": "unicorn"}, "the model does not have"), ({"0": "unicron"}, "Did you mean")):
        with pytest.raises(FovealError, match=why):
            evaluate_run(run, strangers, class_names=wrong)
    told.clear()
    evaluate_run(run, boxed(tmp_path / "b", parts, ("0", "unicorn")), callbacks=[told.append])
    assert any("model does not know, and never finds: unicorn" in e.get("text", "") for e in told)


def test_the_wrong_kind(scene_run, color_run, scene_folder, color_folder, tmp_path):
    with pytest.raises(DataError, match="is for detection"):
        evaluate_run(scene_run.folder.path, color_folder)
    with pytest.raises(DataError, match="is for classification"):
        evaluate_run(color_run.folder.path, scene_folder)
    with pytest.raises(DataError, match="has no boxes"):
        evaluate_predictions(scene_run.folder.path / "predictions.json", color_folder)
    with pytest.raises(FovealError):
        evaluate_run(tmp_path / "gone", scene_folder)
    with pytest.raises(FovealError, match="protocol"):
        evaluate_run(scene_run.folder.path, scene_folder, protocol="pascal")


def test_a_file_of_nonsense(scene_folder, tmp_path):
    file = tmp_path / "found.json"
    for text in ("", "{", '{"a": 1}', "[3]", '[{"image_id": 13}]', "null"):
        file.write_text(text)
        with pytest.raises(DataError):
            evaluate_predictions(file, scene_folder)
    file.write_text("[]")
    assert evaluate_predictions(file, scene_folder)["AP50"] == 0
    row = {"image_id": 13, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 0.5}
    file.write_text(json.dumps([{**row, "image_id": 999}]))
    with pytest.raises(DataError, match="999"):
        evaluate_predictions(file, scene_folder)


def test_a_picture_that_cannot_be_read_is_noted(color_run, color_folder, tmp_path):
    data = shutil.copytree(color_folder, tmp_path / "data")
    (data / "red" / "1.png").write_bytes((data / "red" / "1.png").read_bytes()[:-300])
    told = []
    metrics = evaluate_run(color_run.folder.path, data, callbacks=[told.append])
    assert metrics["images"] == 29
    assert any("1.png" in e.get("text", "") for e in told)


def test_classes_that_the_data_set_does_not_have(color_run, color_folder, tmp_path):
    data = shutil.copytree(color_folder, tmp_path / "data")
    (data / "red").rename(data / "rosso")
    told = []
    metrics = evaluate_run(color_run.folder.path, data, callbacks=[told.append])
    # All red squares are taken for red, which is no class of the data set: wrong, and no error.
    assert metrics["images"] == 30
    assert metrics["accuracy"] < 0.7
    assert any("does not have: red." in e.get("text", "") for e in told)


def test_labels_of_other_images_are_alarming(color_run, color_folder, tmp_path):
    # Each class has the images of the next.
    names = sorted(folder.name for folder in color_folder.iterdir())
    for here, there in zip(names, names[1:] + names[:1], strict=True):
        shutil.copytree(color_folder / here, tmp_path / "turned" / there)
    told = []
    evaluate_run(color_run.folder.path, tmp_path / "turned", callbacks=[told.append])
    alarm = next(e for e in told if e["event"] == "alarm")
    assert alarm["kind"] == "near-zero"
    assert alarm["text"].startswith(
        "The classifier does not tell the classes apart: it classifies 0 % of 30 held-out"
    )
    # The data that it was trained on is as it was.
    told.clear()
    evaluate_run(color_run.folder.path, color_folder, callbacks=[told.append])
    assert not any(e["event"] == "alarm" for e in told)


def test_objects_of_other_classes_are_alarming(scene_run, boxed, tmp_path):
    strangers = boxed(tmp_path / "a", {"test": [[(1, 5, 5, 30, 30)]] * 2}, ("0", "unicorn"))
    told = []
    evaluate_run(scene_run.folder.path, strangers, callbacks=[told.append])
    alarm = next(e for e in told if e["event"] == "alarm")
    assert alarm["reasons"][0].startswith(
        "2 of 2 held-out objects are of classes that it did not learn (“unicorn”)"
    )


def test_its_own_data_and_a_report(scene_run, scene_folder, tmp_path, check_page):
    run = scene_run.folder.path
    metrics = evaluate_run(run, out=tmp_path / "out")
    assert metrics["AP50"] == pytest.approx(scene_run.metrics["AP50"], abs=1e-9)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics
    again = evaluate_predictions(tmp_path / "out" / "predictions.json", scene_folder, split="test")
    assert again["AP50"] == metrics["AP50"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    check_page(page)
    assert "Measured anew: the 6 images that the run held out." in page
    assert "What the threshold decides" in page
    with pytest.raises(FovealError, match="not an empty folder"):
        evaluate_run(run, out=tmp_path / "out")
    with pytest.raises(DataError, match="does not say what data"):
        evaluate_run(shutil.copy(scene_run.folder.model_file, tmp_path / "model.safetensors"))


def test_a_report_of_other_data_in_other_words(color_run, color_folder, tmp_path, check_page):
    data = shutil.copytree(color_folder, tmp_path / "data")
    (data / "red").rename(data / "RED")
    with pytest.raises(DataError, match=r"differ in their case alone: .* --map red=RED"):
        evaluate_run(color_run.folder.path, data)
    names = {"red": "RED"}
    metrics = evaluate_run(color_run.folder.path, data, class_names=names, out=tmp_path / "out")
    assert metrics["accuracy"] == evaluate_run(color_run.folder.path, color_folder, split="all")["accuracy"]
    assert (tmp_path / "out" / "predictions.csv").read_text().splitlines()[0].split(",")[3:] == sorted(
        {"RED", "green", "a<b> [bold]"}
    )
    check_page((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))


def test_a_threshold_for_a_precision(scene_run, color_run, tmp_path):
    run = shutil.copytree(scene_run.folder.path, tmp_path / "run")
    before = load_model(run).threshold_
    told = []
    for wanted in ({"recall": 0.5}, {"precision": 0.6}):
        metrics = evaluate_run(run, **wanted, callbacks=[told.append])
        assert metrics["threshold"] == load_model(run).threshold_
        text = next(e["text"] for e in reversed(told) if "The threshold is" in e.get("text", ""))
        assert f"The threshold is {load_model(run).threshold_:g} now" in text
        name, share = next(iter(wanted.items()))
        assert float(text.split(f"{name} ")[1].split(",")[0]) >= share
    assert load_model(run).threshold_ != before
    now = load_model(run).threshold_
    with pytest.raises(FovealError, match=r"the most is"):
        evaluate_run(run, recall=1.0, out=tmp_path / "out")
    assert load_model(run).threshold_ == now
    assert not (tmp_path / "out").exists()
    with pytest.raises(FovealError, match="no threshold to choose"):
        evaluate_run(color_run.folder.path, precision=0.9)
