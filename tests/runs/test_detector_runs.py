"""Runs of detectors that learn by gradients: broken off, trained again, bounded by minutes."""

import inspect
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foveal.data import Dataset, Sample
from foveal.errors import SettingError
from foveal.models.detectors.faster_rcnn import FasterRCNN
from foveal.runs import resume, retrain, train, training
from foveal.runs.settings import resolve
from foveal.runs.splitting import split_dataset

SETTINGS = {
    "epochs": 8,
    "size": 96,
    "channels": 8,
    "hidden": 16,
    "roi_size": 3,
    "passes_per_view": 1,
    "batch_size": 4,
}


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def whole(scene_folder, tmp_path_factory):
    """A run that was never broken off."""
    out = tmp_path_factory.mktemp("whole") / "run"
    told = []
    done = train(scene_folder, out=out, settings=SETTINGS, callbacks=[told.append])
    return done, told


def test_a_run(whole):
    done, told = whole
    config = done.folder.read_config()
    assert config["model"] == "faster-rcnn"
    assert done.metrics.keys() >= {"AP50", "AP", "proposals/recall50"}
    assert done.folder.finished
    assert not done.folder.checkpoint_file.exists()
    # Twelve pictures are too few to keep some back.
    assert [len(config["split"][k]) for k in ("train", "validation", "test")] == [12, 0, 6]
    assert config["resolved"]["epochs"] == 8.0
    assert {e["event"] for e in told} >= {"epoch", "losses"}


def test_broken_off_and_gone_on_with(whole, scene_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)
    done, told = whole
    last = max(e["step"] for e in told if e["event"] == "epoch")

    def kill(event):
        if event["event"] == "losses" and event["step"] > last / 2:
            raise KilledError

    out = tmp_path / "run"
    with pytest.raises(KilledError):
        train(scene_folder, out=out, settings=SETTINGS, callbacks=[kill])
    assert (out / "checkpoint.safetensors").is_file()
    assert not (out / "model.safetensors").exists()
    again = resume(out)
    assert again.folder.model_file.read_bytes() == done.folder.model_file.read_bytes()
    assert again.metrics == done.metrics


def test_a_retraining_gives_the_same_model_file(whole, tmp_path):
    done, _ = whole
    again = retrain(done.folder.path, out=tmp_path / "run")
    assert again.folder.model_file.read_bytes() == done.folder.model_file.read_bytes()
    assert again.metrics == done.metrics


def test_a_retraining_keeps_the_schedule_that_minutes_led_to(scene_folder, tmp_path):
    settings = {**SETTINGS, "epochs": "none", "minutes": 0.01}
    done = train(scene_folder, out=tmp_path / "first", settings=settings)
    config = done.folder.read_config()
    assert config["schedule"]["epochs"] == config["resolved"]["epochs"]
    again = retrain(done.folder.config_file, out=tmp_path / "again")
    assert again.folder.read_config()["settings"]["minutes"] == "none"
    assert again.folder.model_file.read_bytes() == done.folder.model_file.read_bytes()


def test_minutes_are_those_of_the_whole_command(scene_folder, tmp_path, monkeypatch):
    given = {}

    def fit(self, dataset, **options):
        given.update(options, minutes=self.minutes)
        raise KilledError

    # The signature is what the run asks for.
    fit.__signature__ = inspect.signature(FasterRCNN.fit)
    monkeypatch.setattr(FasterRCNN, "fit", fit)
    with pytest.raises(KilledError):
        train(scene_folder, out=tmp_path / "run", settings={**SETTINGS, "minutes": 3}, spent=40.0)
    assert given["minutes"] == 3
    assert 40 < given["spent"] < 100
    assert given["images_after"] == 6
    assert given["checkpoint"].path == tmp_path / "run" / "checkpoint.safetensors"


def test_a_run_of_old_names(whole, tmp_path):
    """Runs of Foveal 0.1 are answered with what their settings are called now."""
    done, _ = whole
    old = shutil.copytree(done.folder.path, tmp_path / "old")
    config = (old / "config.toml").read_text()
    for new, name in (("ema_decay", "average"), ("finetune_fraction", "tuned_share")):
        assert f"\n{new} = " in config
        config = config.replace(f"\n{new} = ", f"\n{name} = ")
    (old / "config.toml").write_text(config)
    (old / "report.html").unlink()
    told = r"old.* cannot be used: .*average is called ema_decay since Foveal 0.2: give ema_decay\."
    for go in (lambda: retrain(old, out=tmp_path / "new"), lambda: resume(old)):
        with pytest.raises(SettingError, match=told) as error:
            go()
        assert "tuned_share is called finetune_fraction" in str(error.value)
    assert not (tmp_path / "new").exists()
    assert (old / "model.safetensors").is_file()


def boxed_pictures(number, **splits):
    box = np.array([[0, 0, 9, 9]], np.float32)
    no, yes = np.zeros(1, bool), np.zeros(1, np.int64)
    samples = [
        Sample(Path(f"{i}.jpg"), i, 20, 20, boxes=box, labels=yes, difficult=no, crowd=no)
        for i in range(1, number + 1)
    ]
    start = 0
    for split, many in splits.items():
        for i in range(start, start + many):
            samples[i] = replace(samples[i], split=split)
        start += many
    return Dataset(Path(), "coco", "detection", ("cat",), tuple(samples))


@pytest.mark.parametrize(
    ("number", "splits", "sizes"),
    [
        (10, {}, (8, 0, 2)),
        (48, {}, (38, 0, 10)),
        (50, {}, (36, 4, 10)),
        (200, {}, (144, 16, 40)),
        (1500, {"test": 300}, (1140, 60, 300)),
        (30, {"train": 10, "val": 10, "test": 10}, (10, 10, 10)),
        (150, {"train": 60, "val": 50, "test": 40}, (99, 11, 40)),
        (80, {"train": 40, "val": 20, "test": 20}, (54, 6, 20)),
        (30, {"train": 20, "val": 10}, (20, 0, 10)),
    ],
)
def test_pictures_that_judge_a_detector(number, splits, sizes):
    parts = split_dataset(boxed_pictures(number, **splits), "faster-rcnn", resolve("faster-rcnn", {}), 0)
    assert tuple(map(len, (parts.train, parts.validation, parts.test))) == sizes


def test_a_detector_that_holds_back_by_turns_learns_from_its_val_part():
    data = boxed_pictures(30, train=10, val=10, test=10)
    for model in ("rcnn", "fast-rcnn"):
        parts = split_dataset(data, model, resolve(model, {}), 0)
        assert tuple(map(len, (parts.train, parts.validation, parts.test))) == (20, 0, 10)
        assert f"{model} chooses and calibrates" in parts.origin
