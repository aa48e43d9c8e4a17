"""The linear SVM in single precision against liblinear."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from foveal.models.svm import linear as linear_svms
from foveal.models.svm.examples import Examples
from foveal.models.svm.linear import fit_linear_svms
from foveal.models.svm.primal import fit_squared_hinge


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 12)).astype(np.float32)
    return x, x[:, 0] + 0.5 * x[:, 1] + 0.3 * rng.normal(size=300) > 0.4


@pytest.mark.parametrize("C", [0.001, 0.1])
def test_agrees_with_liblinear(points, C):
    x, positive = points
    weights, intercept = fit_squared_hinge(x, np.arange(300), positive, C=C, iterations=200)
    exact = LinearSVC(C=C, intercept_scaling=10.0, dual=False, tol=1e-6).fit(x, positive)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, exact.coef_[0], atol=0.01 * np.abs(exact.coef_).max())
    assert intercept == pytest.approx(exact.intercept_[0], abs=0.01)


def test_many_numbers_are_left_where_they_are(points, monkeypatch):
    x, positive = points
    rows = [np.flatnonzero(positive)], [np.flatnonzero(~positive)]
    examples = Examples(x, np.zeros(300, np.int64), *rows)
    small = fit_linear_svms(examples, C=0.1)
    monkeypatch.setattr(linear_svms, "_MOST_NUMBERS", 10)
    large = fit_linear_svms(examples, C=0.1)
    np.testing.assert_allclose(small(x), large(x), atol=0.05)
    assert not np.array_equal(small.weights, large.weights)


def test_the_scaling_can_be_put_into_the_machines(points):
    x, positive = points
    mean, scale = x.mean(axis=0) + 1, np.linspace(0.5, 2, 12, dtype=np.float32)
    scaled = (x - mean) / scale
    rows = [np.flatnonzero(positive)], [np.flatnonzero(~positive)]
    svms = fit_linear_svms(Examples(scaled, np.zeros(300, np.int64), *rows), C=0.1)
    np.testing.assert_allclose(svms.unscaled(mean, scale)(x), svms(scaled), atol=1e-4)
