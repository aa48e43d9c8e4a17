"""What verbs say of a stranger's names, on standard output of any encoding."""

import io
import json
import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from foveal import cli
from foveal.cli.output import say, spelled

# As folders and files may be called.
NAMES = (
    "\x1b[31mred\x07", "a\u202eb\u2028c", "=cmd()|x", "font: 9px 'x", "$x^2$[bold]\\", "caf\udce9",
    "[link=a]<b>&\"'", "new\nline\ttab", "\x85\x9b31m 猫",
)  # fmt: skip
ENCODINGS = ["utf-8", "cp1252", "latin-1", "ascii"]


@pytest.fixture(scope="module")
def odd_folder(tmp_path_factory):
    """Six noisy squares a class."""
    root = tmp_path_factory.mktemp("odd") / "d\udce9 [bold]"
    rng = np.random.default_rng(0)
    for k, name in enumerate(NAMES):
        (root / name).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(0, 60, (16, 16, 3), dtype=np.uint8)
            pixels[..., k % 3] += np.uint8(60 + 15 * k)
            with (root / name / f"{i}{NAMES[(k + i) % len(NAMES)]}.png").open("wb") as file:
                Image.fromarray(pixels).save(file, "PNG")
    return root


@pytest.fixture(scope="module")
def odd_run(odd_folder, tmp_path_factory):
    from foveal.runs import train

    settings = {"features": "pixels", "linear_C": (1.0,), "rbf_C": (), "image_size": 8}
    return train(odd_folder, model="svm", out=tmp_path_factory.mktemp("runs") / "r\udcff", settings=settings)


@pytest.fixture
def run(monkeypatch):
    """Run the command line in this process on streams of an encoding; its status and what it wrote."""

    def call(encoding, *words):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            patch.setattr(sys, "argv", ["foveal", *map(str, words)])
            with pytest.raises(SystemExit) as end:
                cli.main()
            for stream in streams:
                stream.flush()
        out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)
        assert "Traceback" not in err
        for text in (out, err):
            assert not set("\x1b\x07\x85\x9b\u202e\u2028\t\r") & set(text)
        return end.value.code or 0, out, err

    return call


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_verb_says_names_of_any_letters(run, encoding, odd_folder, odd_run, tmp_path):
    path = odd_run.folder.path
    status, out, _ = run(encoding, "doctor", odd_folder)
    assert status == 1
    assert r"\x1b[31mred\x07 6, " in out
    status, out, _ = run(encoding, "predict", path, odd_folder, "--out", tmp_path / "p")
    assert status == 0
    # One line a file.
    assert len(out.splitlines()) == 6 * len(NAMES)
    assert r"d\xe9 [bold]/new\nline\ttab/0new\nline\ttab.png: " in out
    assert r"$x^2$[bold]\/" in out
    assert ("猫" if encoding == "utf-8" else r"\u732b") in out
    status, out, _ = run(encoding, "evaluate", path, odd_folder)
    assert status == 0
    assert r"precision/a\u202eb\u2028c" in out
    assert run(encoding, "explain", path, odd_folder / NAMES[0], "--out", tmp_path / "e\udcfe")[0] == 0
    files = sorted((odd_folder / NAMES[1]).iterdir())
    status, out, err = run(encoding, "propose", *files[:1], "--mode", "single", "--out", tmp_path / NAMES[3])
    assert status == 0
    assert shlex.quote(str(tmp_path / NAMES[3])) in err
    status, _, err = run(
        encoding, "predict", path, odd_folder / "\x1b]8;;a\x07gone [bold]…", "--out", tmp_path / "g"
    )
    assert status == 2
    assert r"\x1b]8;;a\x07gone [bold]" in err
    (tmp_path / f"{NAMES[0]}.png").write_bytes(b"no image")
    status, _, err = run(encoding, "predict", path, tmp_path / f"{NAMES[0]}.png", "--out", tmp_path / "u")
    assert status == 1
    assert r"\x1b[31mred\x07.png" in err


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_json_in_every_encoding(run, encoding, odd_folder, odd_run, tmp_path):
    words = [odd_run.folder.path, odd_folder, "--out", tmp_path / "p", "--json"]
    status, out, _ = run(encoding, "predict", *words)
    assert status == 0
    results = json.loads(out)["results"]
    # A program that reads the answers finds the files.
    assert all(os.path.exists(result["file"]) for result in results)  # noqa: PTH110
    assert set(results[0]["probabilities"]) == {*NAMES} - {NAMES[5]} | {r"caf\xe9"}
    assert json.loads((tmp_path / "p/predictions.json").read_text("utf-8")) == results


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("verb", [
    (), ("demo",), ("doctor",), ("propose",), ("prepare",), ("train",), ("evaluate",), ("predict",),
    ("export",), ("explain",), ("benchmark",), ("benchmark", "network"),
])  # fmt: skip
def test_help_in_every_encoding(run, encoding, verb):
    status, out, err = run(encoding, *verb, "--help")
    assert (status, err) == (0, "")
    assert "Usage" in out
    # Lines and ellipses have their likeness.
    assert r"\u2" not in out


def test_a_mistaken_command(run):
    for words in (["\x1b[31m\u202e"], ["--\x1b[31m\u202e"], ["train", "--\x1b[31m\u202e"]):
        status, out, err = run("utf-8", *words)
        assert (status, out) == (2, "")
        assert r"\x1b[31m\u202e" in err


def test_redirected(odd_folder):
    """A process of its own, whose streams are strict."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(
        [sys.executable, "-m", "foveal", "doctor", odd_folder],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert rb"\x1b[31mred\x07 6" in done.stdout
    assert done.stdout.isascii()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text", ["a\\", "a\\\\", "\\[b]", "x\\\\\\", "a\\[", "[/]", "[/b]", "[link=a]b", "[@click=f]", ":smile:"]
)
def test_no_markup_in_what_is_said(capsys, text):
    say(spelled(text, "bold"), f" {text}", text, to_output=True)
    assert capsys.readouterr().out == f"{text} {text}{text}\n"
