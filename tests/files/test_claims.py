"""A folder is one command's at a time."""

import errno
import json
import os
import subprocess
import sys
import time

import pytest

from foveal.errors import SettingError
from foveal.files import claimed, gone_on_with
from foveal.files.claims import MARK

fcntl = pytest.importorskip("fcntl")

HOLD = """
import sys
from foveal.files import claimed
with claimed(sys.argv[1], "predict", ["a"]) as folder:
    (folder / "half.json").write_text("[")
    (folder / ".half-foveal-12-3.json").write_text("[")
    print("there", flush=True)
    input()
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def holder(tmp_path):
    """Another process that writes to a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "out")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"there\n"
    yield process
    process.kill()
    process.communicate()


def test_the_second_command_is_told_and_the_next_goes_on(holder, tmp_path):
    out = tmp_path / "out"
    for again in (claimed(out, "predict", ["a"]), claimed(out, "explain", 1), gone_on_with(out)):
        with pytest.raises(SettingError, match=r"Another command of Foveal is writing to .*out: wait"), again:
            pass
    assert names(out) == [MARK, ".half-foveal-12-3.json", "half.json"]
    holder.kill()
    holder.wait()
    for other in (claimed(out, "explain", ["a"]), claimed(out, "predict", ["b"])):
        with pytest.raises(SettingError, match="what an unfinished foveal predict left: give that"), other:
            pass
    with claimed(out, "predict", ["a"], leaves=("half.json", "nothing", "*.csv")) as folder:
        assert names(folder) == [MARK]
        (folder / "whole.json").touch()
    assert names(out) == ["whole.json"]


def test_what_is_left_can_be_kept(holder, tmp_path):
    holder.kill()
    holder.wait()
    with claimed(tmp_path / "out", "predict", ["a"], kept=True):
        assert names(tmp_path / "out") == [MARK, "half.json"]
    assert names(tmp_path / "out") == ["half.json"]


def test_what_is_left_stays_the_commands(holder, tmp_path):
    holder.kill()
    holder.wait()
    with pytest.raises(KeyError), gone_on_with(tmp_path / "out"):
        raise KeyError
    assert json.loads((tmp_path / "out" / MARK).read_bytes())["verb"] == "predict"
    with gone_on_with(tmp_path / "out"):
        pass
    assert names(tmp_path / "out") == ["half.json"]


def test_what_fails_before_it_writes_leaves_nothing(tmp_path):
    for folder in (tmp_path / "new", tmp_path):
        with pytest.raises(ZeroDivisionError), claimed(folder, "predict", []):
            raise ZeroDivisionError
    assert names(tmp_path) == []


def test_a_folder_with_something_in_it_is_refused_and_not_touched(tmp_path):
    (tmp_path / "thesis.txt").touch()
    for path in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(SettingError, match="is not an empty folder"), claimed(path, "predict", []):
            pass
    assert names(tmp_path) == ["thesis.txt"]


def test_a_stale_mark_in_an_empty_folder_is_no_harm(tmp_path):
    for content in ("", "[1]", '{"verb": "train", "of": "", "process": 1}', "\0"):
        (tmp_path / MARK).write_text(content)
        with claimed(tmp_path, "predict", []):
            pass
        assert names(tmp_path) == []


def test_two_at_once_are_never_both_there(tmp_path):
    program = """
import sys, time
from pathlib import Path
from foveal.errors import SettingError
from foveal.files import claimed
until = float(sys.argv[2])
won = told = 0
while time.time() < until:
    try:
        with claimed(sys.argv[1], "predict", []) as folder:
            (Path(sys.argv[1] + ".inside")).mkdir()
            won += 1
            (Path(sys.argv[1] + ".inside")).rmdir()
    except SettingError:
        told += 1
print(won, told)
"""
    words = [sys.executable, "-c", program, str(tmp_path / "out"), str(time.time() + 3)]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        won, _ = map(int, process.communicate()[0].split())
        assert process.returncode == 0
        assert won


def test_where_the_file_system_has_no_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = {"verb": "predict", "of": "", "process": process.pid}
    (tmp_path / MARK).write_text(json.dumps(mark))
    with pytest.raises(SettingError, match="Another command"), claimed(tmp_path, "predict", []):
        pass
    process.kill()
    process.communicate()
    with claimed(tmp_path, "predict", []):
        assert json.loads((tmp_path / MARK).read_bytes())["process"] == os.getpid()


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file") as caught, claimed(tmp_path / "file" / "out", "predict", []):
        pass
    assert str(caught.value.filename) == str(tmp_path / "file" / "out")
