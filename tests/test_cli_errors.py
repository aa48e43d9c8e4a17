"""What the system refuses, what is no text, what libraries say: one plain sentence, never a traceback."""

import errno
import json
import os
import re
import resource
import subprocess
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from foveal import cli
from foveal.files import naming, write_text


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process; its status, standard output and standard error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", *map(str, words)])
        with pytest.raises(SystemExit) as end, warnings.catch_warnings():
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return end.value.code or 0, out, err

    return call


@pytest.fixture
def odd_folder(tmp_path):
    """Red and green squares; a folder and files whose names are no UTF-8."""
    root = tmp_path / "data"
    rng = np.random.default_rng(0)
    for folder, channel in ((b"red", 0), (b"k\xe4se", 1)):
        place = os.fsencode(root) + b"/" + folder
        os.makedirs(place)  # noqa: PTH103 - the name is bytes
        for i in range(10):
            pixels = rng.integers(0, 80, (16, 16, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            with open(place + b"/%d\xff.png" % i, "wb") as file:  # noqa: PTH123
                Image.fromarray(pixels).save(file, "PNG")
    return root


def test_names_that_are_no_text(run, odd_folder, tmp_path):
    status, out, _ = run("doctor", odd_folder)
    assert out.startswith(r"folders: 20 pictures, 2 classes (k\xe4se 10, red 10); no splits.")
    model = tmp_path / "run"
    words = ["--model", "svm", "--set", "features=pixels"]
    status, _, err = run("train", odd_folder, *words, "--out", model)
    assert status == 0, err
    assert r"k\xe4se" in (model / "report.html").read_text("utf-8")
    assert (model / "predictions.csv").read_text("utf-8").count("png") > 2
    status, out, err = run("predict", model, odd_folder, "--out", tmp_path / "p", "--json")
    assert status == 0
    for answers in (json.loads(out)["results"], json.loads((tmp_path / "p/predictions.json").read_bytes())):
        assert len(answers) == 20
        # A program that reads the answers finds the files.
        assert all(os.path.exists(answer["file"]) for answer in answers)  # noqa: PTH110
        assert {answer["label"] for answer in answers} == {r"k\xe4se", "red"}
    assert run("predict", model, odd_folder, "--out", tmp_path / "c", "--form", "csv")[0] == 0
    text = (tmp_path / "c/predictions.csv").read_text("utf-8")
    assert text.count("\n") == 21
    assert r"0\udcff.png" in text
    assert run("evaluate", model, odd_folder, "--json")[0] == 0
    assert run("explain", model, odd_folder / "red", "--out", tmp_path / "e")[0] == 0


@pytest.mark.parametrize("verb", ["propose", "predict"])
def test_a_file_that_is_too_large(run, color_run, color_folder, tmp_path, verb):
    words = [color_folder] if verb == "propose" else [color_run.folder.path, color_folder]
    assert run(verb, *words, "--out", tmp_path / "warm")[0] == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        status, _, err = run(verb, *words, "--out", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert status == 2
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"foveal: {tmp_path / 'out'}{os.sep}")
    assert "File too large; raise the limit (ulimit -f), where " in last
    assert last.endswith(" kB are needed, or name a place that takes larger files.")


def test_a_full_disk(run, color_run, color_folder, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    status, _, err = run("predict", color_run.folder.path, color_folder, "--out", tmp_path / "out")
    assert status == 2
    said, needed, mend = re.split(r"(\d+) kB", err.strip().splitlines()[-1])
    assert said == (
        f"foveal: {tmp_path / 'out' / 'predictions.json'} cannot be used: No space left on device; "
        "make room on that disk, where "
    )
    assert 1 <= int(needed) <= 20
    assert mend == " are needed, or name another place."


@pytest.mark.parametrize("error", [
    OSError(errno.EROFS, "Read-only file system", "/x/y"), OSError("12 requested and 3 written"),
    OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error", b"/x/\xff"),
])  # fmt: skip
def test_whatever_the_system_says(run, color_folder, monkeypatch, error):
    import foveal.data

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(foveal.data, "load", fail)
    status, out, err = run("doctor", color_folder)
    assert (status, out) == (2, "")
    assert err.startswith("foveal: ")
    assert err.count("\n") == 1
    assert err.endswith(".\n")


def test_the_file_is_named_in_place_of_a_temporary_one(tmp_path):
    with pytest.raises(OSError, match="full") as caught, naming(tmp_path / "a.json"):
        raise OSError(errno.ENOSPC, "full", str(tmp_path / ".a-foveal-x1y2.json"))
    assert caught.value.filename == str(tmp_path / "a.json")
    with pytest.raises(OSError, match="gone") as caught, naming(tmp_path / "a.json"):
        raise OSError(errno.ENOENT, "gone", "b.txt")
    assert caught.value.filename == "b.txt"
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_no_warning_of_a_library(run, tmp_path):
    rng = np.random.default_rng(0)
    for label in range(30):
        for i in range(2):
            path = tmp_path / f"many/c{label}/{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\x01\0"
    Image.new("RGB", (30, 20)).save(tmp_path / "many/c0/cut.jpg", exif=exif)
    palette = Image.new("P", (30, 20))
    palette.save(tmp_path / "many/c0/palette.png", transparency=bytes(range(9)))
    command = [sys.executable, "-m", "foveal"]
    settings = ["--model", "svm", "--set", "features=pixels", "--out", tmp_path / "run"]
    for words in (["doctor", tmp_path / "many"], ["train", tmp_path / "many", *settings]):
        done = subprocess.run([*command, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1)
        assert "Warning" not in done.stderr + done.stdout
        assert ".py:" not in done.stderr


def test_emoji_and_markup_stay_what_they_are(run, tmp_path):
    for name in (":cat:", "[b] [red]"):
        (tmp_path / "d" / name).mkdir(parents=True)
        Image.new("RGB", (16, 16)).save(tmp_path / "d" / name / ":dog: [i].png")
    out = run("doctor", tmp_path / "d")[1]
    assert "(:cat: 1, [b] [red] 1)" in out
    assert "[b] [red]/:dog: [i].png" in out


def test_doctor_begins_with_what_the_data_set_is(run, scene_folder, color_folder):
    assert run("doctor", scene_folder)[1].splitlines()[0].startswith("COCO: 18 pictures, ")
    assert "; train 12, test 6." in run("doctor", scene_folder)[1].splitlines()[0]
    first = run("doctor", color_folder)[1].splitlines()[0]
    assert first == "folders: 30 pictures, 3 classes (a<b> [bold] 10, green 10, red 10); no splits."


def test_files_that_may_not_be_read_are_findings(run, tmp_path, make_unreadable):
    for i in range(3):
        Image.new("RGB", (40, 30), (i, 9, 9)).save(tmp_path / f"{i}.png")
        (tmp_path / f"{i}.xml").write_text(
            "<annotation><object><name>cat</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>20</xmax>"
            "<ymax>20</ymax></bndbox></object></annotation>"
        )
    (tmp_path / "train.txt").write_text("0\n1\n2\n")
    make_unreadable(tmp_path / "1.xml", tmp_path / "train.txt")
    status, out, err = run("doctor", tmp_path, "--json")
    assert status == 1, err
    told = [
        (f["file"], f["kind"]) for f in json.loads(out)["findings"] if "Permission denied" in f["message"]
    ]
    assert told == [("1.xml", "broken-annotation"), ("train.txt", "unreadable-file")]


def test_an_error_of_ours_stays_one(run, tmp_path):
    status, _, err = run("doctor", tmp_path)
    assert status == 2
    assert err == f"foveal: {tmp_path} is not a data set that Foveal knows: it holds no file.\n"


@pytest.fixture
def small_disk(tmp_path):
    """A disk with room for a few small files."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full(run, color_folder, small_disk):
    status, _, err = run("propose", color_folder, "--mode", "single", "--out", small_disk / "out")
    assert status == 2
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"foveal: {small_disk / 'out'}{os.sep}")
    assert "cannot be used: No space left on device; make room on that disk, where " in last
    for path in (small_disk / "out").rglob("*.jpg"):
        Image.open(path).load()
    assert {path.name for path in (small_disk / "out").iterdir()} == {".foveal-unfinished", "drawn"}
    # The same command goes on when there is room.
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert run("propose", color_folder, "--mode", "single", "--out", small_disk / "out")[0] == 0
    assert {path.name for path in (small_disk / "out").iterdir()} == {"proposals.json", "drawn"}


def test_a_log_has_whole_lines_alone(small_disk):
    from foveal.files import append_line

    def fill():
        for number in range(100):
            append_line(small_disk / "log.jsonl", json.dumps({"number": number, "text": "x" * 700}))

    with pytest.raises(OSError, match="No space left"):
        fill()
    lines = (small_disk / "log.jsonl").read_text().split("\n")
    assert lines[-1] == ""
    assert [json.loads(line)["number"] for line in lines[:-1]] == list(range(len(lines) - 1))
