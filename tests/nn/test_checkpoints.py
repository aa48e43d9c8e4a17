import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from foveal import nn
from foveal.errors import ModelFileError, SettingError, TrainingDiverged
from foveal.files import read_container, write_container
from foveal.nn.checkpoints import TrainingState


class Noise(nn.Module):
    """Draws in training, as dropout does, and has a running mean, as batch normalisation does."""

    buffer_names = ("mean", "seen")

    def __init__(self):
        self.generator = np.random.default_rng(0)
        self.mean = np.zeros(16, np.float32)
        self.seen = np.array(0, np.int64)

    def forward(self, x):
        if not self.training:
            return x - self.mean
        self.mean[...] = 0.9 * self.mean + 0.1 * x.mean(axis=0)
        self.seen += 1
        return x + self.generator.normal(size=x.shape).astype(np.float32) * 0.1

    def backward(self, grad, *, needs_input_grad=True):
        return grad


class InterruptedHereError(Exception):
    pass


def jitter(x, y, rng):
    return x + rng.normal(size=x.shape).astype(np.float32) * 0.05, y


def trained(checkpoint=None, *, interrupt_at=None, pause=0.0, seed=0, **settings):
    """A training that has everything; an interruption comes in the middle of a step."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), rng.integers(3, size=60)
    network = nn.Sequential(
        nn.Linear(4, 16, random_state=seed),
        nn.BatchNorm1d(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        Noise(),
        nn.Linear(16, 3, random_state=seed),
    )
    optimizer = nn.AdamW(network.parameters(), lr=0.03)
    cross_entropy = nn.CrossEntropyLoss()
    steps = 0

    def loss(output, target):
        nonlocal steps
        if network.training:
            steps += 1
            time.sleep(pause)
            if steps == interrupt_at:
                raise InterruptedHereError
        return cross_entropy(output, target)

    settings = {
        "epochs": 3.5,
        "validation": (x[:20], y[:20]),
        "early_stopping": 2,
        "ema_decay": 0.9,
        "clip_norm": 0.5,
        "schedule": "one-cycle",
        "random_state": seed,
    } | settings
    batches = nn.ArrayBatches(x, y, 16, random_state=seed, transform=jitter)
    history = nn.fit(network, loss, optimizer, batches, checkpoint=checkpoint, **settings)
    return network.state_dict(), history


def same(weights, others):
    assert weights.keys() == others.keys()
    for name in weights:
        assert weights[name].tobytes() == others[name].tobytes(), name


@pytest.mark.parametrize("every", [1, 3])
def test_interrupted_at_any_step_it_ends_with_the_same_weights(tmp_path, every, monkeypatch):
    # Hundreds of files; a busy disk may take a second for each.
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    weights, history = trained()
    assert history.steps == 14
    for step in range(1, 15):
        checkpoint = nn.Checkpoint(tmp_path / f"{step}.safetensors", every_steps=every)
        with pytest.raises(InterruptedHereError):
            trained(checkpoint, interrupt_at=step)
        assert checkpoint.exists() == (step > every)
        again, resumed = trained(checkpoint)
        same(weights, again)
        assert resumed.to_dict() == history.to_dict()


def test_interrupted_again_and_again(tmp_path):
    weights, history = trained()
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=1)
    for _ in range(6):
        with pytest.raises(InterruptedHereError):
            trained(checkpoint, interrupt_at=3)
    again, resumed = trained(checkpoint)
    same(weights, again)
    assert resumed.to_dict() == history.to_dict()


def test_interrupted_in_a_callback_after_an_epoch(tmp_path):
    weights, _ = trained()
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=4)

    def stops(event):
        if event["event"] == "epoch" and event["epoch"] == 2:
            raise InterruptedHereError

    with pytest.raises(InterruptedHereError):
        trained(checkpoint, callbacks=[stops])
    events = []
    same(weights, trained(checkpoint, callbacks=[events.append])[0])
    assert events[0] == {
        "event": "note",
        "text": "c.safetensors was written after step 4 of 14: going on from there.",
    }
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [2, 3, 4]


def test_a_finished_training_is_not_done_again(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors")
    weights, history = trained(checkpoint)
    events = []
    again, same_history = trained(checkpoint, callbacks=[events.append], interrupt_at=1)
    same(weights, again)
    assert same_history.to_dict() == history.to_dict()
    np.testing.assert_array_equal(same_history.seconds, history.seconds)
    assert [e["event"] for e in events] == ["note"]
    assert checkpoint.step() == 14
    checkpoint.remove()
    checkpoint.remove()
    assert not checkpoint.exists()
    assert checkpoint.step() is None


def test_after_some_seconds(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_seconds=1e-9)
    with pytest.raises(InterruptedHereError):
        trained(checkpoint, interrupt_at=6)
    assert read_container(checkpoint.path)[1]["facts"]["step"] == 5
    rare = nn.Checkpoint(tmp_path / "d.safetensors", every_seconds=1000)
    with pytest.raises(InterruptedHereError):
        trained(rare, interrupt_at=6)
    assert not rare.exists()


def test_what_was_chosen_for_the_minutes_is_kept(tmp_path, monkeypatch):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=1000)

    def stops(event):
        if event["event"] == "progress":
            raise InterruptedHereError

    with pytest.raises(InterruptedHereError):
        trained(checkpoint, minutes=0.01, epochs=4, callbacks=[stops])
    facts = read_container(checkpoint.path)[1]["facts"]
    assert facts["step"] == 0
    monkeypatch.delattr("foveal.nn.training.measure_speed")
    weights, history = trained(checkpoint, minutes=0.01, epochs=4)
    assert asdict(history.budget) == facts["budget"]
    same(weights, trained(epochs=history.budget.epochs)[0])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 5}, r"epochs was 3\.5 and is 5"),
        ({"ema_decay": None}, r"ema_decay was 0\.9 and is None"),
        ({"schedule": "cosine"}, "schedule was 'one-cycle' and is 'cosine'"),
        ({"seed": 1}, "seed of the batches was 0 and is 1"),
        ({"random_state": 7}, "random_state was 0 and is 7"),
        ({"early_stopping": nn.EarlyStopping(3)}, "early stopping differs"),
    ],
)
def test_other_settings_are_refused(tmp_path, changes, sentence):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=1)
    with pytest.raises(InterruptedHereError):
        trained(checkpoint, interrupt_at=3)
    before = checkpoint.path.read_bytes()
    with pytest.raises(SettingError, match=f"with other settings: .*{sentence}.*delete it"):
        trained(checkpoint, **changes)
    assert checkpoint.path.read_bytes() == before


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "c.safetensors"
    write_container(path, {}, {"kind": "model"})
    with pytest.raises(ModelFileError, match="no checkpoint"):
        trained(nn.Checkpoint(path))
    with pytest.raises(ModelFileError, match="no checkpoint"):
        nn.Checkpoint(path).step()
    path.write_bytes(b"something")
    with pytest.raises(ModelFileError, match="not a model file"):
        trained(nn.Checkpoint(path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_bad_weights_are_never_written(tmp_path, value):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors")
    good = TrainingState({"network": {"w": np.ones(3, np.float32)}}, {"step": 1})
    assert checkpoint.write(good, {})
    before = checkpoint.path.read_bytes()
    bad = TrainingState({"network": {"w": np.array([1, value], np.float32)}}, {"step": 2})
    assert not checkpoint.write(bad, {})
    assert checkpoint.path.read_bytes() == before


def test_divergence_leaves_the_last_good_checkpoint(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=2)
    x = np.ones((40, 4), np.float32)
    x[33] = np.nan
    network = nn.Linear(4, 2, random_state=0)
    with pytest.raises(TrainingDiverged, match=r"step 9 \(epoch 1"):
        nn.fit(
            network,
            nn.CrossEntropyLoss(),
            nn.SGD(network.parameters()),
            nn.ArrayBatches(x, np.zeros(40, np.int64), 4, shuffle=False, random_state=0),
            epochs=2,
            checkpoint=checkpoint,
        )
    arrays, metadata = read_container(checkpoint.path)
    assert metadata["facts"]["step"] == 8
    np.testing.assert_array_equal(arrays["network/weight"], network.weight.data)
    assert np.isfinite(network.weight.data).all()


def test_weights_that_overflow_after_a_finite_loss(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=1)

    class Explodes(nn.SGD):
        taken = 0

        def step(self):
            self.taken += 1
            if self.taken == 3:
                self.parameters[0].data[...] = np.inf

    network = nn.Linear(4, 2, random_state=0)
    x, y = np.ones((40, 4), np.float32), np.zeros(40, np.int64)
    with pytest.raises(TrainingDiverged, match=r"weights became .* by step 3 .*: try a lower"):
        nn.fit(
            network,
            nn.CrossEntropyLoss(),
            Explodes(network.parameters()),
            nn.ArrayBatches(x, y, 4),
            epochs=2,
            checkpoint=checkpoint,
        )
    assert read_container(checkpoint.path)[1]["facts"]["step"] == 2


def test_killed_after_it_stopped_and_before_the_best_weights_were_back(tmp_path, monkeypatch):
    rule = nn.EarlyStopping(1, metric="validation_error")
    figures = [0.1, 0.2]

    def stopped(checkpoint=None):
        told = iter(figures)
        return trained(
            checkpoint, early_stopping=rule, validation=lambda network: {"error": next(told)}, ema_decay=None
        )

    weights, history = stopped()
    assert history.stopped == "early stopping"
    checkpoint = nn.Checkpoint(tmp_path / "c.safetensors", every_steps=1)
    with monkeypatch.context() as patch:
        patch.setattr("foveal.nn.training_loop.TrainingLoop._settle", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stopped(checkpoint)
    assert checkpoint.exists()
    figures.clear()
    again, resumed = stopped(checkpoint)
    same(weights, again)
    assert resumed.to_dict() == history.to_dict()


def test_refuses_intervals():
    for settings in ({"every_seconds": 0.0}, {"every_steps": 0}):
        with pytest.raises(SettingError, match="so many seconds"):
            nn.Checkpoint("c.safetensors", **settings)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_killed_at_random_moments(tmp_path):
    code = (
        "import sys, test_checkpoints as t; from foveal import nn; from foveal.files import write_container; "
        "c = nn.Checkpoint(sys.argv[1], every_steps=1); "
        "weights, _ = t.trained(c, pause=0.03); write_container(sys.argv[2], weights, {})"
    )
    paths = [str(Path(__file__).parent), *(p for p in sys.path if p)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}

    def start(name):
        files = [str(tmp_path / f"{kind}-{name}.safetensors") for kind in ("checkpoint", "model")]
        return subprocess.Popen([sys.executable, "-c", code, *files], env=environment)

    assert start("whole").wait() == 0
    rng = np.random.default_rng()
    kills, deadline = 0, time.monotonic() + 120
    model, checkpoint = tmp_path / "model-killed.safetensors", tmp_path / "checkpoint-killed.safetensors"
    while not model.exists() and time.monotonic() < deadline:
        process = start("killed")
        if kills < 4:
            before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
            # Any time after it has come a step further than last time.
            while process.poll() is None and (
                not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before
            ):
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        else:
            assert process.wait() == 0
    assert kills >= 2
    assert model.read_bytes() == (tmp_path / "model-whole.safetensors").read_bytes()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("facts", None),
        ("facts.step", 10**12),
        ("facts.step", "3"),
        ("facts.step", 15),
        ("facts.steps", 0),
        ("facts.rows", [{"loss": 1.0}]),
        ("facts.rows", [[[]]]),
        ("facts.sums", {"loss": "0"}),
        ("facts.stopped", "by hand"),
        ("facts.settled", True),
        ("facts.budget", {"minutes": 1}),
        ("facts.seed", -1),
        ("settings", []),
        ("groups", ["network"]),
        ("groups", ["network", "optimizer", "other"]),
        ("scalars", ["none"]),
        ("scalars", "network/0.weight"),
        ("version", 2),
    ],
)
def test_a_checkpoint_that_says_what_cannot_be(place, value, tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "a.safetensors", every_steps=5)
    with pytest.raises(InterruptedHereError):
        trained(checkpoint, interrupt_at=8)
    arrays, metadata = read_container(checkpoint.path)
    *way, last = place.split(".")
    holder = metadata
    for key in way:
        holder = holder[key]
    holder[last] = value
    write_container(checkpoint.path, arrays, metadata)
    with pytest.raises(ModelFileError, match=r"a\.safetensors is no checkpoint.*"):
        trained(checkpoint)


@pytest.mark.parametrize("kind", ["gone", "shape", "nan", "more", "group"])
def test_a_checkpoint_whose_arrays_do_not_fit(kind, tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "a.safetensors", every_steps=5)
    with pytest.raises(InterruptedHereError):
        trained(checkpoint, interrupt_at=8)
    arrays, metadata = read_container(checkpoint.path)
    for name in list(arrays):
        changed = dict(arrays)
        if kind == "gone":
            del changed[name]
        elif kind == "shape":
            changed[name] = np.concatenate([arrays[name], arrays[name]])
        elif kind == "nan" and arrays[name].dtype.kind == "f":
            changed[name] = np.full_like(arrays[name], np.nan)
        elif kind == "more":
            changed[f"{name}.more"] = arrays[name]
        elif kind == "group":
            changed[f"other/{name}"] = changed.pop(name)
        else:
            continue
        write_container(checkpoint.path, changed, metadata)
        with pytest.raises(ModelFileError, match=r"a\.safetensors is (no checkpoint|of another network)"):
            trained(checkpoint)


def test_a_bit_of_a_checkpoint_that_has_turned(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "a.safetensors", every_steps=5)
    with pytest.raises(InterruptedHereError):
        trained(checkpoint, interrupt_at=8)
    content = bytearray(checkpoint.path.read_bytes())
    content[-5] ^= 4
    checkpoint.path.write_bytes(content)
    with pytest.raises(ModelFileError, match="is damaged"):
        trained(checkpoint)
