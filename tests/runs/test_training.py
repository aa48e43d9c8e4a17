import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

import foveal
from foveal.data import doctor, load
from foveal.errors import DataError, FovealError, ModelFileError, SettingError
from foveal.files.claims import MARK
from foveal.runs import evaluate_run, resume, retrain, train
from foveal.runs.training import without_unreadable

FILES = {"config.toml", "log.jsonl", "metrics.json", "model.safetensors", "report.html"}


def readable(folder):
    """Read every file of a run folder wholly; their names."""
    names = set()
    for path in folder.rglob("*"):
        assert path.is_file()
        if path.name == MARK:
            continue
        text = "" if path.suffix == ".safetensors" else path.read_text(encoding="utf-8")
        match path.suffix:
            case ".json":
                json.loads(text)
            case ".toml":
                tomllib.loads(text)
            case ".jsonl":
                assert text.endswith("\n") or not text
                for line in text.splitlines():
                    json.loads(line)
            case ".safetensors":
                with safe_open(str(path), framework="numpy") as file:
                    for key in file.keys():  # noqa: SIM118
                        file.get_tensor(key)
            case ".html":
                assert text.rstrip().endswith("</html>")
            case ".csv":
                assert text.endswith("\n")
            case other:
                pytest.fail(f"{path} has the suffix {other}")
        names.add(path.name)
    return names


@pytest.fixture
def copied(scene_run, scene_folder, tmp_path):
    """A copy of the finished run, to be broken."""
    return shutil.copytree(scene_run.folder.path, tmp_path / "run")


def test_the_run_folder_of_a_detector(scene_run):
    assert readable(scene_run.folder.path) == FILES | {"predictions.json"}
    assert scene_run.folder.finished
    metrics = json.loads(scene_run.folder.metrics_file.read_text())
    assert metrics == scene_run.metrics
    assert metrics.keys() >= {"AP", "AP50", "AP75", "AR100", "images", "ground_truths", "detections"}
    assert metrics.keys() >= {"proposals/MABO", "proposals/recall50", "proposals/recall80"}
    assert any(key.startswith("AP50/") for key in metrics)
    assert metrics["images"] == 6
    assert all(0 <= v <= 1 for k, v in metrics.items() if k.startswith(("AP", "AR", "proposals")))
    results = json.loads((scene_run.folder.path / "predictions.json").read_text())
    assert len(results) == metrics["detections"]
    assert {r["image_id"] for r in results} <= set(range(13, 19))
    assert set(results[0]) == {"image_id", "category_id", "bbox", "score"}
    kinds = {e["event"] for e in scene_run.folder.read_log()}
    assert kinds >= {"stage_start", "stage_end", "mining_round"}
    assert "progress" not in kinds


def test_the_config(scene_run, scene_folder, small_settings):
    config = scene_run.folder.read_config()
    assert config["version"] == foveal.__version__
    assert config["model"] == "rcnn"
    assert config["task"] == "detection"
    assert config["seed"] == 0
    assert config["data"]["digest"] == load(scene_folder).digest
    assert config["data"]["classes"] == list("0123456789")
    assert config["split"]["train"] == list(range(1, 13))
    assert config["split"]["validation"] == []
    assert config["split"]["test"] == list(range(13, 19))
    assert config["settings"]["proposals"] == "single"
    assert config["settings"]["features_settings"]["size"] == small_settings["features.size"]
    assert config["settings"]["nms_threshold"] == foveal.models.RCNN().nms_threshold


def test_the_run_folder_of_a_classifier(color_run):
    assert readable(color_run.folder.path) == FILES | {"predictions.csv"}
    assert color_run.metrics["accuracy"] == 1.0
    assert color_run.metrics.keys() >= {"accuracy", "f1/red", "recall/a<b> [bold]"}
    report = color_run.folder.report_file.read_text(encoding="utf-8")
    assert "a&lt;b&gt; [bold]" in report
    assert "a<b>" not in report
    rows = (color_run.folder.path / "predictions.csv").read_text().splitlines()
    assert rows[0] == "file,truth,prediction,a<b> [bold],green,red"
    assert len(rows) == 7


def test_logistic_chooses_on_validation(color_folder, tmp_path):
    told = []
    settings = {"iterations": 60, "learning_rates": (0.01, 0.05), "image_size": 8}
    done = train(
        color_folder,
        model="logistic",
        out=tmp_path / "run",
        settings=settings,
        seed=3,
        callbacks=[told.append],
    )
    assert readable(done.folder.path) == FILES | {"predictions.csv"}
    assert done.metrics["accuracy"] > 0.8
    split = done.folder.read_config()["split"]
    assert [len(split[k]) for k in ("train", "validation", "test")] == [19, 5, 6]
    assert {e["value"] for e in told if e["event"] == "sweep"} == {0.01, 0.05}


def test_the_same_bytes_twice(color_folder, color_run, tmp_path):
    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    again = train(color_folder, model="svm", out=tmp_path / "run", settings=settings)
    for name in ("model.safetensors", "metrics.json", "predictions.csv", "config.toml"):
        assert (again.folder.path / name).read_bytes() == (color_run.folder.path / name).read_bytes()


def test_what_is_refused_at_once(scene_folder, color_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("precious")
    (tmp_path / "file").write_text("precious")
    for out in ("full", "file"):
        with pytest.raises(SettingError, match="exists and is not an empty folder"):
            train(scene_folder, out=out)
    with pytest.raises(SettingError, match="svm needs one folder of pictures a class"):
        train(scene_folder, model="svm")
    with pytest.raises(SettingError, match="rcnn needs boxed pictures"):
        train(color_folder, model="rcnn")
    with pytest.raises(SettingError, match="Did you mean 'rcnn'"):
        train(scene_folder, model="rcn")
    with pytest.raises(SettingError, match="Did you mean 'max_proposals'"):
        train(scene_folder, model="rcnn", settings={"max_proposal": 3})
    with pytest.raises(DataError, match="There is no folder or file"):
        train(tmp_path / "gone")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "full", "thesis.txt"]


def test_a_share_that_is_none(color_folder, tmp_path):
    for name in ("test_size", "val_size"):
        with pytest.raises(SettingError, match=f"{name} is a share"):
            train(color_folder, out=tmp_path / name, settings={name: 2.0})


def test_free_names(color_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"recipe": "transfer(image_size=32, C=1, fine_tune=0)"}
    names = [train(color_folder, settings=settings).folder.path.as_posix() for _ in range(2)]
    assert names == ["runs/colors-auto", "runs/colors-auto-2"]


def test_a_finished_run_is_not_resumed(scene_run):
    with pytest.raises(SettingError, match="is finished"):
        resume(scene_run.folder.path)


def test_resume_measures_a_model_that_is_there(copied, scene_run):
    before = (copied / "model.safetensors").stat().st_mtime_ns
    for name in ("metrics.json", "report.html", "predictions.json"):
        (copied / name).unlink()
    done = resume(copied)
    assert done.metrics == scene_run.metrics
    assert (copied / "model.safetensors").stat().st_mtime_ns == before
    assert readable(copied) == FILES | {"predictions.json"}
    # What the training told is still there for the report.
    assert any(e["event"] == "mining_round" for e in done.folder.read_log())
    with pytest.raises(SettingError, match="is finished"):
        resume(copied)


def test_resume_trains_again_where_no_model_is(copied, scene_run):
    original = (copied / "model.safetensors").read_bytes()
    for name in ("metrics.json", "report.html", "predictions.json", "model.safetensors"):
        (copied / name).unlink()
    done = resume(copied)
    assert (copied / "model.safetensors").read_bytes() == original
    assert done.metrics == scene_run.metrics
    rounds = [(e["label"], e["round"]) for e in done.folder.read_log() if e["event"] == "mining_round"]
    assert len(rounds) == len(set(rounds))


def test_resume_wants_the_same_data(scene_folder, copied, tmp_path):
    (copied / "report.html").unlink()
    data = shutil.copytree(scene_folder, tmp_path / "data")
    config = (copied / "config.toml").read_text()
    assert str(scene_folder) in config
    (copied / "config.toml").write_text(config.replace(str(scene_folder), str(data)))
    picture = data / "images" / "train" / "0003.png"
    pixels = np.asarray(Image.open(picture)).copy()
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(picture)
    with pytest.raises(DataError, match="has changed since the run"):
        resume(copied)
    shutil.rmtree(data)
    with pytest.raises(DataError, match="There is no folder or file"):
        resume(copied)
    with pytest.raises(ModelFileError, match="is not a run folder"):
        resume(data)


def test_data_that_was_moved_is_the_same_data(scene_folder, copied, scene_run, tmp_path):
    data = shutil.copytree(scene_folder, tmp_path / "elsewhere")
    assert evaluate_run(copied, data)["AP50"] == scene_run.metrics["AP50"]


def test_the_data_set_is_read_once(color_folder, color_run, tmp_path, monkeypatch):
    read = []

    def counted(*words, **named):
        read.append(words)
        return load(*words, **named)

    for module in ("foveal.runs.training", "foveal.runs.folder", "foveal.data.doctor"):
        monkeypatch.setattr(sys.modules[module], "load", counted)
    retrain(color_run.folder.path, out=tmp_path / "again")
    assert len(read) == 1
    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    done = train(load(color_folder), model="svm", out=tmp_path / "loaded", settings=settings)
    assert len(read) == 1
    for name in ("model.safetensors", "metrics.json", "config.toml"):
        assert (done.folder.path / name).read_bytes() == (color_run.folder.path / name).read_bytes()


def test_a_broken_picture_is_left_out_and_noted(color_folder, tmp_path):
    data = shutil.copytree(color_folder, tmp_path / "data")
    cut = data / "red" / "4.png"
    cut.write_bytes(cut.read_bytes()[:200])
    (data / "green" / "2.png").write_text("text")
    told = []
    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    done = train(data, model="svm", out=tmp_path / "run", settings=settings, callbacks=[told.append])
    notes = [e["text"] for e in told if e["event"] == "note"]
    for name in ("red/4.png", "green/2.png"):
        assert sum(n.startswith(f"{name} is left out") for n in notes) == 1
    assert done.metrics["accuracy"] == 1.0
    split = done.folder.read_config()["split"]
    assert sum(len(split[k]) for k in ("train", "validation", "test")) == 28
    assert "4.png" in done.folder.report_file.read_text()


def test_one_finding_is_told_with_a_command_that_can_be_run(color_folder, tmp_path, monkeypatch):
    data = shutil.copytree(color_folder, tmp_path / "my [data]")
    monkeypatch.setattr("foveal.runs.training.doctor", lambda *_, **__: doctor(data)[:1])
    told = []
    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    train(data, model="svm", out=tmp_path / "run", settings=settings, callbacks=[told.append])
    notes = [e["text"] for e in told if e["event"] == "note"]
    assert f"1 finding about the data: foveal doctor '{data}' lists it." in notes


def test_a_broken_picture_of_a_detector(scene_folder, small_settings, tmp_path):
    data = shutil.copytree(scene_folder, tmp_path / "data")
    for name in ("train/0002.png", "test/0001.png"):
        path = data / "images" / name
        path.write_bytes(path.read_bytes()[:-500])
    done = train(data, model="rcnn", out=tmp_path / "run", settings=small_settings)
    split = done.folder.read_config()["split"]
    assert (len(split["train"]), len(split["test"])) == (11, 5)
    assert done.metrics["images"] == 5
    assert evaluate_run(done.folder.path, data)["AP50"] == done.metrics["AP50"]


def test_nothing_is_left_out_of_whole_data(color_folder):
    dataset = load(color_folder)
    assert len(without_unreadable(dataset, [], ())) == 30


@pytest.mark.parametrize("number", [1, 2, 3])
def test_hardly_any_picture(boxed, small_settings, tmp_path, number):
    data = boxed(tmp_path / "data", {"train": [[(0, 5, 5, 30, 30)]] * number})
    done = train(data, model="rcnn", out=tmp_path / "run", settings=small_settings)
    assert readable(done.folder.path) == FILES | {"predictions.json"}
    assert done.metrics["images"] == min(1, number - 1)


def test_held_out_pictures_without_objects(boxed, small_settings, tmp_path):
    data = boxed(tmp_path / "data", {"train": [[(0, 5, 5, 30, 30)]] * 4, "test": [[], []]})
    done = train(data, model="rcnn", out=tmp_path / "run", settings=small_settings)
    assert readable(done.folder.path) == FILES | {"predictions.json"}
    assert done.metrics["images"] == 2
    assert "AP50" not in done.metrics


def test_held_out_objects_that_do_not_count(boxed, small_settings, tmp_path):
    data = boxed(
        tmp_path / "data", {"train": [[(0, 5, 5, 30, 30)]] * 4, "test": [[(0, 5, 5, 30, 30, True)]] * 2}
    )
    done = train(data, model="rcnn", out=tmp_path / "run", settings=small_settings)
    assert readable(done.folder.path) == FILES | {"predictions.json"}


def test_nothing_to_learn_from(boxed, small_settings, tmp_path):
    data = boxed(tmp_path / "data", {"train": [[], [], []]})
    with pytest.raises(FovealError, match="no object to learn from"):
        train(data, model="rcnn", out=tmp_path / "run", settings=small_settings)


def test_one_class_is_left_to_train_on(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), "red" if name == "cat" else "blue").save(tmp_path / "data" / name / "1.png")
    for model in ("svm", "logistic"):
        with pytest.raises(DataError, match="all of one class"):
            train(tmp_path / "data", model=model, out=tmp_path / model)


PROGRAM = "from foveal.cli import main; main()"


def start(*words):
    # A shell that runs the tests in its background has them and all they start ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


def settings_of(small_settings):
    return [w for k, v in small_settings.items() for w in ("--set", f"{k}={v}")]


def grown(out, process, name):
    """Wait until a file is there, or the program has ended."""
    limit = time.monotonic() + 60
    while process.poll() is None and not (out / name).exists() and time.monotonic() < limit:
        time.sleep(0.003)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_random_moments(scene_folder, scene_run, small_settings, tmp_path):
    rng = np.random.default_rng(os.getpid())
    for turn, after in enumerate(("config.toml", "log.jsonl", "model.safetensors")):
        out = tmp_path / f"run{turn}"
        process = start("train", scene_folder, "--model", "rcnn", "--out", out, *settings_of(small_settings))
        grown(out, process, after)
        time.sleep(float(rng.uniform(0, 0.4)))
        process.kill()
        process.communicate()
        left = readable(out)
        assert left <= FILES | {"predictions.json"}, left
        if "report.html" not in left:
            assert resume(out).metrics == scene_run.metrics
        assert readable(out) == FILES | {"predictions.json"}
        assert (out / "model.safetensors").read_bytes() == scene_run.folder.model_file.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_control_c(scene_folder, small_settings, tmp_path):
    out = tmp_path / "run"
    words = settings_of({**small_settings, "proposals": "quality"})
    process = start("train", scene_folder, "--model", "rcnn", "--out", out, *words)
    grown(out, process, "log.jsonl")
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert "foveal: stopped. foveal train --resume" in errors
    assert errors.endswith(" begins anew with the same settings.\n")
    assert "Traceback" not in errors
    assert readable(out) <= FILES
