"""Runs that go on from another run's model."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from foveal.data import load
from foveal.errors import ModelFileError, SettingError
from foveal.models import load as load_model
from foveal.runs import RunFolder, resume, retrain, train, training

SETTINGS = {"epochs": 6, "width": 4, "image_size": 8, "batch_size": 8}
COLORS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200), "white": (200, 200, 200)}


class KilledError(Exception):
    pass


def paint(root, names, numbers):
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in numbers:
            noise = np.random.default_rng([i, len(name)]).integers(-40, 40, (16, 16, 3))
            pixels = (np.array(COLORS[name.lower()]) + noise).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two classes and a run of them; three classes, the pictures of the two among them, and a run from it."""
    root = tmp_path_factory.mktemp("origin")
    two = paint(root / "two", ("red", "green"), range(15))
    three = paint(root / "three", ("red", "green", "blue"), range(20))
    train(two, model="mlp", out=root / "first", settings=SETTINGS, seed=1)
    told = []
    train(three, out=root / "second", from_run=root / "first", callbacks=[told.append])
    return root, told


def parts_by_content(config, data):
    contents = {s.id: c for s, c in zip(data, data.contents, strict=True)}
    return {k: {contents[i] for i in config["split"][k]} for k in ("train", "validation", "test")}


def test_a_run_from_a_run(places, check_page):
    root, told = places
    first, second = RunFolder(root / "first"), RunFolder(root / "second")
    config = second.read_config()
    assert config["model"] == "mlp"
    assert config["settings"]["width"] == 4
    assert config["from"]["run"] == str(root / "first")
    assert config["from"]["classes"] == ["green", "red"]
    assert load_model(root / "second").classes_.tolist() == ["green", "red", "blue"]
    metrics = json.loads(second.metrics_file.read_text())
    before = json.loads(first.metrics_file.read_text())
    assert metrics["old_data/images"] == before["images"] == 6
    assert metrics["old_data/before/accuracy"] == before["accuracy"]
    assert metrics.keys() >= {"accuracy", "before/accuracy", "old_data/accuracy", "old_data/recall/red"}
    assert metrics["before/recall/blue"] == 0
    assert f"The 6 pictures that {root / 'first'} held out." in [e.get("text") for e in told]
    page = second.report_file.read_text(encoding="utf-8")
    check_page(page)
    assert "New classes: blue." in page
    assert "What first held out" in page
    assert "accuracy of the old data" in page
    assert (
        second.path.joinpath("predictions.csv").read_text().startswith("file,truth,prediction,green,red,blue")
    )


def test_what_the_run_knew_stays_in_its_parts(places):
    root, _ = places
    old = parts_by_content(RunFolder(root / "first").read_config(), load(root / "two"))
    new = parts_by_content(RunFolder(root / "second").read_config(), load(root / "three"))
    assert {k: len(v) for k, v in old.items()} == {"train": 19, "validation": 5, "test": 6}
    assert all(old[k] <= new[k] for k in old)
    assert "30 pictures that" in RunFolder(root / "second").read_config()["split"]["origin"]


def test_again_and_broken_off(places, tmp_path, monkeypatch):
    root, _ = places
    model = (root / "second" / "model.safetensors").read_bytes()
    again = retrain(root / "second", out=tmp_path / "again")
    assert again.folder.model_file.read_bytes() == model
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == 4:
            raise KilledError

    with pytest.raises(KilledError):
        train(root / "three", out=tmp_path / "run", from_run=root / "first", callbacks=[kill])
    done = resume(tmp_path / "run")
    assert done.folder.model_file.read_bytes() == model
    assert done.metrics == again.metrics


def test_the_old_run_has_to_be_as_it_was(places, tmp_path):
    root, _ = places
    first = shutil.copytree(root / "first", tmp_path / "first")

    def kill(event):
        if event["event"] == "stage_start" and event["stage"] == "training":
            raise KilledError

    with pytest.raises(KilledError):
        train(root / "three", out=tmp_path / "run", from_run=first, callbacks=[kill])
    shutil.copy(root / "second" / "model.safetensors", first / "model.safetensors")
    with pytest.raises(ModelFileError, match=r"first, which is needed still: .* is another model"):
        resume(tmp_path / "run")
    shutil.rmtree(first)
    with pytest.raises(ModelFileError, match=r"which is needed still: .*is not a run folder"):
        resume(tmp_path / "run")


def test_pictures_added_to_the_same_folder(places, tmp_path):
    """The data is not what it was: what was held out is found by its content."""
    root, _ = places
    data = shutil.copytree(root / "two", tmp_path / "data")
    train(data, model="mlp", out=tmp_path / "first", settings=SETTINGS)
    paint(data, ("red", "blue"), range(30, 36))
    done = train(data, out=tmp_path / "second", from_run=tmp_path / "first")
    which = done.folder.read_config()["from"]["old_data"]
    assert "has changed since: of the 6 pictures that it held out 6 are found" in which
    assert done.metrics["old_data/images"] == 6


def test_data_that_is_gone(places, tmp_path):
    root, _ = places
    data = shutil.copytree(root / "two", tmp_path / "data")
    train(data, model="mlp", out=tmp_path / "first", settings=SETTINGS)
    shutil.rmtree(data)
    told = []
    other = paint(tmp_path / "other", ("red", "blue"), range(40, 50))
    done = train(other, out=tmp_path / "second", from_run=tmp_path / "first", callbacks=[told.append])
    assert (
        "is gone, and the pictures that it held out are not to be found"
        in (done.folder.read_config()["from"]["old_data"])
    )
    assert not [key for key in done.metrics if key.startswith("old_data/")]
    assert "before/accuracy" in done.metrics
    done = train(root / "three", out=tmp_path / "third", from_run=tmp_path / "first")
    assert done.metrics["old_data/images"] == 6


def test_what_is_forgotten_is_told(places, tmp_path):
    root, _ = places
    data = paint(tmp_path / "others", ("blue", "white"), range(20))
    told = []
    done = train(data, out=tmp_path / "run", from_run=root / "first", settings={"epochs": 60},
                 callbacks=[told.append])  # fmt: skip
    assert done.metrics["old_data/accuracy"] <= 0.5 < 0.9 < done.metrics["old_data/before/accuracy"]
    (alarm,) = [alarm for alarm in done.record.alarms if alarm.kind == "forgotten"]
    assert alarm.message in [e["text"] for e in told if e["event"] == "alarm"]
    assert "“green” and “red”" in alarm.reasons[0]


def test_settings(places, tmp_path):
    root, _ = places
    given = {"minutes": 0.05}
    done = train(root / "three", out=tmp_path / "run", from_run=root / "first", settings=given)
    settings = done.folder.read_config()["settings"]
    assert (settings["minutes"], settings["epochs"], settings["width"]) == (0.05, "none", 4)
    with pytest.raises(SettingError, match="width is 8, and 4 in the model"):
        train(root / "three", out=tmp_path / "other", from_run=root / "first", settings={"width": 8})
    with pytest.raises(SettingError, match="takes one value of learning_rate"):
        train(root / "three", from_run=root / "first", settings={"learning_rate": [0.1, 0.01]})
    assert not (tmp_path / "other").exists()


def test_what_cannot_be_gone_on_from(places, color_run, scene_run, scene_folder, tmp_path):
    root, _ = places
    out = tmp_path / "run"
    with pytest.raises(SettingError, match=r"\(svm\): a support vector machine is fitted"):
        train(root / "three", out=out, from_run=color_run.folder.path)
    with pytest.raises(SettingError, match=r"\(rcnn\): its support vector machines"):
        train(scene_folder, out=out, from_run=scene_run.folder.path)
    with pytest.raises(SettingError, match=r"is mlp, and goes on as such: leave out cnn"):
        train(root / "three", model="cnn", out=out, from_run=root / "first")
    with pytest.raises(SettingError, match=r"is for classification, and .* holds data for detection"):
        train(scene_folder, out=out, from_run=root / "first")
    with pytest.raises(ModelFileError, match=r"is not a run folder"):
        train(root / "three", out=out, from_run=tmp_path / "nowhere")
    capitals = paint(tmp_path / "capitals", ("Red", "green"), range(6))
    with pytest.raises(
        SettingError, match=r"has a class 'Red', and the model of .* a class 'red': write them alike"
    ):
        train(capitals, out=out, from_run=root / "first")
    assert not out.exists()


def test_what_auto_chose_is_gone_on_from(places, tmp_path):
    root, _ = places
    train(root / "two", out=tmp_path / "first", settings={"recipe": "mlp(epochs=3, width=8)"})
    done = train(root / "three", out=tmp_path / "second", from_run=tmp_path / "first", settings={"epochs": 2})
    config = done.folder.read_config()
    assert config["model"] == "mlp"
    assert (config["settings"]["width"], config["settings"]["epochs"]) == (8, 2)


@pytest.mark.parametrize("model", ["fast-rcnn", "rpn"])
def test_detectors(model, scene_folder, tmp_path, check_page):
    settings = {"fast-rcnn": {"epochs": 1, "hidden": 8, "proposals": "single", "max_proposals": 100},
                "rpn": {"epochs": 2, "size": 96, "channels": 8, "passes_per_view": 1}}[model]  # fmt: skip
    train(scene_folder, model=model, out=tmp_path / "first", settings=settings)
    done = train(scene_folder, out=tmp_path / "second", from_run=tmp_path / "first")
    key = "AP50" if model == "fast-rcnn" else "proposals/recall50@100"
    first = json.loads((tmp_path / "first" / "metrics.json").read_text())
    assert done.metrics[f"before/{key}"] == pytest.approx(first[key])
    assert done.metrics[f"old_data/before/{key}"] == pytest.approx(first[key])
    assert done.metrics[f"old_data/{key}"] == pytest.approx(done.metrics[key])
    check_page(done.folder.report_file.read_text(encoding="utf-8"))
