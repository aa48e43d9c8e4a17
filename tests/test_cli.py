import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

import foveal
from foveal import cli

HEAVY = {"numba", "sklearn", "matplotlib", "onnxruntime", "cv2", "scipy", "PIL", "joblib", "hotcoco"}


@pytest.fixture
def fails(run):
    """Run what must fail as a user's mistake; the sentence."""

    def call(*words):
        status, out, err = run(*words)
        assert status == 2
        assert out == ""
        last = err.strip().splitlines()[-1]
        assert last.startswith("foveal: ")
        return last

    return call


@pytest.fixture
def small(small_settings):
    return [w for k, v in small_settings.items() for w in ("--set", f"{k}={v}")]


@pytest.mark.parametrize("code", ["import foveal", "import sys; sys.argv = ['foveal', '--help']; HELP"])
def test_imports_are_light(code):
    code = code.replace("HELP", "from foveal.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "foveal" in imported
    assert not imported & HEAVY


def test_version_and_help(run):
    assert run("--version")[:2] == (0, f"foveal {foveal.__version__}\n")
    verbs = (
        "demo",
        "show",
        "doctor",
        "convert",
        "propose",
        "prepare",
        "train",
        "evaluate",
        "predict",
        "runs",
        "compare",
        "threshold",
    )
    for verb in verbs:
        status, out, _ = run(verb, "--help")
        assert status == 0
        assert "Example" in out
        assert verb in run("-h")[1]
    assert "Usage" in run()[1]


def test_a_wrong_word_suggests_the_nearest(run, fails, scene_folder):
    status, _, err = run("trian", "x")
    assert status == 2
    assert "Did you mean 'train'" in err
    status, _, err = run("train", "x", "--modle", "rcnn")
    assert status == 2
    assert "--model" in err
    assert "Did you mean 'rcnn'" in fails("train", scene_folder, "--model", "rcnm")


def test_mistakes_are_one_sentence(fails, scene_folder, color_folder, scene_run, tmp_path):
    out = tmp_path / "out"
    train = ["train", scene_folder, "--model", "rcnn", "--out", out]
    assert "There is no folder or file" in fails("train", tmp_path / "gone")
    assert "There is no folder or file" in fails("doctor", tmp_path / "gone")
    assert "is not a data set that Foveal knows" in fails("doctor", tmp_path)
    assert "--set takes key=value" in fails(*train, "--set", "C")
    assert "Did you mean 'nms_threshold'" in fails(*train, "--set", "nms_treshold=1")
    told = fails("train", scene_folder, "--out", out, "--set", "tuned_share=0.5")
    assert "tuned_share is called finetune_fraction since Foveal 0.2: give finetune_fraction." in told
    assert "The setting C is a finite number" in fails(*train, "--set", "C=large")
    assert "There is no format" in fails(*train, "--format", "xml")
    assert "Name the data to train on" in fails("train")
    assert "give nothing else" in fails("train", scene_folder, "--resume", out)
    assert "names model, format, seed" in fails("train", "--config", scene_run.folder.path, "--seed", 3)
    assert "cannot be read" in fails("train", "--config", tmp_path / "gone.toml")
    assert "give nothing else" in fails("train", "--resume", scene_run.folder.path, "--model", "svm")
    assert "is finished" in fails("train", "--resume", scene_run.folder.path)
    assert "is not a run folder" in fails("train", "--resume", tmp_path)
    assert "not an empty folder" in fails("train", scene_folder, "--out", scene_run.folder.path)
    assert "cannot be used" in fails("train", scene_folder, "--out", scene_run.folder.config_file / "x")
    assert "There is no model" in fails("evaluate", tmp_path / "gone", scene_folder)
    assert "gone.json" in fails("evaluate", tmp_path / "gone.json", scene_folder)
    assert "is for detection" in fails("evaluate", scene_run.folder.path, color_folder)
    assert "no split" in fails("evaluate", scene_run.folder.path, scene_folder, "--split", "x")
    assert "--form" in fails("predict", scene_run.folder.path, "x.jpg", "--form", "xml", "--out", out)
    assert "There is no file or folder" in fails("predict", scene_run.folder.path, "x.jpg", "--out", out)
    assert "is not a model file" in fails("predict", scene_run.folder.config_file, "x.jpg", "--out", out)
    assert "no mode" in fails("propose", scene_folder, "--mode", "slow", "--out", out)
    assert "no boxes" in fails("prepare", color_folder, "--out", out)
    assert not out.exists()


def test_values_that_are_out_of_range(fails, run, scene_folder, tmp_path):
    for i, setting in enumerate(
        ["C=0", "C=nan", "max_proposals=0", "nms_threshold=5", "features.grid=0", "test_size=2"]
    ):
        name = setting.partition("=")[0].rpartition(".")[2]
        assert name in fails("train", scene_folder, "--out", tmp_path / str(i), "--set", setting)
    for seed in ("-1", str(2**40), "x"):
        assert run("train", scene_folder, "--seed", seed, "--out", tmp_path / "s")[0] == 2
    assert not (tmp_path / "s").exists()


def test_show(run, scene_folder, color_folder, tmp_path):
    status, out, err = run("show", scene_folder, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["parts"] == {"train": 12, "test": 6}
    status, out, _ = run("show", scene_folder)
    assert status == 0
    assert out.splitlines()[0].startswith("COCO: 18 pictures, ")
    classes = json.loads(run("show", scene_folder, "--json")[1])["classes"]
    rows = [line.split() for line in out.splitlines()[-len(classes) :]]
    assert [(row[0], int(row[1])) for row in rows] == [(k, own["objects"]) for k, own in classes.items()]
    status, out, err = run("show", color_folder, "--out", tmp_path / "page")
    assert status == 0
    assert str(tmp_path / "page" / "data.html") in err
    assert (tmp_path / "page" / "data.html").is_file()
    assert run("show", color_folder, "--out", tmp_path / "page")[0] == 2
    assert run("show", tmp_path / "gone")[0] == 2


def test_doctor(run, color_folder, scene_folder, tmp_path):
    status, out, err = run("doctor", scene_folder, "--json")
    told = json.loads(out)
    assert err == ""
    assert status == (0 if told["clean"] else 1)
    assert set(told) == {"data", "clean", "findings"}
    for name in ("a", "b"):
        folder = tmp_path / "d" / name
        folder.mkdir(parents=True)
        for i in range(12):
            (folder / f"{i}.png").write_bytes((color_folder / "red" / f"{i % 10}.png").read_bytes())
    (tmp_path / "d" / "a" / "[red]bad.png").write_text("text")
    status, out, _ = run("doctor", tmp_path / "d", "--json")
    assert status == 1
    kinds = {f["kind"] for f in json.loads(out)["findings"]}
    assert kinds >= {"unreadable-image", "conflicting-duplicate"}
    status, out, _ = run("doctor", tmp_path / "d")
    assert status == 1
    assert "conflicting-duplicate" in out
    assert "[red]" in out


def test_train_evaluate_predict(run, boxed, small, tmp_path, scene_run, scene_folder, hostile_folder):
    out = tmp_path / "run"
    squares = [[(0, 5 + i, 5, 30 + i, 30)] for i in range(6)]
    data = boxed(tmp_path / "data", {"train": squares, "test": squares[:2]})
    status, text, err = run("train", data, "--model", "rcnn", "--out", out, "--json", *small)
    assert (status, err) == (0, "")
    answer = json.loads(text)
    assert answer["run"] == str(out)
    assert answer["metrics"] == json.loads((out / "metrics.json").read_text())
    status, text, _ = run("evaluate", out, data, "--json")
    assert status == 0
    assert json.loads(text)["AP50"] == answer["metrics"]["AP50"]
    status, text, err = run("evaluate", out, data)
    assert status == 0
    assert "AP50" in text
    assert "held out" in err

    predictions = scene_run.folder.path / "predictions.json"
    truth = scene_folder / "annotations" / "instances_test.json"
    for protocol in ("coco", "voc", "voc07"):
        status, text, _ = run("evaluate", predictions, truth, "--json", "--protocol", protocol)
        assert status == 0
        assert json.loads(text)["AP50"] == pytest.approx(scene_run.metrics["AP50"], abs=0.1)

    good = hostile_folder / "good.jpg"
    status, text, err = run("predict", out, good, "--out", tmp_path / "p1", "--json")
    assert (status, err) == (0, "")
    assert json.loads(text)["unreadable"] == {}
    status, text, err = run("predict", out, hostile_folder, "--out", tmp_path / "p2", "--json")
    assert status == 1
    assert len(json.loads(text)["results"]) == 7
    assert len(json.loads(text)["unreadable"]) == 4
    assert "text.jpg" in err
    status, text, _ = run("predict", out, hostile_folder, "--out", tmp_path / "p3", "--no-draw")
    assert status == 1
    assert "a b#c=d [x] %20.jpg" in text
    assert not (tmp_path / "p3" / "drawn").exists()


def test_after_a_training(run, fails, scene_run, scene_folder, color_run, tmp_path):
    first, second = (shutil.copytree(scene_run.folder.path, tmp_path / "runs" / name) for name in "ab")
    (second / "report.html").unlink()
    status, text, err = run("runs", tmp_path / "runs")
    assert status == 0
    assert [line.split()[0] for line in text.splitlines()] == ["run", "a", "b"]
    assert "unfinished" in text
    assert f": foveal train --resume {second}\n" in err
    assert [r["state"] for r in json.loads(run("runs", tmp_path / "runs", "--json")[1])] == [
        "finished",
        "unfinished",
    ]
    assert "There is no run in" in run("runs", scene_folder)[2]
    assert "There is no folder" in fails("runs", tmp_path / "gone")

    status, text, err = run("compare", first, second, "--out", tmp_path / "compared")
    assert status == 0
    assert "the same on every image" in text
    assert str(tmp_path / "compared" / "report.html") in err
    status, text, err = run("compare", first, second, "--out", tmp_path / "again", "--json")
    assert (status, err) == (0, "")
    assert json.loads(text)["images"] == 6

    status, text, err = run("threshold", first, ".35", "--json")
    assert (status, err) == (0, "")
    assert json.loads(text)["threshold"] == 0.35
    assert "is 0.5, and was 0.35" in run("threshold", first, "0.5")[2]
    assert run("threshold", first, "1.5")[0] == 2
    assert "has no threshold" in fails("threshold", color_run.folder.path, ".5")

    status, text, err = run("evaluate", first, "--out", tmp_path / "measured", "--recall", ".4", "--json")
    assert (status, err) == (0, "")
    assert json.loads(text) == json.loads((tmp_path / "measured" / "metrics.json").read_text())
    assert foveal.load(first).threshold_ != 0.5
    told = fails("evaluate", first, "--map", "nought=zero")
    assert "--map names the class 'nought', which the model does not have" in told
    assert "--map takes" in fails("evaluate", first, "--map", "nought")
    assert "Name the data" in fails("evaluate", first / "predictions.json")
    assert "not for a file" in fails("evaluate", first / "predictions.json", scene_folder, "--recall", ".5")


def test_propose(run, hostile_folder, tmp_path):
    status, text, err = run(
        "propose", hostile_folder / "good.jpg", "--mode", "single", "--out", tmp_path / "a", "--json"
    )
    assert (status, err) == (0, "")
    assert len(json.loads(text)) == 1
    status, text, err = run("propose", hostile_folder, "--mode", "single", "--out", tmp_path / "b")
    assert status == 1
    assert text == ""
    assert "4 files could not be read" in err


def test_propose_explained(run, fails, hostile_folder, scene_folder, tmp_path):
    page = tmp_path / "a b.html"
    words = ["propose", hostile_folder / "good.jpg", "--mode", "single", "--set", "k=50,100", "--out"]
    status, text, err = run(*words, tmp_path / "a", "--explain", page)
    assert (status, text) == (0, "")
    assert "a b.html" in err
    assert "hsv, k = 100, CTSF" in page.read_text(encoding="utf-8")
    out = tmp_path / "b"
    other = tmp_path / "other.html"
    assert "it is not in" in fails(*words, out, "--explain", other, "--data", scene_folder)
    assert "name a file for that page" in fails(*words, out, "--data", scene_folder)
    assert "no setting 'worksize'. Did you mean 'working_size'" in fails(*words, out, "--set", "worksize=9")
    assert "The setting k is" in fails(*words, out, "--set", "k=some")
    assert not out.exists()


def test_explain(run, fails, color_run, color_folder, hostile_folder, tmp_path):
    folder = color_run.folder.path
    picture = next(p for p in sorted(color_folder.rglob("*")) if p.suffix in (".png", ".jpg"))
    words = ("explain", folder, picture, hostile_folder / "text.jpg", "--out")
    status, text, err = run(*words, tmp_path / "a", "--json")
    assert status == 1
    assert "text.jpg" in err
    (result,) = json.loads(text)["results"]
    assert (tmp_path / "a" / result["drawn"]).is_file()
    assert (tmp_path / "a" / "explanation.html").is_file()
    assert run("explain", folder, picture, "--class", result["label"], "--out", tmp_path / "b")[0] == 0
    assert "There is no class 'nothing'" in fails(*words, tmp_path / "c", "--class", "nothing")
    assert "Example: foveal explain" in " ".join(run("explain", "--help")[1].split())


def test_from_crops_to_a_classifier(run, scene_folder, tmp_path, monkeypatch):
    crops, out = tmp_path / "crops", tmp_path / "run"
    status, text, _ = run("prepare", scene_folder, "--out", crops, "--size", "16", "--json")
    assert status == 0
    counts = json.loads(text)["counts"]
    assert counts["train"]["negative"] > 0
    assert (crops / "manifest.csv").is_file()
    settings = ["--set", "features=pixels", "--set", "linear_C=1", "--set", "rbf_C=[]"]
    status, text, _ = run("train", crops, "--model", "svm", "--out", out, "--json", *settings)
    assert status == 0
    accuracy = json.loads(text)["metrics"]["accuracy"]
    status, text, _ = run("evaluate", out, crops, "--json")
    assert status == 0
    assert json.loads(text)["accuracy"] == accuracy


def test_default_folders(run, color_folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("train", color_folder, "--set", "candidates=transfer")
    assert status == 0
    assert "accuracy" in out
    assert "a<b> [bold]" in out
    assert "runs/colors-auto" in err.replace("\n", "")
    for expected in ("predictions", "predictions-2"):
        assert run("predict", "runs/colors-auto", color_folder / "red" / "0.png")[0] == 0
        assert (tmp_path / expected / "predictions.json").is_file()


def test_brackets_in_the_names_of_folders(run, color_folder, boxed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = ["--set", "epochs=1", "--set", "width=2", "--set", "image_size=8"]
    status, _, err = run("train", color_folder, "--model", "cnn", "--out", "r[/x]", *settings)
    assert status == 0
    assert "The run is in 'r[/x]'; look at 'r[/x]/report.html'." in err
    picture = color_folder / "red" / "0.png"
    status, _, err = run("predict", "r[/x]", picture, "--out", "p[/x]")
    assert status == 0
    assert "Everything is in 'p[/x]'." in err
    status, _, err = run("explain", "r[/x]", picture, "--out", "e[/x]")
    assert status == 0
    assert "Everything is in 'e[/x]'; look at 'e[/x]/explanation.html'." in err
    status, _, err = run("propose", picture, "--mode", "single", "--out", "s[/x]")
    assert status == 0
    assert "proposals.json and drawn/ are in 's[/x]'." in err
    data = boxed(tmp_path / "data", {"train": [[(0, 10, 10, 40, 40)]]}, ("[/dog]",))
    status, _, err = run("prepare", data, "--size", "8", "--out", "c[/x]")
    assert status == 0
    assert "The crops and manifest.csv are in 'c[/x]'." in err
    assert "[/dog]" in err


def test_alarms_follow_the_figures(run, color_folder, tmp_path):
    words = ["train", color_folder, "--model", "cnn", "--set", "epochs=0.1", "--set", "width=2"]
    words += ["--set", "image_size=8", "--set", "test_size=0.4", "--out"]
    status, out, err = run(*words, tmp_path / "run")
    assert status == 0
    assert "wrong" not in out
    said = " ".join(err.split())
    assert "Something is wrong. The classifier does not tell the classes apart" in said
    assert "The likely reasons, the likeliest first: 1. It learned too briefly, 1 step" in said
    (alarm,) = json.loads(run(*words, tmp_path / "again", "--json")[1])["alarms"]
    assert alarm.keys() == {"kind", "message", "reasons"}
    assert alarm["kind"] == "near-zero"
    status, _, err = run("evaluate", tmp_path / "run", color_folder)
    assert (status, "Something is wrong." in err) == (0, True)


def test_nothing_is_anywhere_where_nothing_could_be_read(run, color_run, tmp_path):
    (tmp_path / "bad.jpg").write_text("no image")
    for words in (["predict", color_run.folder.path], ["propose"], ["explain", color_run.folder.path]):
        status, _, err = run(*words, tmp_path / "bad.jpg", "--out", tmp_path / words[0])
        assert status == 1
        assert "1 file could not be read" in err
        assert "Everything is in" not in err
        assert "picture" not in err


def test_stopped(run, monkeypatch, scene_folder, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("foveal.runs.training.load", interrupted)
    status, out, err = run("train", scene_folder, "--out", tmp_path / "run")
    said = "foveal: stopped. Nothing was written: give the command again.\n"
    assert (status, out, err) == (130, "", said)


def test_help_is_not_broken_twice():
    """Line ends of a docstring stay in the help, which has 80 columns where it is narrow."""
    for command in cli.app.registered_commands:
        for paragraph in inspect.cleandoc(command.callback.__doc__).split("\n\n"):
            *broken, _ = paragraph.split("\n")
            assert all(len(line) <= 78 for line in broken), broken


# Of every verb what names that which is written, with words that would write it; and what names that which is
# read.
WRITES = {
    "demo": {"--out": []},
    "show": {"--out": ["BOXED"]},
    "convert": {"--out": ["BOXED", "--to", "coco"]},
    "doctor": {"--out": ["BOXED", "--fix"]},
    "propose": {"--out": ["IMAGE"], "--explain": ["IMAGE", "--mode", "single"]},
    "prepare": {"--out": ["BOXED"]},
    "train": {"--out": ["FOLDERS"]},
    "predict": {"--out": ["RUN", "IMAGE"]},
    "evaluate": {"--out": ["RUN"]},
    "compare": {"--out": ["RUN", "RUN"]},
    "export": {"FILE.onnx": ["RUN"]},
    "explain": {"--out": ["RUN", "IMAGE"]},
    "benchmark selective-search": {"--out": []},
    "benchmark network": {"--out": []},
}
READS = {
    "config",
    "data",
    "folder",
    "from_run",
    "merge",
    "peers_python",
    "predictions",
    "resume",
    "run",
    "runs",
}


def test_every_option_that_names_a_path_is_known():
    verbs = [*cli.app.registered_commands]
    for group in cli.app.registered_groups:
        verbs += group.typer_instance.registered_commands
    written = {word.strip("-").partition(".")[0].lower() for options in WRITES.values() for word in options}
    named = {
        name
        for verb in verbs
        for name, kind in get_type_hints(verb.callback).items()
        if Path in (kind, *get_args(kind)) or list[Path] in (kind, *get_args(kind))
    }
    assert written <= named
    assert named - written == READS


@pytest.mark.parametrize(
    ("verb", "option", "words"), [(v, o, w) for v, options in WRITES.items() for o, w in options.items()]
)
def test_what_is_there_is_never_overwritten(
    verb, option, words, fails, tmp_path, color_run, color_folder, scene_folder
):
    image = next(iter(sorted(color_folder.rglob("*.png"))))
    known = {"IMAGE": image, "BOXED": scene_folder, "FOLDERS": color_folder, "RUN": color_run.folder.path}
    words = [known.get(word, word) for word in words]
    names = {"--explain": ["mine.html", "mine.jpg"], "FILE.onnx": ["mine.onnx", "mine.jpg"]}
    for name in names.get(option, ["mine", "folder"]):
        mine = tmp_path / name
        if name == "folder":
            mine = tmp_path / "folder" / "mine.txt"
            mine.parent.mkdir()
        mine.write_text("mine")
        target = mine if name != "folder" else mine.parent
        fails(*verb.split(), *words, *([option] if option.startswith("--") else []), target)
        assert mine.read_text() == "mine"
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 2


def test_completion():
    """What the script of a shell asks the program at the tabulator."""
    for words, number, expected in (("foveal tr", "1", "train"), ("foveal train --fr", "2", "--from")):
        known = {"_FOVEAL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}
        done = subprocess.run(
            [sys.executable, "-c", "import sys; sys.argv = ['foveal']; from foveal.cli import main; main()"],
            env={**os.environ, **known}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == [expected]
