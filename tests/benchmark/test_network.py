"""A benchmark of tiny networks, whole, with and without PyTorch."""

import json
import sys

import numpy as np
import pytest

from foveal.benchmark import Network, benchmark_networks
from foveal.benchmark import network as module
from foveal.errors import FovealError, SettingError

IMAGES = Network(
    "tiny",
    "tiny CNN",
    (6, 5, 3),
    4,
    (
        ("Conv2d", (3, 4, 3), {"padding": 1}), ("ReLU", (), {}), ("MaxPool2d", (2,), {}),
        ("Flatten", (), {}), ("Linear", (3 * 2 * 4, 3), {}),
    ),
    classes=3,
)  # fmt: skip
FEATURES = Network("flat", "tiny MLP", (7,), 5, (("Linear", (7, 3), {}),), classes=3)


@pytest.fixture
def without_pytorch(monkeypatch):
    monkeypatch.setattr(module, "find_packages", lambda python, program: {"numpy": "2"})


@pytest.mark.slow
def test_beside_pytorch(tmp_path):
    torch = pytest.importorskip("torch")
    found = benchmark_networks([IMAGES, FEATURES], steps=2, repeats=2, pause=0.0, compile_time=False)
    assert [(t.network, t.title) for t in found.tasks] == [
        (name, title)
        for name, batch in (("tiny CNN", 4), ("tiny MLP", 5))
        for title in (f"training step, batch {batch}", "inference, batch 1", "inference, batch 32")
    ]
    assert found.versions["torch"] == torch.__version__
    for task in found.tasks:
        assert task.difference < 1e-5
        assert {t.way for t in task.peers} == (
            {"channels_last", "contiguous"} if "CNN" in task.network else {"contiguous"}
        )
        assert task.ratio == task.peer.seconds / task.ours.seconds > 0
        assert task.peer.seconds == min(t.seconds for t in task.peers)
        assert (task.ours is task.engine) == (task.kind == "training")
        assert task.ours.quartiles[0] <= task.ours.seconds <= task.ours.quartiles[1]
        assert task.ours.choice in ("engine", "onnxruntime")
    assert (found.absent, found.notes, found.first_step) == ({}, (), None)
    found.write(tmp_path)
    written = json.loads((tmp_path / "benchmark.json").read_text())
    assert written["tasks"][0]["ratio"] == pytest.approx(found.tasks[0].ratio, rel=1e-5)
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")
    assert "| tiny MLP | inference, batch 32 |" in (tmp_path / "benchmark.md").read_text()


def test_results_that_differ_are_told(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(module, "TOLERANCE", -1.0)
    found = benchmark_networks([FEATURES], steps=1, repeats=1, pause=0.0, compile_time=False)
    assert len(found.notes) == 3
    assert found.notes[0].startswith("tiny MLP, training step, batch 5: results differ from PyTorch's")


def test_ours_alone(without_pytorch, tmp_path):
    found = benchmark_networks([FEATURES], steps=2, repeats=1, pause=0.0)
    assert all(t.ratio is None and t.peers == () and t.ours.seconds > 0 for t in found.tasks)
    assert found.memory[0].ratio is None
    if sys.platform == "linux":
        assert found.memory[0].ours_process > 10 * 2**20
    # A fresh cache compiles; a second process finds it.
    assert found.first_step > 2 * found.first_step_again
    sentences = found.describe()
    assert any('pip install "foveal[bench]"' in s and "Foveal's alone" in s for s in sentences)
    assert any(s.startswith("The first training step of a new installation") for s in sentences)
    found.write(tmp_path)
    assert json.loads((tmp_path / "benchmark.json").read_text())["tasks"][0]["ratio"] is None


def test_memory_of_a_step(without_pytorch):
    if sys.platform != "linux":
        pytest.skip("only Linux tells")
    wide = Network("wide", "wide", (64, 64, 8), 8, (("ReLU", (), {}), ("AdaptiveAvgPool2d", (1,), {}),
                   ("Flatten", (), {}), ("Linear", (8, 3), {})), classes=3)  # fmt: skip
    (memory,) = benchmark_networks([wide], steps=1, repeats=1, pause=0.0, compile_time=False).memory
    images = 8 * 64 * 64 * 8 * np.float32().itemsize
    assert images <= memory.ours < 20 * images


def test_what_a_worker_says_is_raised(without_pytorch):
    broken = Network("broken", "broken", (7,), 2, (("Linear", (7, 3), {}),), classes=9)
    with pytest.raises(FovealError, match="Foveal failed: "):
        benchmark_networks([broken], steps=1, repeats=1, compile_time=False)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"repeats": 0}])
def test_settings_that_cannot_be(wrong):
    with pytest.raises(SettingError, match="is at least 1; got 0"):
        benchmark_networks([FEATURES], **wrong)
