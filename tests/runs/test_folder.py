import csv
import json
import threading

import numpy as np
import pytest

from foveal.errors import ModelFileError
from foveal.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path):
    return RunFolder.create(tmp_path / "deep" / "run")


def test_config_comes_back(run):
    config = {
        "seed": 0,
        "text": 'signs: " \\ é 中 \n = [x]',
        "settings": {"C": 0.1, "rates": (0.1, 1.0), "none": None, "flip": True},
        "split": {"test": [1, 2], "validation": []},
        "data": {"asked_format": None, "classes": ["a<b>", "c.d", "e f"]},
    }
    run.write_config(config)
    assert run.config_file.read_text(encoding="utf-8").startswith("# A run of Foveal")
    again = run.read_config()
    assert again["text"] == config["text"]
    assert again["settings"] == {"C": 0.1, "rates": [0.1, 1.0], "flip": True}
    assert again["split"] == config["split"]
    assert again["data"] == {"classes": ["a<b>", "c.d", "e f"]}
    assert RunFolder.open(run.path) == run


def test_no_run(tmp_path, run):
    with pytest.raises(ModelFileError, match="is not a run folder"):
        RunFolder.open(tmp_path)
    with pytest.raises(ModelFileError, match="is not a run folder"):
        RunFolder.open(tmp_path / "gone")
    run.config_file.write_text("= no toml")
    with pytest.raises(ModelFileError, match="is not TOML any more"):
        run.read_config()


def test_log_grows_by_whole_lines(run):
    assert run.read_log() == []
    run.log({"event": "note", "text": "é\n中"})
    run.log({"event": "progress", "stage": "x", "done": 1, "total": 2})
    threads = [
        threading.Thread(target=lambda i=i: [run.log({"event": "note", "text": f"{i} " * 500})] * 3)
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = run.read_log()
    assert len(events) == 9
    assert events[0] == {"event": "note", "text": "é\n中"}
    assert all(len(set(e["text"].split())) == 1 for e in events[1:])


def test_metrics_and_results(run):
    run.write_metrics({"AP50": 0.5})
    run.write_results([{"image_id": 1}])
    assert json.loads(run.metrics_file.read_text()) == {"AP50": 0.5}
    assert json.loads((run.path / "predictions.json").read_text()) == [{"image_id": 1}]
    assert not run.finished
    with pytest.raises(ValueError, match="not JSON compliant"):
        run.write_metrics({"AP50": float("nan")})
    # What could not be written has not harmed what was there.
    assert json.loads(run.metrics_file.read_text()) == {"AP50": 0.5}


def test_probabilities(run):
    run.write_probabilities(
        ["a,b.png", 'c"d.png'], ["x,y", "z"], ["x,y", "z"], np.array([[0.75, 0.25], [0.1, 0.9]])
    )
    with (run.path / "predictions.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["file", "truth", "prediction", "x,y", "z"],
        ["a,b.png", "x,y", "x,y", "0.750000", "0.250000"],
        ['c"d.png', "z", "z", "0.100000", "0.900000"],
    ]


# What str.splitlines takes for the end of a line, too.
ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def test_a_line_of_the_log_ends_at_its_end_alone(run):
    events = [{"event": "note", "text": f"a{sign}b\udce9"} for sign in ENDS]
    for event in events:
        run.log(event)
    assert len(run.log_file.read_bytes().splitlines()) == len(events)
    assert len(run.log_file.read_text(encoding="utf-8").splitlines()) == len(events)
    assert run.read_log() == events
    # As versions before wrote it.
    text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    run.log_file.write_bytes(text.encode("utf-8", "backslashreplace"))
    assert run.read_log() == events
    run.log({"event": "note", "text": "one more"})
    assert len(run.read_log()) == len(events) + 1


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1", "@sum", "\tx", "\rx", "\nx", "＝1"])
def test_no_formula_in_a_table_for_people(run, name):
    run.write_probabilities([f"{name}.png", "a.png"], [name, "b"], [name, "b"], np.eye(2))
    with (run.path / "predictions.csv").open(encoding="utf-8", newline="") as file:
        head, first, second = csv.reader(file)
    assert head == ["file", "truth", "prediction", f"'{name}", "b"]
    assert first == [f"'{name}.png", f"'{name}", f"'{name}", "1.000000", "0.000000"]
    assert second[:3] == ["a.png", "b", "b"]
