"""A run folder that a stranger has made, or that was damaged: refused by a sentence wherever it is used."""

import json
import shutil

import pytest
import tomli_w

from foveal.errors import FovealError, ModelFileError
from foveal.runs import evaluate_run, resume, retrain, train
from foveal.runs.folder import RunFolder, read_config


@pytest.fixture(scope="module")
def finished(color_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "colors"
    return train(color_folder, model="logistic", out=out, settings={"iterations": 5}).folder


@pytest.fixture
def broken_off(finished, tmp_path):
    """The run as it was before its report."""
    shutil.copytree(finished.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.report_file.unlink()
    return folder


def test_what_is_whole_is_gone_on_with(broken_off):
    before = broken_off.read_log()
    assert resume(broken_off.path).folder.finished
    assert broken_off.read_log()[: len(before)] == before


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("model", 3),
        ("model", "pickle"),
        ("seed", -1),
        ("seed", "0"),
        ("seed", True),
        ("settings", []),
        ("settings", {"iterations": "many"}),
        ("settings", {"iterations": {"a": {"b": 1}}}),
        ("settings", {"image_size": 10**9}),
        ("data", "here"),
        ("data", {"path": 3, "digest": "x"}),
        ("data", {"path": "/dev/zero", "digest": "x"}),
        ("data", {"path": "a\0b", "digest": "x"}),
        ("data", {"path": "a" * 10_000, "digest": "x"}),
        ("split", {"train": [[1]], "test": 4}),
        ("split", 3),
        ("chosen", [1]),
        ("resolved", "x"),
        ("version", 3),
    ],
)
def test_a_config_that_cannot_be(place, value, broken_off, color_folder):
    config = {**broken_off.read_config(), place: value}
    broken_off.config_file.write_text(tomli_w.dumps(config))
    broken_off.model_file.unlink()
    with pytest.raises(FovealError) as caught:
        resume(broken_off.path)
    assert len(str(caught.value)) < 20_000
    with pytest.raises(FovealError) as caught:
        retrain(broken_off.path, out=broken_off.path.with_name("new"))
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize("place", ["model", "seed", "settings", "data", "split"])
def test_a_config_that_lacks_something(place, broken_off, color_folder):
    config = {key: value for key, value in broken_off.read_config().items() if key != place}
    broken_off.config_file.write_text(tomli_w.dumps(config))
    if place != "split":
        with pytest.raises(ModelFileError, match=f"it lacks '{place}'"):
            resume(broken_off.path)
    # The model is whole, and its figures can be measured all the same.
    assert evaluate_run(broken_off.path, color_folder)["accuracy"] > 0


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a = " + "[" * 5000, "a = 1" + "0" * 5000, "\xff", "a =", "", "a.b.c" * 100]
)
def test_a_config_that_is_no_toml(text, tmp_path):
    (tmp_path / "config.toml").write_text(text, encoding="latin-1")
    if text:
        with pytest.raises(ModelFileError, match=r"config\.toml"):
            read_config(tmp_path)
    with pytest.raises(ModelFileError, match=r"config\.toml"):
        resume(tmp_path)


def test_a_config_of_a_great_size(tmp_path):
    with (tmp_path / "config.toml").open("wb") as file:
        file.truncate(2 * 10**9)
    with pytest.raises(ModelFileError, match=r"2\.0 GB"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "3",
        "{}",
        '{"event": 3}',
        '{"event": "note"}',
        '{"event": "note", "text": [1]}',
        '{"event": "epoch", "epoch": 1}',
        '{"event": "stage_start", "stage": {"a": 1}}',
        '{"event": "sweep", "parameter": 1, "value": 1, "iteration": 1, "loss": 1}',
        "[" * 100_000,
        '{"event": "note", "text": "\\ud800"}x',
    ],
)
def test_a_log_with_a_line_that_is_no_event(line, broken_off):
    lines = broken_off.log_file.read_text().split("\n")
    broken_off.log_file.write_text("\n".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(ModelFileError, match=r"log\.jsonl is damaged: line 3"):
        broken_off.read_log()
    with pytest.raises(ModelFileError, match=r"log\.jsonl is damaged: line 3"):
        resume(broken_off.path)


def test_a_last_line_that_was_not_written_whole(broken_off):
    before = broken_off.read_log()
    with broken_off.log_file.open("a") as file:
        file.write('{"event": "note", "te')
    assert broken_off.read_log() == before
    resume(broken_off.path)
    assert broken_off.read_log()[: len(before)] == before


def test_lines_end_at_newlines_alone(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    texts = ["a\u2028b", "c\u0085d", "e\x0bf\x0cg", "h\ni", "j\r\nk"]
    for text in texts:
        folder.log({"event": "note", "text": text})
    assert [event["text"] for event in folder.read_log()] == texts


def test_an_event_of_a_later_version(broken_off):
    event = {"event": "colour", "of": ["anything", {"at": "all"}]}
    with broken_off.log_file.open("a") as file:
        file.write(json.dumps(event) + "\n")
    assert broken_off.read_log()[-1] == event
    assert resume(broken_off.path).folder.finished
