"""``foveal benchmark network``: what it hands on, what it prints, what it refuses."""

import json
import sys

import pytest

import foveal.benchmark
from foveal import cli
from foveal.benchmark import Machine, MemoryFigures, NetworkBenchmark, TaskFigures, Times


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["foveal", "benchmark", "network", *map(str, words)])
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

    def fake(networks, **options):
        options.pop("callbacks")
        calls.append((networks, options))
        engine = Times("engine", 0.004, (0.003, 0.005), "engine")
        ours = Times("fastest", 0.002, (0.002, 0.002), "onnxruntime")
        peers = (Times("channels_last", 0.003, (0.003, 0.003), "channels_last"),
                 Times("contiguous", 0.012, (0.01, 0.02), "contiguous"))  # fmt: skip
        return NetworkBenchmark(
            tasks=(TaskFigures("small CNN", "inference", 32, engine, ours, peers, 2e-7),),
            memory=(MemoryFigures("small CNN", 64, 30 * 2**20, 60 * 2**20, 2**28, 2**29),),
            first_step=21.0, first_step_again=0.5, versions={"foveal": "1", "torch": "2"},
            settings={"steps": 3, "repeats": 4, "threads": 2}, absent={}, notes=("A note.",),
            machine=Machine("a cpu", 2, "Linux", "3.12", 2.5, 2.5, None, 1.0),
        )  # fmt: skip

    monkeypatch.setattr(foveal.benchmark, "benchmark_networks", fake)
    return calls


def test_options_are_handed_on(run, asked):
    words = ["--networks", "cnn, mlp", "--steps", 3, "--repeats", 4, "--peers-python", "p", "--seed", 5]
    assert run(*words)[0] == 0
    ((networks, options),) = asked
    assert networks == ("cnn", "mlp")
    assert str(options.pop("peers_python")) == "p"
    assert options == {"steps": 3, "repeats": 4, "random_state": 5}
    run()
    assert asked[1][0] == ("cnn", "mobilenet", "mlp")


def test_what_is_printed(run, asked):
    status, out, _ = run()
    assert status == 0
    row = next(line for line in out.splitlines() if line.startswith("small CNN  inference, batch 32"))
    # PyTorch at its better format: 3 ms against our 2, and against the engine's 4.
    words = ["1.50×", "0.75×", "2.00", "ONNX", "Runtime", "4.00", "3.00", "channels", "last", "12.0"]
    assert row.split()[5:] == words
    assert "0.50×" in out
    assert "Warning: The load average was 2.50" in out
    assert "takes 21.0 s longer" in out
    assert "A note." in out


def test_json_alone_and_files(run, asked, tmp_path):
    status, out, err = run("--json", "--out", tmp_path / "new")
    assert (status, err) == (0, "")
    assert json.loads(out)["tasks"][0]["engine_ratio"] == 0.75
    assert {p.name for p in (tmp_path / "new").iterdir()} == {
        "benchmark.json", "benchmark.md", "ratios.png", "ratios.svg",
    }  # fmt: skip
    assert "not an empty folder" in run("--out", tmp_path / "new")[2]


def test_a_mistake_is_one_sentence(run):
    status, out, err = run("--networks", "cnn,vgg")
    assert (status, out) == (2, "")
    assert err.strip().splitlines()[-1].startswith("foveal: There is no network 'vgg'; there are cnn,")
