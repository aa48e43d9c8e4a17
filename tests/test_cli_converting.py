import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
from PIL import Image

from foveal.data import load


def test_convert(run, scene_folder, tmp_path):
    status, out, err = run("convert", scene_folder, "--to", "yolo", "--out", tmp_path / "a")
    assert status == 0, err
    assert out.splitlines()[-1].startswith("YOLO: 18 pictures, ")
    assert f"written, read again and compared, in {tmp_path / 'a'}." in out
    words = ["--to", "csv", "--out", tmp_path / "b", "--json", "--link"]
    status, out, err = run("convert", tmp_path / "a", *words)
    told = json.loads(out)
    assert (status, err, told["format"], told["images"]) == (0, "", "csv", 18)
    assert set(told) == {"data", "out", "format", "images", "objects", "classes", "splits", "findings"}


def test_convert_other_classes_parts_and_images(run, scene_folder, tmp_path):
    classes = load(scene_folder).classes
    words = ["--merge", scene_folder, "--rename", f"{classes[1]}={classes[0]}"]
    words += ["--classes", f"{classes[0]},{classes[2]}"]
    words += ["--no-background", "--subset", 12, "--split", ".5,.25,.25", "--seed", 3]
    status, _, err = run("convert", scene_folder, "--to", "coco", *words, "--out", tmp_path / "a")
    assert status == 0, err
    again = load(tmp_path / "a")
    assert again.classes == (classes[0], classes[2])
    assert len(again) == 12
    assert again.splits == {"train", "val", "test"}
    assert all(len(sample.boxes) for sample in again)


def test_convert_crops(run, scene_folder, tmp_path):
    status, out, err = run("convert", scene_folder, "--crop-objects", "--out", tmp_path / "a", "--json")
    assert status == 0, err
    told = json.loads(out)
    assert told["format"] == "folders"
    assert len(load(tmp_path / "a")) == told["images"] > 18


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--to"),
        (["--to", "cooc"], "Did you mean 'coco'"),
        (["--to", "coco", "--split", ".5"], "two or three shares"),
        (["--to", "coco", "--rename", "a"], "old=new"),
        (["--to", "coco", "--classes", "nobody"], "no class 'nobody'"),
        (["--to", "coco", "--crop-objects"], "leave --to out"),
        (["--crop-objects", "--link"], "leave --link out"),
    ],
)
def test_convert_refuses(run, scene_folder, tmp_path, words, said):
    status, _, err = run("convert", scene_folder, *words, "--out", tmp_path / "a")
    assert status == 2
    assert said in err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_doctor_mends(run, tmp_path):
    for i in range(20):
        for name, color in (("cat", (i, 9, 9)), ("dog", (9, 9, i + 20))):
            (tmp_path / "in" / name).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (40, 30), color).save(tmp_path / f"in/{name}/{name}{i:02}.jpg", "PNG")
    status, out, err = run("doctor", tmp_path / "in", "--fix", "--out", tmp_path / "out")
    assert "Mended:" in out, err
    assert f"the mended copy is in {tmp_path / 'out'}." in out
    assert (tmp_path / "out/cat/cat07.png").exists()
    words = ["--fix", "--out", tmp_path / "j", "--to", "labels", "--json"]
    status, out, err = run("doctor", tmp_path / "in", *words)
    told = json.loads(out)
    assert (err, told["format"], len(told["mended"])) == ("", "labels", 40)
    assert status == (0 if told["clean"] else 1)
    assert set(told) == {"data", "out", "format", "clean", "mended", "copy", "left"}
    status, _, err = run("doctor", tmp_path / "in", "--out", tmp_path / "x")
    assert (status, "add --fix" in err) == (2, True)


def test_the_doctor_cuts_no_name(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    name = "a" * 120 + ".jpg"
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("RGB", (40, 30)).save(tmp_path / label / name)
    out = run("doctor", tmp_path)[1]
    assert f"  dog/{name}  The picture is byte-identical to cat/{name}" in out


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_conversion_that_is_stopped_leaves_nothing(tmp_path):
    for i in range(3000):
        (tmp_path / "in").mkdir(exist_ok=True)
        path = tmp_path / f"in/{i}.png"
        if i:
            path.hardlink_to(tmp_path / "in/0.png")
        else:
            Image.new("RGB", (40, 30)).save(path)
        (tmp_path / f"in/{i}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    (tmp_path / "to").mkdir()
    words = ["convert", tmp_path / "in", "--to", "labelme", "--out", tmp_path / "to/out"]
    command = [sys.executable, "-m", "foveal", *map(str, words)]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # Whoever runs the tests in the background may have it ignored.
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, **pipes, preexec_fn=hears) as process:
        while process.poll() is None and not list((tmp_path / "to").glob("*/*.json")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert "Nothing was written: give the command again." in err
    assert list((tmp_path / "to").iterdir()) == []
