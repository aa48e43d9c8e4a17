"""Of what is no regular file nothing is opened."""

import os
import socket
import stat

import pytest

from foveal.files import digest_file, open_regular, read_regular, what_else
from foveal.files.regular import check_regular

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes among its files")
needs_proc = pytest.mark.skipif(not os.path.ismount("/proc"), reason="the system has no /proc")


def test_a_file_and_a_link_to_one(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", largest=3) == b"abc"
    with open_regular(path) as file:
        assert file.read(2) == b"ab"
    assert digest_file(path) == digest_file(tmp_path / "link")


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "a"
    path.touch()
    os.truncate(path, 20 * 10**9)
    with pytest.raises(OSError, match="it has 20 GB, and no such file more than 4 GB") as caught:
        read_regular(path, largest=4 * 10**9)
    assert caught.value.filename == str(path)


def test_a_file_that_becomes_longer(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    first = os.stat_result((stat.S_IFREG, 1, 1, 1, 0, 0, 2, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda number: first)
    with pytest.raises(OSError, match="longer while it is read"):
        read_regular(path, largest=9)


@needs_pipes
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for function in (open_regular, digest_file):
        with pytest.raises(OSError, match="it is a pipe, and regular files alone are opened"):
            function(tmp_path / "pipe")


@needs_pipes
def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path, monkeypatch):
    regular = tmp_path / "a"
    regular.touch()
    os.mkfifo(tmp_path / "pipe")
    whole = os.stat
    monkeypatch.setattr(os, "stat", lambda path: whole(regular))
    with pytest.raises(OSError, match="it is a pipe"):
        open_regular(tmp_path / "pipe")


def test_devices_and_sockets(tmp_path):
    (tmp_path / "link").symlink_to(os.devnull)
    with pytest.raises(OSError, match="it is a device"):
        open_regular(tmp_path / "link")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "s")[-100:] if len(str(tmp_path)) < 90 else "\0s")
        if (tmp_path / "s").exists():
            assert what_else((tmp_path / "s").stat()) == "a socket"
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)


@needs_proc
@pytest.mark.parametrize("name", ["/proc/self/environ", "/proc/version"])
def test_what_the_system_makes_up_is_no_file(tmp_path, name):
    (tmp_path / "link").symlink_to(name)
    with pytest.raises(OSError, match="it is a file of the system's own"):
        open_regular(tmp_path / "link")


@needs_proc
def test_a_way_through_proc_to_a_file_is_one(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with (tmp_path / "a").open("rb") as file:
        assert read_regular(f"/proc/self/fd/{file.fileno()}", largest=9) == b"abc"


def test_the_sentence_names_what_is_asked(tmp_path):
    with pytest.raises(OSError, match=r"it is a folder") as caught:
        check_regular(tmp_path.stat(), tmp_path)
    assert caught.value.filename == str(tmp_path)
