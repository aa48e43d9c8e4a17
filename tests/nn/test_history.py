import json

import numpy as np
import pytest

from foveal.nn import History, TimeBudget
from foveal.nn.time_budget import choose


def some_history(**others):
    rows = [
        {"loss": 2.0, "learning_rate": 0.1, "accuracy": None, "validation_loss": 1.0, "seconds": 3.0},
        {
            "loss": 1.0,
            "learning_rate": 0.05,
            "accuracy": None,
            "validation_loss": 0.5,
            "validation_AP50": 0.2,
        },
    ]
    return History.from_epochs(rows, steps=20, stopped="finished", **others)


def test_from_epochs():
    history = some_history()
    assert history.epochs == 2
    assert history.loss.tolist() == [2.0, 1.0]
    assert np.isnan(history.accuracy).all()
    assert history.metrics.keys() == {"validation_AP50"}
    np.testing.assert_array_equal(history.metrics["validation_AP50"], [np.nan, 0.2])
    np.testing.assert_array_equal(history.seconds, [3, np.nan])


@pytest.mark.parametrize("budget", [None, choose(1, 0, 0.1, 0, 10)])
def test_round_trip(budget):
    history = some_history(best_epoch=2, budget=budget)
    value = json.loads(json.dumps(history.to_dict(), allow_nan=False))
    assert "seconds" not in value
    again = History.from_dict(value)
    assert again.to_dict() == history.to_dict()
    assert again.budget == budget
    assert isinstance(again.budget, TimeBudget | None)
    assert (again.steps, again.stopped, again.best_epoch) == (20, "finished", 2)
    np.testing.assert_array_equal(again.validation_loss, history.validation_loss)
    assert np.isnan(again.seconds).all()
