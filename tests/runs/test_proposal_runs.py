"""Runs of the region proposal network."""

import json
import sys

import numpy as np
import pytest

from foveal.cli import main
from foveal.errors import SettingError
from foveal.files import read_container
from foveal.metrics import proposal_recall
from foveal.runs import evaluate_run, predict, train
from foveal.runs.measuring import proposal_metrics

SETTINGS = {"size": 160, "epochs": 6, "max_proposals": 50, "channels": 16}


@pytest.fixture(scope="module")
def done(scene_folder, tmp_path_factory):
    return train(scene_folder, model="rpn", out=tmp_path_factory.mktemp("rpn") / "run", settings=SETTINGS)


def test_its_figures_are_recalls(done, check_page):
    assert done.folder.finished
    metrics = json.loads((done.folder.path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == done.metrics
    assert 0 <= metrics["proposals/recall50@10"] <= metrics["proposals/recall50@100"] <= 1
    assert metrics["proposals/recall50"] == metrics["proposals/recall50@100"]
    text = check_page(done.folder.report_file.read_text(encoding="utf-8")).text
    assert "Beside selective search" in text
    assert "recall50@100" in text


def test_it_is_measured_again(done, scene_folder):
    assert evaluate_run(done.folder.path, scene_folder) == pytest.approx(done.metrics)


def test_it_names_nothing(done, scene_folder, tmp_path):
    with pytest.raises(SettingError, match="where objects may be"):
        predict(done.folder.path, [scene_folder], tmp_path / "out")


def test_it_is_explained(done, scene_folder, tmp_path, monkeypatch, capsys):
    picture = min(path for path in scene_folder.rglob("*") if path.suffix in (".png", ".jpg"))
    words = ["foveal", "explain", str(done.folder.path), str(picture), "--out", str(tmp_path / "why")]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None)
    (result,) = json.loads((tmp_path / "why" / "proposals.json").read_text(encoding="utf-8"))
    assert f"{picture.name}: {len(result['boxes'])} proposals" in capsys.readouterr().out
    assert (tmp_path / "why" / "explanation.html").is_file()


def test_a_detector_takes_the_run(done, scene_folder, tmp_path):
    settings = {
        "proposals": str(done.folder.path),
        "features": "hog-color",
        "features.size": 24,
        "features.grid": 2,
        "mining_rounds": 0,
    }
    detector = train(scene_folder, model="rcnn", out=tmp_path / "rcnn", settings=settings)
    arrays, metadata = read_container(detector.folder.model_file)
    assert metadata["proposals"]["kind"] == "rpn"
    assert any(name.startswith("proposals.rpn.") for name in arrays)


def test_nothing_is_told_of_more_proposals_than_there_are():
    boxes = np.tile(np.float32([[0, 0, 10, 10]]), (250, 1))
    quality = proposal_recall([boxes], [boxes[:1]], numbers=(10, 100, 300, 1000, None))
    assert [key.partition("@")[2] for key in proposal_metrics(quality) if "MABO" in key] == ["10", "100", ""]
    few = proposal_recall([boxes[:20]], [boxes[:1]], numbers=(10, 100, 300, None))
    assert [key.partition("@")[2] for key in proposal_metrics(few) if "MABO" in key] == ["10", "100", ""]
