"""``foveal benchmark selective-search``: what it hands on, what it prints, what it refuses."""

import json
import sys

import pytest

import foveal.benchmark
from foveal import cli
from foveal.benchmark.machine import Machine
from foveal.benchmark.selective_search_results import SelectiveSearchBenchmark


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", "benchmark", "selective-search", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return end.value.code or 0, out, err

    return call


@pytest.fixture
def asked(monkeypatch):
    """What the library was asked for, in place of a measurement."""
    calls = []

    def fake(data, **options):
        options.pop("callbacks")
        calls.append((data, options))
        machine = Machine("a cpu", 2, "Linux", "3.12", 2.5, 2.5, None, 1.0)
        return SelectiveSearchBenchmark(
            source="[bold]here", images=1, objects=0, size=(4, 5), settings={"repeats": 1}, machine=machine,
            proposals=(), segmentations=(), absent={"dlib-bin": "pip install dlib-bin"}, notes=("A note.",),
        )  # fmt: skip

    monkeypatch.setattr(foveal.benchmark, "benchmark_selective_search", fake)
    return calls


def test_options_are_handed_on(run, asked, tmp_path):
    words = ["photos", "--mode", "fast", "--images", 7, "--quality-images", 2, "--repeats", 3]
    words += ["--peers-python", "peers/bin/python", "--seed", 5, "--format", "voc"]
    assert run(*words)[0] == 0
    (data, options), = asked  # fmt: skip
    assert str(data) == "photos"
    assert str(options.pop("peers_python")) == "peers/bin/python"
    assert options == {
        "modes": ("fast",), "images": 7, "quality_images": 2, "repeats": 3, "random_state": 5,
        "format": "voc",
    }  # fmt: skip
    run()
    assert asked[1][1]["modes"] == ("single", "fast", "quality")
    assert asked[1][0] is None


def test_what_is_printed(run, asked):
    status, out, _ = run("photos")
    assert status == 0
    for words in (
        "Warning: The load average was 2.50",
        "1 picture of [bold]here",
        "pip install dlib-bin",
        "A note.",
    ):
        assert words in out
    assert "adjusted Rand" in out


def test_json_alone(run, asked):
    status, out, err = run("photos", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["absent"] == {"dlib-bin": "pip install dlib-bin"}


def test_files(run, asked, tmp_path):
    assert run("photos", "--out", tmp_path / "new")[0] == 0
    assert (tmp_path / "new" / "benchmark.json").is_file()
    status, _, err = run("photos", "--out", tmp_path / "new")
    assert status == 2
    assert "not an empty folder" in err
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--mode", "fats"], "There is no mode 'fats' to measure; there are single, fast, quality and all."),
        (["nowhere"], "There is no folder or file nowhere."),
        (
            ["--peers-python", "nowhere/python"],
            "nowhere/python cannot be run (No such file or directory): name",
        ),
    ],
)
def test_mistakes_are_one_sentence(run, words, sentence):
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.strip().splitlines()[-1].startswith(f"foveal: {sentence}")


def test_help(run):
    status, out, _ = run("--help")
    assert status == 0
    assert "Example: foveal benchmark selective-search" in out
