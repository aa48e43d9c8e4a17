"""Scikit-learn's own checks of estimators; there are no exceptions."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from foveal.models.logistic import LogisticClassifier
from foveal.models.svm import SVMClassifier


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([LogisticClassifier(iterations=200), SVMClassifier()])
def test_check_estimator(estimator, check):
    check(estimator)
