"""A few disturbances of the harness that can be run for hours."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

CASES = ["propose", "train-mlp", "prepare"]


def harness():
    """The script beside this file."""
    place = Path(__file__).with_name("kills.py")
    spec = importlib.util.spec_from_file_location("kills", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules["kills"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_killed_and_stopped_at_random_moments(tmp_path):
    kills = harness()
    done = kills.disturb_all(tmp_path / "kills", CASES, number=12, seed=0, quick=True)
    assert done.failures == []
    assert sum(done.counts.values()) == 12


def test_every_verb_that_writes_is_disturbed():
    from foveal import cli
    from foveal.models import MODELS

    kills = harness()
    verbs = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    disturbed = {name.partition("-")[0] for name in kills.CASES}
    # The demo is trainings that are disturbed one by one; the list of runs writes nothing.
    assert disturbed == verbs - {"demo", "runs"}
    assert {f"train-{model}" for model in MODELS} <= kills.CASES.keys()


def test_what_is_cut_off_is_seen(tmp_path):
    kills = harness()
    for name, content in {"a.json": "[1", "b.jsonl": '{"a": 1}\n{"b"', "c.html": "<html>", "d.toml": "a = ",
                          "e.safetensors": "12", "f.png": "", "g.csv": "a,b"}.items():  # fmt: skip
        (tmp_path / name).write_text(content)
        assert kills.what_is_wrong_with(tmp_path / name).startswith(name)
