import json
import os
import shutil

import pytest

from foveal.errors import DataError
from foveal.runs import list_runs


@pytest.fixture
def folder(scene_run, color_run, tmp_path):
    shutil.copytree(scene_run.folder.path, tmp_path / "scenes")
    shutil.copytree(color_run.folder.path, tmp_path / "more" / "colors")
    os.utime(tmp_path / "scenes" / "metrics.json", (1_000_000, 1_000_000))
    return tmp_path


def test_all_runs_the_oldest_first(folder, scene_run, scene_folder):
    scenes, colors = list_runs(folder)
    assert (scenes.path, colors.path) == (folder / "scenes", folder / "more" / "colors")
    assert (scenes.state, scenes.model, scenes.data) == ("finished", "rcnn", scene_folder.name)
    assert scenes.figures == pytest.approx(scene_run.metrics)
    assert (colors.model, colors.figures["images"]) == ("svm", 6)
    assert scenes.changed == 1_000_000
    assert scenes.size == sum(f.stat().st_size for f in (folder / "scenes").iterdir())
    assert scenes.seconds > 0
    assert json.loads(json.dumps(scenes.as_json()))["path"] == str(scenes.path)
    # A run itself is a list of one.
    assert [run.model for run in list_runs(folder / "scenes")] == ["rcnn"]


def test_unfinished_and_damaged_ones_say_so(folder):
    (folder / "scenes" / "report.html").unlink()
    (folder / "more" / "colors" / "config.toml").write_text("model = ")
    states = {run.path.name: run for run in list_runs(folder)}
    assert states["scenes"].state == "unfinished"
    assert "--resume" in states["scenes"].why
    assert states["colors"].state == "damaged"
    assert "is not TOML any more" in states["colors"].why
    (folder / "scenes" / "metrics.json").write_text('{"AP50": "much"}')
    assert {run.path.name: run.state for run in list_runs(folder)}["scenes"] == "damaged"


def test_what_is_no_run_is_passed_over(folder):
    stranger = folder / "stranger"
    stranger.mkdir()
    (stranger / "config.toml").write_text('[tool]\nname = "other"\n')
    shutil.copytree(folder / "scenes", folder / ".hidden" / "scenes")
    (folder / "loop").symlink_to(folder)
    assert len(list_runs(folder)) == 2


def test_no_runs(tmp_path):
    assert list_runs(tmp_path) == []
    with pytest.raises(DataError, match="There is no folder"):
        list_runs(tmp_path / "gone")
