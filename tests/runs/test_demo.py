"""The demo, with the trainings that other tests have made."""

import sys

import numpy as np
import pytest

from foveal.runs import demo
from foveal.runs.demo import _LEAST, _PAGE, _SECONDS

# The package has the function's name.
module = sys.modules["foveal.runs.demo"]


@pytest.mark.parametrize("spent", [10.0, 300.0])
def test_the_faster_rcnn_gets_what_two_minutes_leave(scene_run, color_run, tmp_path, monkeypatch, spent):
    calls = []

    def train(data, *, model, out, settings, seed, callbacks, spent):
        calls.append((data.name, model, out.name, settings, seed, spent))
        return color_run if model == "logistic" else scene_run

    monkeypatch.setattr(module, "train", train)
    monkeypatch.setattr(module, "_TRAIN_SCENES", 2)
    monkeypatch.setattr(module, "_TEST_SCENES", 2)
    runs = demo(tmp_path / "demo", seed=4, spent=spent)
    assert list(runs) == ["digits", "scenes-rcnn", "scenes"]
    assert [call[:3] for call in calls] == [
        ("digits", "logistic", "digits"),
        ("scenes", "rcnn", "scenes-rcnn"),
        ("scenes", "faster-rcnn", "scenes"),
    ]
    assert {call[4] for call in calls} == {4}
    gone, minutes = calls[2][5], calls[2][3]["minutes"]
    assert gone >= spent + _PAGE
    assert np.isclose(60 * minutes, max(_SECONDS, gone + _LEAST))
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert "The same scenes, by R-CNN" in page
    assert page.count("Object detector") == 2
    assert (tmp_path / "demo" / "data" / "scenes").is_dir()
