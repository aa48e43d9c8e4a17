import csv
import io

import pytest

import foveal
from foveal.errors import SettingError
from foveal.runs import TensorBoard, curves, curves_of, write_tensorboard

EVENTS = [
    {"event": "stage_start", "stage": "training"},
    {"event": "losses", "step": 2, "seconds": 0.5, "rpn_class": 0.7},
    {"event": "epoch", "epoch": 1, "epochs": 2, "step": 4, "loss": 0.5, "accuracy": None, "kept": True},
    {"event": "epoch", "epoch": 2, "epochs": 2, "step": 8, "loss": 0.25, "accuracy": 0.75, "kept": False},
]


def test_a_row_each_time_that_figures_are_told():
    assert curves_of(EVENTS) == [
        {"step": 2, "seconds": 0.5, "rpn_class": 0.7},
        {"epoch": 1, "step": 4, "loss": 0.5},
        {"epoch": 2, "step": 8, "loss": 0.25, "accuracy": 0.75},
    ]
    assert curves_of([]) == []


def test_an_epoch_that_is_told_again_counts_once():
    again = {**EVENTS[2], "loss": 0.4}
    assert [row["loss"] for row in curves_of([EVENTS[2], again])] == [0.4]
    others = [{**again, "candidate": name} for name in ("cnn", "mlp")]
    assert len(curves_of(others)) == 2


def test_a_table():
    rows = list(csv.DictReader(io.StringIO(curves.curves_text(curves_of(EVENTS)))))
    assert list(rows[0]) == ["epoch", "step", "seconds", "rpn_class", "loss", "accuracy"]
    assert rows[1]["rpn_class"] == ""
    assert float(rows[2]["accuracy"]) == 0.75


@pytest.fixture(scope="module")
def network_run(color_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("curves") / "run"
    return foveal.train(color_folder, model="mlp", epochs=3, image_size=8, width=8, out=out, progress=False)


def test_a_run_has_its_curves_beside_it(network_run, color_run):
    rows = list(csv.DictReader(io.StringIO(network_run.folder.curves_file.read_text(encoding="utf-8"))))
    assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
    assert all(float(row["loss"]) > 0 for row in rows)
    # A support vector machine learns by none.
    assert not color_run.folder.curves_file.exists()


@pytest.mark.parametrize("package", ["tensorboardX", "tensorboard"])
def test_events_for_tensorboard(network_run, package, tmp_path, monkeypatch):
    pytest.importorskip(package)
    monkeypatch.setattr(curves, "find_spec", lambda name: name == package or None)
    folder = write_tensorboard(network_run.folder.path, tmp_path / "board")
    (file,) = folder.iterdir()
    content = file.read_bytes()
    for name in (b"loss", b"validation_loss", b"learning_rate", b"accuracy"):
        # Once an epoch.
        assert content.count(b"\x0a" + bytes([len(name)]) + name) == 3


def test_without_the_package_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(curves, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match="pip install tensorboardX"):
        TensorBoard(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_without_curves_is_told(color_run):
    with pytest.raises(SettingError, match="does not learn by epochs"):
        write_tensorboard(color_run.folder.path)
