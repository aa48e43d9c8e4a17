import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import foveal
from foveal.errors import FovealError, SettingError
from foveal.files import read_container
from foveal.runs import predict, set_threshold


@pytest.fixture
def model_file(scene_run, tmp_path):
    return shutil.copy(scene_run.folder.model_file, tmp_path / "model.safetensors")


def test_all_who_use_the_model_agree(scene_run, scene_folder, tmp_path):
    run = shutil.copytree(scene_run.folder.path, tmp_path / "run")
    arrays, metadata = read_container(run / "model.safetensors")
    before = foveal.load(run).threshold_
    assert set_threshold(run, 0.85) == before
    assert foveal.load(run).threshold_ == 0.85
    images = [scene_folder / "images" / "test"]
    found = predict(run, images, tmp_path / "found", draw=False)
    scores = [d["score"] for result in found.results for d in result["detections"]]
    every = predict(run, images, tmp_path / "all", draw=False, min_score=0.0)
    over = [d["score"] for result in every.results for d in result["detections"] if d["score"] >= 0.85]
    assert sorted(scores) == sorted(over)
    # Nothing else has changed, and the digest is right, or it could not be read.
    after, changed = read_container(run / "model.safetensors")
    assert changed == {**metadata, "threshold": 0.85}
    assert all((after[name] == arrays[name]).all() for name in arrays)
    # And back: the same file to the last byte.
    set_threshold(run, before)
    assert (run / "model.safetensors").read_bytes() == scene_run.folder.model_file.read_bytes()
    assert sorted(f.name for f in run.iterdir()) == sorted(f.name for f in scene_run.folder.path.iterdir())


def test_a_link_stays_one(model_file, tmp_path):
    link = tmp_path / "link.safetensors"
    link.symlink_to(model_file)
    set_threshold(link, 0.3)
    assert link.is_symlink()
    assert foveal.load(model_file).threshold_ == 0.3


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability(model_file, value):
    before = Path(model_file).read_bytes()
    with pytest.raises(SettingError, match="from 0 to 1"):
        set_threshold(model_file, value)
    assert Path(model_file).read_bytes() == before


def test_a_model_without_one(color_run, tmp_path):
    with pytest.raises(SettingError, match="names the likeliest class"):
        set_threshold(color_run.folder.path, 0.5)
    with pytest.raises(FovealError, match="There is no model"):
        set_threshold(tmp_path / "gone", 0.5)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not there")
def test_killed_in_the_middle(model_file):
    code = (
        "import sys, foveal.runs as r\n"
        "r.set_threshold(sys.argv[1], 0.25)\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for v in (0.25, 0.75): r.set_threshold(sys.argv[1], v)\n"
    )
    for after in (0.0, 0.013, 0.031, 0.057):
        with subprocess.Popen([sys.executable, "-c", code, model_file], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
        # Either the one or the other, whole.
        assert foveal.load(model_file).threshold_ in (0.25, 0.75)
