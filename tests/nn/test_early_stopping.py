import numpy as np
import pytest

from foveal import nn
from foveal.errors import SettingError


def trained(figures, early_stopping, epochs=10):
    """A training whose validation gives these figures in turn; the weights after each epoch are kept."""
    x, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    network = nn.Linear(4, 2, random_state=0)
    weights, figures = [], iter(figures)

    def validation(network):
        weights.append(network.state_dict()["weight"])
        return next(figures)

    history = nn.fit(
        network,
        nn.CrossEntropyLoss(),
        nn.SGD(network.parameters(), lr=0.5),
        nn.ArrayBatches(x, y, 2, random_state=0),
        epochs=epochs,
        validation=validation,
        early_stopping=early_stopping,
        random_state=0,
    )
    return network.weight.data, weights, history


def test_stops_and_gives_the_best_weights_back():
    losses = [5, 4, 3, 3, 3.5, 2]
    last, weights, history = trained(({"loss": loss} for loss in losses), 2)
    assert history.stopped == "early stopping"
    assert history.best_epoch == 3
    assert history.validation_loss.tolist() == [5, 4, 3, 3, 3.5]
    np.testing.assert_array_equal(last, weights[2])
    assert not np.array_equal(weights[2], weights[4])


def test_the_best_weights_also_where_it_did_not_stop():
    last, weights, history = trained(({"loss": loss} for loss in [2, 1, 3]), 5, epochs=3)
    assert history.stopped == "finished"
    assert history.best_epoch == 2
    np.testing.assert_array_equal(last, weights[1])


def test_accuracy_is_to_rise():
    rule = nn.EarlyStopping(patience=1, metric="validation_accuracy")
    _, _, history = trained(({"accuracy": a} for a in [0.5, 0.7, 0.7, 0.9]), rule)
    assert history.best_epoch == 2
    assert history.epochs == 3
    np.testing.assert_array_equal(history.validation_accuracy, [0.5, 0.7, 0.7])


def test_other_figures_and_small_changes():
    rule = nn.EarlyStopping(patience=2, metric="validation_AP50", min_delta=0.05)
    _, _, history = trained(({"AP50": a} for a in [0.5, 0.54, 0.549, 0.9]), rule)
    assert history.best_epoch == 1
    assert history.epochs == 3
    np.testing.assert_array_equal(history.metrics["validation_AP50"], [0.5, 0.54, 0.549])


def test_the_last_of_those_as_good_within_a_tolerance():
    rule = nn.EarlyStopping(patience=9, metric="validation_AP", tolerance=0.125)
    last, weights, history = trained(({"AP": a} for a in [0.25, 0.75, 0.625, 0.5]), rule, epochs=4)
    assert history.best_epoch == 3
    np.testing.assert_array_equal(last, weights[2])
    # What counts is the best one, not the last that was kept: the figure does not slip away bit by bit.
    rule = nn.EarlyStopping(patience=9, tolerance=0.125)
    _, _, history = trained(({"loss": a} for a in [0.5, 0.625, 0.75]), rule, epochs=3)
    assert history.best_epoch == 2


def test_patience_with_a_tolerance_counts_from_the_last_that_was_as_good():
    rule = nn.EarlyStopping(patience=2, metric="validation_AP", tolerance=0.125)
    _, _, history = trained(({"AP": a} for a in [0.75, 0.625, 0.5, 0.5, 0.9]), rule, epochs=5)
    assert history.best_epoch == 2
    assert history.epochs == 4


def test_refuses():
    with pytest.raises(SettingError, match="patience"):
        nn.EarlyStopping(0)
    with pytest.raises(SettingError, match="tolerance"):
        nn.EarlyStopping(tolerance=-1.0)
    with pytest.raises(SettingError, match="min_delta"):
        nn.EarlyStopping(min_delta=-1.0)
    with pytest.raises(ValueError, match="watches validation_loss, which the validation does not give"):
        trained(iter([{"accuracy": 0.5}]), 2)
    x, y = np.eye(2, dtype=np.float32), np.array([0, 1])
    network = nn.Linear(2, 2)
    with pytest.raises(SettingError, match="give validation"):
        nn.fit(
            network,
            nn.CrossEntropyLoss(),
            nn.SGD(network.parameters()),
            nn.ArrayBatches(x, y),
            epochs=1,
            early_stopping=3,
        )
