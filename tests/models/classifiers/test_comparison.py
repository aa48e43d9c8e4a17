from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from foveal.models.classifiers.candidates import Candidate
from foveal.models.classifiers.comparison import Comparison
from foveal.models.classifiers.recipes import Recipe
from foveal.models.classifiers.run_clock import RunClock


@pytest.mark.parametrize(
    ("images", "model", "wrong", "settled"),
    [
        (True, "transfer", 1, True),
        (True, "cnn", 0, True),
        (True, "cnn", 2, False),
        (True, "mlp", 0, False),
        (True, "svm", 1, False),
        (False, "mlp", 1, True),
        (False, "svm", 0, True),
        (False, "logistic", 3, False),
    ],
)
def test_what_settles_a_comparison(images, model, wrong, settled):
    data = SimpleNamespace(images=images, judged=np.arange(288))
    trials: Any = SimpleNamespace(data=data)
    comparison = Comparison(trials, RunClock.of_seconds(100), 0, (model,), ())
    assert not comparison._settled
    right = np.arange(288) >= wrong
    comparison.tried = [Candidate(model, Recipe(model), "", accuracy=right.mean(), right=right)]
    assert comparison._settled == settled
