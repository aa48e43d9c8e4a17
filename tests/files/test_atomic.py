import json
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from foveal.files import replacing, write_bytes, write_json, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_replaces_the_old(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"
        assert temporary.name.startswith(".")
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), replacing(path) as temporary:  # noqa: PT012
            temporary.write_text("half")
            raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_folders_are_made(tmp_path):
    write_bytes(tmp_path / "b/c/d.bin", b"x")
    with replacing(tmp_path / "e/f.bin") as temporary:
        temporary.write_bytes(b"y")
    assert (tmp_path / "b/c/d.bin").read_bytes() == b"x"
    assert (tmp_path / "e/f.bin").read_bytes() == b"y"


@pytest.mark.parametrize("name", ["ünï cödé 画像.bin", "no suffix", ".hidden", "a" * 200 + ".bin", "a#b=c"])
def test_any_name(tmp_path, name):
    for content in (b"first", b"", b"third"):
        write_bytes(tmp_path / name, content)
        assert (tmp_path / name).read_bytes() == content
    with replacing(tmp_path / name) as temporary:
        temporary.write_bytes(b"fourth")
    assert (tmp_path / name).read_bytes() == b"fourth"
    assert names(tmp_path) == [name]


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_bytes("a.bin", b"1")
    write_text("b.txt", "2")
    assert names(tmp_path) == ["a.bin", "b.txt"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_usual_permissions(tmp_path):
    umask = os.umask(0o027)
    try:
        write_bytes(tmp_path / "a", b"")
        with replacing(tmp_path / "b"):
            pass
    finally:
        os.umask(umask)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o640, 0o640]


def test_without_files_without_names(tmp_path, monkeypatch):
    """Where the system knows no O_TMPFILE, it works all the same."""
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    (tmp_path / "a.bin").write_bytes(b"old")
    write_bytes(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError):
        write_bytes(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]


def test_text_and_json(tmp_path):
    write_text(tmp_path / "a.txt", "ä\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == "ä\nb\n".encode()
    value = {"b": [1, 2.5, None, True], "a": "画像"}
    write_json(tmp_path / "a.json", value)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert "画像" in text
    assert text.endswith("}\n")
    write_json(tmp_path / "b.json", [1, 2], indent=None)
    assert (tmp_path / "b.json").read_text() == "[1, 2]\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_has_no_word_for_nan(tmp_path, value):
    (tmp_path / "a.json").write_text("old")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": value})
    assert (tmp_path / "a.json").read_text() == "old"


WRITER = """
import sys
from pathlib import Path
from foveal.files import write_bytes
number = 0
while True:
    write_bytes(Path(sys.argv[1]) / f"{number % 3}.bin", bytes([number % 251]) * 3_000_001)
    number += 1
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's signals and files")
def test_a_killed_writer_leaves_whole_files(tmp_path):
    for delay in (0.0, 0.013, 0.031):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
        try:
            deadline = time.monotonic() + 20
            while not (tmp_path / "1.bin").exists() and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(delay)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        found = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
        assert len(found) >= 2
        for path in found:
            content = path.read_bytes()
            assert len(content) == 3_000_001
            assert len(set(content)) == 1
            path.unlink()
    try:
        os.close(os.open(tmp_path, os.O_WRONLY | os.O_TMPFILE))
    except OSError:
        return  # this file system has no files without names
    # Killed between giving a file its first name and its last, it leaves a whole file.
    assert all(path.stat().st_size == 3_000_001 for path in tmp_path.iterdir())
