import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.files import Cache, user_cache
from foveal.files import cache as cache_module

KEY = {"picture": "abc", "settings": {"k": [1, 2.5, None]}}
ARRAYS = {
    # Numbers that a way through text or float64 would change.
    "boxes": np.array([[0.1, 1 / 3, np.float32(2**-149), np.inf]], np.float32),
    "none": np.zeros((0, 4), np.float32),
    "order": np.arange(7),
}
VALUE = {"width": 80, "name": "é"}


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def same(found, arrays=ARRAYS, value=VALUE):
    assert found is not None
    assert found[1] == value
    assert set(found[0]) == set(arrays)
    for name, array in arrays.items():
        assert found[0][name].dtype == array.dtype
        assert found[0][name].shape == array.shape
        assert found[0][name].tobytes() == array.tobytes()


def files_of(folder):
    return sorted(path for path in Path(folder).rglob("*") if not path.is_dir())


def test_round_trip(cache):
    assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))
    same(Cache(cache.folder).read(dict(reversed(KEY.items()))))
    assert files_of(cache.folder) == [cache.path(KEY)]
    assert cache.path(KEY).parent.parent == cache.folder
    assert cache.path(KEY).name.startswith(cache.path(KEY).parent.name)
    assert cache.problem is None


def test_arrays_of_any_layout(cache):
    whole = np.arange(12, dtype=np.float32).reshape(3, 4)
    cache.write(KEY, {"turned": whole.T, "steps": whole[::2, ::-1]}, {})
    same(cache.read(KEY), {"turned": whole.T, "steps": whole[::2, ::-1]}, {})


def test_keys_are_told_apart(cache):
    for number, key in enumerate([{"a": 1}, {"a": "1"}, {"a": 1.5}, ["a", 1], {}]):
        assert cache.read(key) is None
        cache.write(key, {}, {"number": number})
    assert cache.read(["a", 1]) == ({}, {"number": 3})
    assert cache.read({"a": "1"}) == ({}, {"number": 1})


def test_a_second_writing_replaces_the_first(cache):
    cache.write(KEY, {}, {"old": True})
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))


def test_it_is_not_a_pickle(cache):
    objects = {"x": np.array([{"a": 1}, None], object)}
    with pytest.raises(Exception, match=r"object"):
        cache.write(KEY, objects, {})
    assert files_of(cache.folder) == []


@given(st.data())
def test_any_damaged_byte_is_a_miss_or_changes_nothing(tmp_path_factory, data):
    cache = Cache(tmp_path_factory.mktemp("damaged"))
    cache.write(KEY, ARRAYS, VALUE)
    content = bytearray(cache.path(KEY).read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    cache.path(KEY).write_bytes(content)
    if (found := cache.read(KEY)) is not None:
        same(found)


@given(st.integers(0, 400))
def test_an_entry_that_is_cut_off(tmp_path_factory, length):
    cache = Cache(tmp_path_factory.mktemp("cut"))
    cache.write(KEY, ARRAYS, VALUE)
    content = cache.path(KEY).read_bytes()
    assert length < len(content)
    cache.path(KEY).write_bytes(content[:length])
    assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))


def test_foreign_entries_are_misses_and_are_replaced(cache):
    from safetensors.numpy import save

    cache.write({"another": "key"}, ARRAYS, VALUE)
    another = cache.path({"another": "key"}).read_bytes()
    path = cache.path(KEY)
    path.parent.mkdir(parents=True, exist_ok=True)
    deep = b"[" * 100_000
    for content in (
        another,
        b"",
        b"text",
        bytes(1000),
        b"\xff" * 100,
        len(deep).to_bytes(8, "little") + deep,
        save(ARRAYS),
        save(ARRAYS, metadata={"foveal": "{}"}),
        save(ARRAYS, metadata={"foveal": '{"value": 1, "key": 2, "check": 3}'}),
    ):
        path.write_bytes(content)
        assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_in_the_place_of_an_entry_is_not_waited_for(cache):
    path = cache.path(KEY)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))


def test_a_folder_in_the_place_of_an_entry(cache):
    (cache.path(KEY) / "x").mkdir(parents=True)
    assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    assert cache.read(KEY) is None
    assert cache.problem
    assert files_of(cache.folder) == []


def test_the_folder_may_be_deleted_at_any_time(cache):
    cache.write(KEY, ARRAYS, VALUE)
    shutil.rmtree(cache.folder)
    assert cache.read(KEY) is None
    assert cache.trim() == 0
    cache.write(KEY, ARRAYS, VALUE)
    same(cache.read(KEY))
    assert cache.problem is None


def test_deleted_again_and_again_while_others_write(cache):
    stop = threading.Event()

    def delete():
        while not stop.is_set():
            shutil.rmtree(cache.folder, ignore_errors=True)

    deleting = threading.Thread(target=delete)
    deleting.start()
    try:
        for number in range(300):
            cache.write({"n": number % 7}, ARRAYS, VALUE)
            found = cache.read({"n": number % 7})
            if found is not None:
                same(found)
            cache.trim()
    finally:
        stop.set()
        deleting.join()


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "cache").write_text("mine")
    cache = Cache(tmp_path / "cache")
    assert cache.read(KEY) is None
    cache.write(KEY, ARRAYS, VALUE)
    assert cache.problem
    assert cache.trim() == 0
    assert (tmp_path / "cache").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_folder_that_may_not_be_written(cache):
    cache.write(KEY, ARRAYS, VALUE)
    for folder in (cache.path(KEY).parent, cache.folder):
        folder.chmod(0o500)
    try:
        same(cache.read(KEY))
        cache.write({"new": 1}, ARRAYS, VALUE)
        assert "denied" in (cache.problem or "")
        assert Cache(cache.folder, limit=0).trim() == 0
        same(cache.read(KEY))
    finally:
        for folder in (cache.folder, cache.path(KEY).parent):
            folder.chmod(0o700)


def test_the_first_cause_is_kept(cache, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    def forbidden(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    for fails in (full, forbidden):
        monkeypatch.setattr(cache_module, "write_container", fails)
        cache.write(KEY, ARRAYS, VALUE)
        assert cache.problem == "No space left on device"
        assert cache.read(KEY) is None


FULL = """
import resource, sys
import numpy as np
from foveal.files import Cache
# What is written beyond this fails in mid-file, as on a full disk.
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
cache = Cache(sys.argv[1])
cache.write("large", {"x": np.zeros(100_000)}, {})
cache.write("small", {"x": np.zeros(10)}, {})
print(cache.problem, cache.read("large"), cache.read("small") is not None, sep="|")
"""


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX's limits")
def test_a_disk_that_ends_in_the_middle_of_an_entry(tmp_path):
    run = [sys.executable, "-c", FULL, str(tmp_path)]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip().split("|")
    assert said == [os.strerror(errno.EFBIG), "None", "True"]
    assert len(files_of(tmp_path)) == 1


WRITER = """
import sys
import numpy as np
from foveal.files import Cache
cache = Cache(sys.argv[1])
print("ready", flush=True)
number = 0
while len(sys.argv) < 3 or number < int(sys.argv[2]):
    value = number % 5
    cache.write({"n": value}, {"x": np.full(50_000, value)}, {"value": value})
    found = cache.read({"n": value})
    assert found is None or (found[0]["x"] == found[1]["value"]).all()
    number += 1
print(cache.problem)
"""


def check_all(folder):
    """Every entry that is there is whole; gives how many there are."""
    there = 0
    for value in range(5):
        cache = Cache(folder)
        if cache.path({"n": value}).exists():
            found = cache.read({"n": value})
            assert found is not None
            assert (found[0]["x"] == value).all()
            there += 1
    return there


def test_two_processes_and_their_threads_write_the_same(tmp_path):
    folder = tmp_path / "cache"
    others = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), "60"], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    cache = Cache(folder)

    def write():
        for number in range(60):
            cache.write({"n": number % 5}, {"x": np.full(50_000, number % 5)}, {"value": number % 5})
            assert cache.read({"n": number % 5}) is not None

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        assert other.communicate(timeout=60)[0].split() == ["ready", "None"]
        assert other.returncode == 0
    assert check_all(folder) == 5
    assert len(files_of(folder)) == 5
    assert cache.problem is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's signals and files")
def test_killed_writers_leave_whole_entries_and_nothing_that_grows(tmp_path):
    for delay in (0.0, 0.007, 0.019, 0.031):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
        try:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(delay)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        check_all(tmp_path)
    left = [path for path in files_of(tmp_path) if path.name.startswith(".")]
    for path in left:
        os.utime(path, (0, 0))
    Cache(tmp_path).trim()
    assert not [path for path in files_of(tmp_path) if path.name.startswith(".")]
    assert check_all(tmp_path) == len(files_of(tmp_path))


def test_what_killed_writers_left_is_removed_when_it_is_old(cache):
    cache.write(KEY, ARRAYS, VALUE)
    name = cache.path(KEY).stem[:40]
    old, young = (cache.path(KEY).with_name(f".{name}-{i}.safetensors") for i in (1, 2))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.trim()
    assert files_of(cache.folder) == sorted([cache.path(KEY), young])


def filled(folder, number=20, **settings):
    """Entries of one size, the first used longest ago."""
    cache = Cache(folder, **settings)
    for i in range(number):
        cache.write(i, {"x": np.zeros(1000, np.uint8)}, {})
        os.utime(cache.path(i), (1000 + i, 1000 + i))
    size = cache.path(0).stat().st_size
    return cache, size


def test_the_limit(tmp_path):
    cache, size = filled(tmp_path / "a")
    cache.limit = 20 * size
    assert cache.trim() == 0
    assert len(files_of(cache.folder)) == 20
    assert cache.read(0) is not None  # it counts as used now
    cache.limit = 10 * size
    removed = cache.trim()
    assert removed == 11 * size  # down to nine tenths of the limit
    there = [i for i in range(20) if cache.path(i).exists()]
    assert there == [0, *range(12, 20)]
    assert cache.trim() == 0
    assert Cache(cache.folder, limit=0).trim() == 9 * size
    assert files_of(cache.folder) == []


def test_nothing_but_entries_is_ever_removed(tmp_path):
    cache, _ = filled(tmp_path)
    mine = [
        tmp_path / "letter.txt",
        tmp_path / "ab" / "notes.txt",
        tmp_path / "ab" / "model.safetensors",
        tmp_path / "ab" / ".hidden",
        tmp_path / "photos" / f"{'0' * 64}.safetensors",
        tmp_path / f"{'0' * 64}.safetensors",
    ]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 10_000)
        os.utime(path, (0, 0))
    cache.limit = 0
    cache.trim()
    assert files_of(tmp_path) == sorted(mine)


def test_two_that_trim_at_once(tmp_path):
    cache, size = filled(tmp_path, 200)
    cache.limit = 100 * size
    threads = [threading.Thread(target=Cache(tmp_path, limit=cache.limit).trim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [i for i in range(200) if cache.path(i).exists()] == list(range(110, 200))


def test_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FOVEAL_CACHE", str(tmp_path / "x y"))
    assert user_cache().folder == tmp_path / "x y"
    assert user_cache().limit == 2_000_000_000
    assert not (tmp_path / "x y").exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOVEAL_CACHE", "here")
    relative = user_cache()
    monkeypatch.chdir("/")
    assert relative.folder == tmp_path / "here"
    for off in ("", "off", " OFF "):
        monkeypatch.setenv("FOVEAL_CACHE", off)
        assert user_cache() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="where it is on Linux")
def test_the_users_folder_where_none_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("FOVEAL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache().folder == tmp_path / "foveal"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache().folder == tmp_path / ".cache" / "foveal"
    monkeypatch.setenv("FOVEAL_CACHE", "~/kept")
    assert user_cache().folder == tmp_path / "kept"


def test_tests_have_a_cache_of_their_own(tmp_path_factory):
    program = "from foveal.files import user_cache; print(user_cache().folder)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert Path(run.stdout.strip()).is_relative_to(tmp_path_factory.getbasetemp())
