"""The demo, with the trainings that other tests have made."""

import sys

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
