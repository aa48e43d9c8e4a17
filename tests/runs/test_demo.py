"""The demo, with the trainings that other tests have made."""

import sys
from pathlib import Path

import pytest

from foveal.errors import SettingError
from foveal.runs import demo

# The package has the function's name.
module = sys.modules["foveal.runs.demo"]


def test_every_model_learns_for_a_fixed_number_of_steps(scene_run, color_run, tmp_path, monkeypatch):
    calls = []

    def train(data, *, model, out, settings, seed, callbacks):
        calls.append((data.name, model, out.name, settings, seed))
        return color_run if model == "logistic" else scene_run

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "_TRAIN_SCENES", 2)
    monkeypatch.setattr(module, "_TEST_SCENES", 2)
    runs = demo(tmp_path / "demo", seed=4)
    assert list(runs) == ["digits", "scenes-rcnn", "scenes"]
    assert [call[:3] for call in calls] == [
        ("digits", "logistic", "digits"),
        ("scenes", "rcnn", "scenes-rcnn"),
        ("scenes", "faster-rcnn", "scenes"),
    ]
    assert {call[4] for call in calls} == {4}
    # Minutes would be fewer steps on a busy machine.
    assert all("minutes" not in call[3] for call in calls)
    assert calls[2][3]["epochs"] > 1
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "The same scenes, by R-CNN" in page
    assert page.count("Object detector") == 2
    assert (tmp_path / "demo" / "data" / "scenes").is_dir()


def test_a_demo_that_was_broken_off_goes_on(tmp_path, monkeypatch, small_settings):
    monkeypatch.setattr(module, "_TRAIN_SCENES", 10)
    monkeypatch.setattr(module, "_TEST_SCENES", 5)
    monkeypatch.setattr(module, "_RCNN", small_settings)
    small = {"epochs": 2, "size": 96, "channels": 8, "hidden": 16, "roi_size": 3, "passes_per_view": 1}
    monkeypatch.setattr(module, "_FASTER_RCNN", small)
    trained = []

    def stop(event):
        if event["event"] == "run":
            trained.append(Path(event["path"]).name)
        if len(trained) == 2 and event.get("stage") == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo(tmp_path / "demo", callbacks=[stop])
    digits = (tmp_path / "demo" / "digits" / "model.safetensors").read_bytes()
    with pytest.raises(SettingError, match="unfinished foveal demo left"):
        demo(tmp_path / "demo", seed=1)
    runs = demo(tmp_path / "demo")
    assert [run.folder.path.name for run in runs.values()] == ["digits", "scenes-rcnn", "scenes"]
    assert all(run.folder.finished for run in runs.values())
    assert (tmp_path / "demo" / "digits" / "model.safetensors").read_bytes() == digits
    assert (tmp_path / "demo" / "report.html").is_file()
    assert not list((tmp_path / "demo").rglob(".*"))
