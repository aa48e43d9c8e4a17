"""Where what is compiled is kept, and what happens where it cannot be."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from foveal import compiling, kernels

MODULE = """
from foveal.kernels import njit

@njit(cache=True, nogil=True)
def twice(x):
    return 2 * x
"""
PROGRAM = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
from foveal import compiling
import doubling
before = compiling.is_compiled("doubling", "twice")
print(before, doubling.twice(4), compiling.is_compiled("doubling", "twice"))
"""


@pytest.fixture
def doubling(tmp_path, monkeypatch):
    """A module with a kernel, which is imported anew."""
    (tmp_path / "doubling.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "doubling", raising=False)
    monkeypatch.setattr(compiling, "_not_kept", [])
    monkeypatch.setattr(compiling, "_said", [])
    kernels._folder.cache_clear()
    return lambda: importlib.import_module("doubling")


@pytest.fixture
def run(doubling, tmp_path):
    def call():
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
        words = [sys.executable, "-c", PROGRAM]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout

    return call


def test_in_memory_where_no_folder_is(doubling, monkeypatch, caplog):
    from numba.core import caching

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    module = doubling()
    assert not compiling.is_compiled("doubling", "twice")
    assert compiling._announced.__wrapped__("twice", "doubling", "twice")
    assert module.twice(3) == 6
    assert compiling.is_compiled("doubling", "twice")
    # Another process could not give it to this one.
    assert not compiling._may_share()
    (record,) = caplog.records
    assert "anew in every process" in record.getMessage()
    assert "FOVEAL_CACHE" in record.getMessage()


def test_in_the_users_cache_where_the_code_cannot_be_written_to(doubling, tmp_path, monkeypatch):
    from numba.core import config

    cache = tmp_path / "cache"
    monkeypatch.setenv("FOVEAL_CACHE", str(cache))
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr(kernels, "is_writable", lambda folder: cache in folder.parents)
    module = doubling()
    assert Path(module.twice.stats.cache_path).parent == cache / "numba"
    # What others decorate is their own affair.
    assert config.CACHE_DIR == ""
    kernels._folder.cache_clear()


def test_beside_the_code_where_it_can_be_written_to(doubling, tmp_path, monkeypatch):
    from numba.core import config

    monkeypatch.setattr(config, "CACHE_DIR", "")
    assert Path(doubling().twice.stats.cache_path) == tmp_path / "__pycache__"


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"nonsense"])
def test_what_is_kept_and_damaged_is_made_again(run, tmp_path, suffix, content):
    assert run() == "False 8 True\n"
    (file,) = (tmp_path / "numba").rglob(f"*.{suffix}")
    file.write_bytes(content)
    first = run()
    assert " 8 " in first
    assert first.count("\n") <= 2
    assert "Traceback" not in first


def test_what_cannot_be_written_is_told_once(doubling, monkeypatch, caplog):
    from numba.core import caching

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    module = doubling()
    compiling._say("it")
    assert (module.twice(1), module.twice(1.5)) == (2, 3.0)
    assert [record.getMessage().count("FOVEAL_CACHE") for record in caplog.records] == [0, 1]
