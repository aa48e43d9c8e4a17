"""Scikit-learn's own checks of estimators, one by one; none is skipped unseen, and none is excepted."""

from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from foveal.models import CNNClassifier, LogisticClassifier, MLPClassifier, SVMClassifier, TransferClassifier

# Quick ones; the defaults pass the same checks, which takes minutes.
ESTIMATORS = [
    LogisticClassifier(iterations=200),
    SVMClassifier(),
    MLPClassifier(depth=1, width=32, epochs=40),
    CNNClassifier(width=8, epochs=20),
    TransferClassifier(),
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
