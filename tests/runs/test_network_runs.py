"""Runs of networks: broken off and gone on with, diverging, settings compared."""

import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from foveal.errors import ModelFileError, SettingError, TrainingDiverged
from foveal.files import claimed, read_container
from foveal.models import MLPClassifier, SVMClassifier, TransferClassifier, load, model_class
from foveal.runs import RunFolder, equal_epochs, grid_search, resume, retrain, train, training

SETTINGS = {"epochs": 30, "width": 8, "image_size": 8, "batch_size": 8}
# A program whose checkpoints come quickly.
PROGRAM = "import foveal.runs.training as t; t._CHECKPOINT_EVERY = 0.02; from foveal.cli import main; main()"


@pytest.fixture(scope="module")
def whole(color_folder, tmp_path_factory):
    """A run that was never broken off."""
    out = tmp_path_factory.mktemp("whole") / "run"
    told = []
    done = train(color_folder, model="cnn", out=out, settings=SETTINGS, callbacks=[told.append])
    return done, told


def test_a_run_of_a_network(whole):
    done, told = whole
    assert done.metrics["accuracy"] > 0.6
    epochs = [e for e in told if e["event"] == "epoch"]
    assert [e["epoch"] for e in epochs] == list(range(1, 31))
    assert all(e["validation_accuracy"] is not None for e in epochs)
    assert done.folder.finished
    assert not done.folder.checkpoint_file.exists()
    split = done.folder.read_config()["split"]
    assert [len(split[k]) for k in ("train", "validation", "test")] == [19, 5, 6]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("epoch", [1, 17, 30])
def test_broken_off_and_gone_on_with(whole, color_folder, tmp_path, monkeypatch, epoch):
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == epoch:
            raise KilledError

    out = tmp_path / "run"
    with pytest.raises(KilledError):
        train(color_folder, model="cnn", out=out, settings=SETTINGS, callbacks=[kill])
    assert (out / "checkpoint.safetensors").is_file()
    done = resume(out)
    assert done.folder.model_file.read_bytes() == whole[0].folder.model_file.read_bytes()
    assert done.metrics == whole[0].metrics
    assert not done.folder.checkpoint_file.exists()
    # The log tells every epoch once.
    told = [e["epoch"] for e in done.folder.read_log() if e["event"] == "epoch"]
    assert told == list(range(1, 31))


def test_minutes_are_measured_once(color_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)
    monkeypatch.setattr(training, "seconds_after_training", lambda *model_and_images: 0.0)
    settings = {"minutes": 0.3, "width": 4, "image_size": 8, "batch_size": 8}
    told = []

    def kill(event):
        told.append(event)
        if event["event"] == "epoch" and event["epoch"] == 2:
            raise KilledError

    with pytest.raises(KilledError):
        train(color_folder, model="cnn", out=tmp_path / "run", settings=settings, callbacks=[kill])
    (chosen,) = [e for e in told if e["event"] == "schedule"]
    done = resume(tmp_path / "run")
    schedule = done.folder.read_config()["schedule"]
    assert schedule["steps"] == chosen["steps"]
    log = done.folder.read_log()
    assert [e["steps"] for e in log if e["event"] == "schedule"] == [chosen["steps"]]
    assert [e["step"] for e in log if e["event"] == "epoch"][-1] == chosen["steps"]


def test_killed_between_the_model_and_its_checkpoint(whole, color_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == 17:
            raise KilledError

    out = tmp_path / "run"
    with pytest.raises(KilledError):
        train(color_folder, model="cnn", out=out, settings=SETTINGS, callbacks=[kill])
    # What is on the disk when a finished training's checkpoint, an older one, could not be removed any more.
    checkpoint = (out / "checkpoint.safetensors").read_bytes()
    shutil.rmtree(out)
    shutil.copytree(whole[0].folder.path, out)
    (out / "report.html").unlink()
    (out / "checkpoint.safetensors").write_bytes(checkpoint)
    done = resume(out)
    assert not done.folder.checkpoint_file.exists()
    told = [e["epoch"] for e in done.folder.read_log() if e["event"] == "epoch"]
    assert told == list(range(1, 31))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_at_a_random_moment(whole, color_folder, tmp_path):
    rng = np.random.default_rng()
    out = tmp_path / "run"
    words = [w for k, v in SETTINGS.items() for w in ("--set", f"{k}={v}")]
    command = [sys.executable, "-c", PROGRAM, "train", str(color_folder), "--model", "cnn", "--out", str(out)]
    process = subprocess.Popen([*command, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while process.poll() is None and not (out / "checkpoint.safetensors").exists():
        assert time.monotonic() < limit
        time.sleep(0.003)
    time.sleep(float(rng.uniform(0, 0.5)))
    process.kill()
    process.wait()
    if not (out / "report.html").exists():
        resume(out)
    assert (out / "model.safetensors").read_bytes() == whole[0].folder.model_file.read_bytes()


def test_a_loss_that_is_no_number(color_folder, tmp_path, monkeypatch):
    settings = {**SETTINGS, "optimizer": "sgd", "learning_rate": 1e5}
    with pytest.raises(TrainingDiverged, match=r"at step \d+ .*try a lower learning_rate"):
        train(color_folder, model="mlp", out=tmp_path / "nothing", settings=settings)
    # Nothing was learnt: the corrected command finds the folder as it was.
    assert not (tmp_path / "nothing").exists()
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)
    with pytest.raises(TrainingDiverged):
        train(color_folder, model="mlp", out=tmp_path / "some", settings=settings)
    arrays, metadata = read_container(tmp_path / "some" / "checkpoint.safetensors")
    assert metadata["facts"]["step"] >= 1
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_several_values_are_compared(color_folder, tmp_path):
    told = []
    settings = {"epochs": 6, "width": [8, 2], "learning_rate": [0.02, 1e12], "image_size": 8}
    done = train(color_folder, model="mlp", out=tmp_path / "run", settings=settings, callbacks=[told.append])
    candidates = [e for e in told if e["event"] == "candidate"]
    assert [c["setting"] for c in candidates] == [
        {"learning_rate": rate, "width": width} for rate in (0.02, 1e12) for width in (8, 2)
    ]
    assert [c["score"] is None for c in candidates] == [False, False, True, True]
    assert sum(c["chosen"] for c in candidates) == 1
    chosen = next(c["setting"] for c in candidates if c["chosen"])
    assert done.folder.read_config()["chosen"] == chosen
    metadata = read_container(done.folder.model_file)[1]
    assert {k: metadata["config"][k] for k in chosen} == chosen
    curves = [e for e in told if e["event"] == "sweep"]
    assert len(curves) == 12
    assert {e["parameter"] for e in curves} == {"learning_rate, width"}
    assert {e["value"] for e in curves} == {"0.02, 8", "0.02, 2"}
    assert "diverged" in done.folder.report_file.read_text()


def test_all_that_are_compared_under_minutes_have_equal_epochs(color_folder, tmp_path, monkeypatch):
    told, fitted = [], []
    settings = {"minutes": 0.1, "learning_rate": [0.02, 0.002], "width": [4, 8], "image_size": 8}
    fit = MLPClassifier.fit

    def noted(self, *args, **options):
        fitted.append((self.learning_rate, self.width, self.epochs, self.minutes))
        return fit(self, *args, **options)

    monkeypatch.setattr(MLPClassifier, "fit", noted)
    done = train(color_folder, model="mlp", out=tmp_path / "run", settings=settings, callbacks=[told.append])
    # The speed is measured of each width, once, whatever the rate.
    measured = [call for call in fitted if call[3] is not None][:-1]
    assert [width for _, width, _, _ in measured] == [4, 8]
    compared = [call for call in fitted if call[3] is None]
    assert len({epochs for _, _, epochs, _ in compared}) == 1
    assert [call[:2] for call in compared] == [(rate, width) for rate in (0.02, 0.002) for width in (4, 8)]
    # The training that follows has what is left of the minutes, which are those of the whole run.
    chosen = next(e for e in told if e["event"] == "candidate" and e["chosen"])
    assert fitted[-1][:2] == (chosen["setting"]["learning_rate"], chosen["setting"]["width"])
    assert fitted[-1][3] == 0.1
    assert chosen["text"].startswith(f"Each was trained for {compared[0][2]:.3g} epochs. ")
    assert chosen["text"] in " ".join(done.folder.report_file.read_text(encoding="utf-8").split())


def test_minutes_and_the_speed_give_the_epochs(monkeypatch):
    seconds = {4: 1.0, 8: 2.0}
    monkeypatch.setattr(equal_epochs, "_seconds_an_epoch", lambda model, _: (seconds[model.width], {}))
    fixed, train_part = {"minutes": 2.0, "epochs": None}, ([], np.array([], np.str_))

    def epochs(grid, passes, **given):
        return equal_epochs.equal_epochs("mlp", {**fixed, **given}, grid, train_part, passes, 0)[0]

    # Half of two minutes, and four fifths of that, for three seconds an epoch of both.
    assert epochs({"width": [4, 8]}, 1) in (15, 16)
    assert epochs({"learning_rate": [0.1, 0.2], "width": [4, 8]}, 1) in (7, 8)
    # Three folds of two thirds of the images.
    assert epochs({"width": [4, 8]}, 2) in (7, 8)
    assert epochs({"width": [4, 8]}, 1, epochs=3.0) == 3
    seconds |= {4: 100.0, 8: 100.0}
    assert 0 < epochs({"width": [4, 8]}, 1) < 1
    # Epochs that are compared themselves are what they are.
    assert equal_epochs.equal_epochs("mlp", {"minutes": 2.0}, {"epochs": [1, 2]}, train_part, 1, 0)[0] is None


def test_candidates_are_told_apart_by_their_loss_and_by_their_order():
    names = ["a", "b", "c"]
    assert grid_search.choose([0.9, 0.9, 0.5], [0.4, 0.3, 0.1], names, 1000)[0] == 1
    best, why = grid_search.choose([0.9, 0.9, 0.9], [0.4, 0.3, 0.3], names, 1000)
    assert best == 1
    assert why.startswith("a; b and c classify equally many of 1,000 images correctly (0.900): b was chosen")
    assert why.endswith(" for its lower loss on them.")
    best, why = grid_search.choose([0.9, 0.9, None], [0.3, 0.3, np.nan], names, 1000)
    assert best == 0
    assert why.endswith(": a was chosen as the first that was given.")
    # An accuracy that is a little higher counts, but is no proof.
    best, why = grid_search.choose([0.88, 0.9, 0.3], [0.1, 0.9, 0.1], names, 48)
    assert best == 1
    assert why.endswith("From a it cannot be told apart: 48 images tell accuracies to within 0.061.")
    assert "told apart" not in grid_search.choose([0.5, 0.9, None], [1.0, 0.9, np.nan], names, 48)[1]


def test_stopped_by_hand_it_says_how_to_go_on(color_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_CHECKPOINT_EVERY", 1e-9)
    told = []

    def stop(event):
        told.append(event)
        if event["event"] == "epoch" and event["epoch"] == 3:
            raise KeyboardInterrupt

    out = tmp_path / "my run"
    for go in (lambda: train(color_folder, model="cnn", out=out, settings=SETTINGS, callbacks=[stop]),
               lambda: resume(out, callbacks=[stop])):  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            go()
        (run,) = [event for event in told if event["event"] == "run"]
        assert run == {"event": "run", "path": str(out), "resume": f"foveal train --resume '{out}'"}
        assert RunFolder(out).learned
        told.clear()
    with pytest.raises(SettingError, match=r"left: foveal train --resume '.*' goes on with it"):
        train(color_folder, model="cnn", out=out, settings=SETTINGS)
    with claimed(tmp_path / "other", "train", {}), pytest.raises(SettingError, match="Another command"):
        train(color_folder, model="cnn", out=tmp_path / "other", settings=SETTINGS)
    assert resume(out).folder.finished
    assert not [path.name for path in out.iterdir() if path.name.startswith(".")]


def test_stopped_before_anything_was_learned(color_folder, tmp_path):
    def stop(event):
        if event["event"] == "stage_start" and event["stage"] == "training":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(color_folder, model="cnn", out=tmp_path / "run", settings=SETTINGS, callbacks=[stop])
    assert not RunFolder(tmp_path / "run").learned


def test_a_training_of_one_step_is_alarming(color_folder, tmp_path):
    told = []
    settings = {"epochs": 0.1, "width": 2, "image_size": 8, "batch_size": 8, "test_size": 0.4}
    done = train(color_folder, model="cnn", out=tmp_path / "run", settings=settings, callbacks=[told.append])
    (alarm,) = done.record.alarms
    assert "briefly, 1 step" in alarm.reasons[0]
    event = {"event": "alarm", "kind": alarm.kind, "text": alarm.message, "reasons": list(alarm.reasons)}
    assert [e for e in told if e["event"] == "alarm"] == [event]
    assert event in done.folder.read_log()
    page = " ".join(done.folder.report_file.read_text(encoding="utf-8").split())
    assert alarm.message in page
    assert f"<li>{alarm.reasons[0]}</li>" in page
    assert page.index("Something is wrong.") < page.index('class="headlines"')


def test_a_comparison_is_not_made_twice(color_folder, tmp_path, monkeypatch):
    settings = {"epochs": 4, "learning_rate": [0.02, 0.002], "width": 4, "image_size": 8}
    first = train(color_folder, model="mlp", out=tmp_path / "whole", settings=settings)

    def kill(event):
        if event["event"] == "epoch":
            raise KilledError

    with pytest.raises(KilledError):
        train(color_folder, model="mlp", out=tmp_path / "run", settings=settings, callbacks=[kill])
    monkeypatch.setattr(training, "choose_settings", None)
    done = resume(tmp_path / "run")
    assert done.folder.model_file.read_bytes() == first.folder.model_file.read_bytes()
    # What was compared is still told, once, and nothing of the training is told twice.
    kinds = ("sweep", "candidate", "epoch")
    told, whole = (
        [e for e in run.folder.read_log() if e["event"] in kinds and "seconds" not in e]
        for run in (done, first)
    )
    assert sum(e["event"] == "candidate" for e in told) == 2
    assert told == whole
    assert "Settings compared" in done.folder.report_file.read_text()


def test_a_comparison_and_the_sweep_of_the_model_itself_are_each_told_once(color_folder, tmp_path):
    settings = {"momentum": [0.5, 0.9], "iterations": 20}
    first = train(color_folder, model="logistic", out=tmp_path / "whole", settings=settings)

    def kill(event):
        if event["event"] == "candidate" and "momentum" not in event["setting"]:
            raise KilledError

    with pytest.raises(KilledError):
        train(color_folder, model="logistic", out=tmp_path / "run", settings=settings, callbacks=[kill])
    done = resume(tmp_path / "run")
    told, whole = (
        [e for e in run.folder.read_log() if e["event"] in ("sweep", "candidate")] for run in (done, first)
    )
    assert told == whole


def test_one_value_is_no_comparison(color_folder, tmp_path):
    for values in ([0.1], [0.1, 0.1]):
        with pytest.raises(SettingError, match="compare values of learning_rate"):
            train(color_folder, model="mlp", out=tmp_path / "run", settings={"learning_rate": values})
    with pytest.raises(SettingError, match=r"learning_rate could be trained: .*learning_rate is -2"):
        train(color_folder, model="mlp", out=tmp_path / "run", settings={"learning_rate": [-1, -2]})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("given", [{}, {"width": 4}])
def test_a_retraining_from_the_config_gives_the_same_model_file(color_folder, tmp_path, given, monkeypatch):
    monkeypatch.setattr(training, "seconds_after_training", lambda *model_and_images: 0.0)
    settings = {"minutes": 0.3, "image_size": 8, "batch_size": 8, **given}
    first = train(color_folder, model="cnn", out=tmp_path / "first", settings=settings)
    again = retrain(first.folder.config_file, out=tmp_path / "again")
    schedule = first.folder.read_config()["schedule"]
    assert again.folder.read_config()["settings"]["epochs"] == schedule["epochs"]
    assert again.folder.read_config()["settings"]["minutes"] == "none"
    assert "schedule" not in again.folder.read_config()
    assert again.folder.model_file.read_bytes() == first.folder.model_file.read_bytes()


def test_a_retraining_keeps_what_was_chosen_and_takes_other_settings(color_folder, tmp_path):
    settings = {"epochs": 2, "learning_rate": [0.02, 0.002], "width": 4, "image_size": 8}
    first = train(color_folder, model="mlp", out=tmp_path / "first", settings=settings, seed=3)
    again = retrain(tmp_path / "first", out=tmp_path / "again")
    assert again.folder.model_file.read_bytes() == first.folder.model_file.read_bytes()
    assert again.folder.read_config()["seed"] == 3
    other = retrain(tmp_path / "first", out=tmp_path / "other", settings={"epochs": 3, "width": 2})
    learned = read_container(other.folder.model_file)[1]["config"]
    assert (learned["epochs"], learned["width"]) == (3, 2)


def test_a_retraining_wants_a_config(color_run, tmp_path):
    with pytest.raises(ModelFileError, match=r"gone.toml cannot be read"):
        retrain(tmp_path / "gone.toml")
    (tmp_path / "other.toml").write_text("a = 1\n")
    with pytest.raises(ModelFileError, match=r"is not the config.toml of a run: it lacks 'settings'"):
        retrain(tmp_path / "other.toml")


@pytest.mark.parametrize("model", ["transfer", "mlp", "logistic", "auto"])
def test_minutes_are_those_of_the_whole_command(model, color_folder, tmp_path, monkeypatch):
    given = {}

    def fit(self, *examples, **options):
        given.update(options)
        raise KilledError

    monkeypatch.setattr(model_class(model), "fit", fit)
    with pytest.raises(KilledError):
        train(color_folder, model=model, out=tmp_path / "run", settings={"minutes": 3}, spent=40.0)
    assert 40 < given["spent"] < 100
    assert given["images_after"] == len(
        training.RunFolder.open(tmp_path / "run").read_config()["split"]["test"]
    )


@pytest.mark.parametrize("model", ["transfer", "mlp", "logistic"])
def test_a_retraining_keeps_what_the_minutes_of_any_classifier_led_to(
    model, color_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "seconds_after_training", lambda *model_and_images: 0.0)
    first = train(color_folder, model=model, out=tmp_path / "first", settings={"minutes": 0.2})
    resolved = first.folder.read_config()["resolved"]
    assert resolved["minutes"] == "none"
    assert len(resolved) > 1
    again = retrain(first.folder.path, out=tmp_path / "again")
    assert again.folder.model_file.read_bytes() == first.folder.model_file.read_bytes()


def test_the_best_without_asking(color_folder, tmp_path, check_page):
    first = train(color_folder, out=tmp_path / "first", settings={"candidates": ["transfer", "svm"]})
    config = first.folder.read_config()
    assert config["model"] == "auto"
    recipe = config["resolved"]["recipe"]
    assert recipe.startswith("transfer(fine_tune=0.0")
    assert type(load(first.folder.path)) is TransferClassifier
    page = first.folder.report_file.read_text(encoding="utf-8")
    check_page(page)
    assert "What was tried" in page
    assert "Image classifier · auto: transfer" in page
    (told,) = [e for e in first.folder.read_log() if e["event"] == "candidate"]
    assert told["recipe"] == recipe
    again = retrain(first.folder.path, out=tmp_path / "again")
    assert again.folder.read_config()["settings"]["recipe"] == recipe
    assert again.folder.model_file.read_bytes() == first.folder.model_file.read_bytes()
    # What is to be compared anew is not what was chosen.
    other = retrain(first.folder.path, out=tmp_path / "other", settings={"candidates": ["svm"]})
    assert type(load(other.folder.path)) is SVMClassifier


def test_a_comparison_that_was_broken_off_is_made_again(color_folder, tmp_path):
    def kill(event):
        if event["event"] == "stage_end" and event["stage"] == "features":
            raise KilledError

    settings = {"candidates": ["transfer"]}
    with pytest.raises(KilledError):
        train(color_folder, out=tmp_path / "run", settings=settings, callbacks=[kill])
    done = resume(tmp_path / "run")
    log = done.folder.read_log()
    assert sum(e["event"] == "candidate" for e in log) == 1
    whole = train(color_folder, out=tmp_path / "whole", settings=settings)
    assert done.folder.model_file.read_bytes() == whole.folder.model_file.read_bytes()
