import numpy as np
import pytest

from foveal import nn
from foveal.nn.validation import rightly_classified, validator


class Watched(nn.Module):
    """Says whether it was trained on or recorded."""

    def __init__(self):
        self.inner = nn.Linear(3, 2, random_state=0)
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, self.inner.training, nn.module.is_recording(), len(x)))
        return self.inner(x)


def test_means_over_batches_of_any_size():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 3)).astype(np.float32), rng.integers(2, size=10)
    network = Watched()
    network.inner.eval()
    parts = [(x[:7], y[:7]), (x[7:9], y[7:9]), (x[9:], y[9:])]
    measured = nn.evaluate(network, nn.CrossEntropyLoss(), parts)
    loss, _ = nn.cross_entropy(network.inner(x), y)
    assert measured["loss"] == pytest.approx(loss, rel=1e-6)
    assert measured["accuracy"] == (network.inner(x).argmax(axis=1) == y).mean()
    assert [seen[:3] for seen in network.seen] == [(False, False, False)] * 3
    # Each layer is in the mode that it was in.
    assert network.training
    assert not network.inner.training


def test_modes_come_back_after_an_error():
    network = Watched()
    with pytest.raises(ValueError, match="labels"):
        nn.evaluate(network, nn.CrossEntropyLoss(), [(np.ones((2, 3), np.float32), np.array([0, 5]))])
    assert network.training


def test_no_accuracy_where_there_are_no_classes():
    x = np.ones((4, 3), np.float32)
    measured = nn.evaluate(nn.Identity(), nn.MSELoss(), [(x, x + 1)])
    assert measured == {"loss": pytest.approx(1.0)}


def test_nothing():
    with pytest.raises(ValueError, match="nothing to evaluate"):
        nn.evaluate(nn.Identity(), nn.MSELoss(), [])


@pytest.mark.parametrize(
    ("output", "target", "right"),
    [
        ([[1, 2], [3, 0]], np.array([1, 1]), 1),
        # Of equal outputs, the first.
        ([[2, 2], [2, 2]], np.array([0, 1]), 1),
        ([[1, 2], [3, 0]], np.array([[0.1, 0.9], [0.4, 0.6]]), 1),
        ([[1, 2], [3, 0]], np.array([[0.1, 0.7], [0.4, 0.6]]), None),
        ([[1, 2], [3, 0]], np.array([[-1.0, 2.0], [0.4, 0.6]]), None),
        ([[1], [3]], np.array([0, 1]), None),
        ([[1, 2], [3, 0]], np.array([1.0, 1.0]), None),
        (np.zeros((0, 2)), np.zeros(0, int), None),
        (np.zeros((2, 3, 3, 2)), np.zeros((2, 3, 3), int), None),
    ],
)
def test_rightly_classified(output, target, right):
    assert rightly_classified(np.asarray(output, np.float32), target) == right


def test_what_may_validate():
    x, y = np.eye(3, dtype=np.float32), np.array([0, 1, 0])
    network = Watched()
    loss = nn.CrossEntropyLoss()
    pair = validator((x, y), loss, 2)(network)
    assert [seen[3] for seen in network.seen] == [2, 1]
    batches = validator(nn.ArrayBatches(x, y, 3, random_state=0), loss, 2)(network)
    assert pair.keys() == batches.keys() == {"validation_loss", "validation_accuracy"}
    assert pair["validation_loss"] == pytest.approx(batches["validation_loss"])
    figures = validator(lambda network: {"AP50": 1, "validation_loss": 2}, loss, 2)(network)
    assert figures == {"validation_AP50": 1.0, "validation_loss": 2.0}
    assert validator(None, loss, 2) is None
