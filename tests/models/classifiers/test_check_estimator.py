"""Scikit-learn's own checks of estimators, one by one; none is skipped unseen, and none is excepted."""

import inspect
import pickle
import re
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from foveal.models import (
    AutoClassifier,
    CNNClassifier,
    LogisticClassifier,
    MLPClassifier,
    SVMClassifier,
    TransferClassifier,
)

# Quick ones; the defaults pass the same checks, which takes minutes.
ESTIMATORS = [
    LogisticClassifier(iterations=200),
    SVMClassifier(),
    MLPClassifier(depth=1, width=32, epochs=40),
    CNNClassifier(width=8, epochs=20),
    TransferClassifier(),
    AutoClassifier(),
]

# Checks that skip themselves, with what they want.
SKIPPED = {
    "check_array_api_input": "SCIPY_ARRAY_API is not set",
    "check_classifier_data_not_an_array": "pandas is not installed",
}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    name = check.func.__name__
    try:
        check(estimator)
    except SkipTest as skipped:
        assert SKIPPED.get(name, "not a reason") in str(skipped)  # noqa: PT017
        raise


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_help_tells_of_every_parameter(estimator):
    told = inspect.getdoc(type(estimator))
    parameters = told.partition("Parameters\n----------\n")[2].partition("Attributes\n")[0]
    for name in estimator.get_params():
        assert re.search(rf"^{name} : ", parameters, re.MULTILINE), name
    assert told.count("\nParameters\n") == told.count("\nAttributes\n") == told.count("\nExamples\n") == 1


def test_parameters_are_keywords_and_shown_where_they_differ():
    with pytest.raises(TypeError, match="positional"):
        CNNClassifier(1)
    assert LogisticClassifier((0.1,)).learning_rates == (0.1,)
    model = MLPClassifier(width=8, label_smoothing=0.0)
    assert repr(model) == "MLPClassifier(width=8)"
    assert model != MLPClassifier(width=8)
    assert repr(pickle.loads(pickle.dumps(model.set_params(depth=3)))) == "MLPClassifier(depth=3, width=8)"
