import numpy as np
import pytest

from foveal.models.svm.calibration import class_probabilities, fit_slope
from foveal.nn import softmax


@pytest.mark.parametrize("slope", [0.3, 2.0, 8.0])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_slope_that_made_the_labels_is_found(slope, n_classes):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(20000, n_classes))
    labels = (softmax(slope * values).cumsum(1) < rng.random((20000, 1))).sum(1)
    assert fit_slope(values, labels) == pytest.approx(slope, rel=0.05)
    if n_classes == 2:
        assert fit_slope(values[:, 1] - values[:, 0], labels) == pytest.approx(fit_slope(values, labels))


def test_separated_classes_give_a_finite_slope_and_cautious_probabilities():
    values, labels = np.array([-3.0, -2.0, 2.0, 3.0]), [0, 0, 1, 1]
    slope = fit_slope(values, labels)
    assert np.isfinite(slope)
    assert 0.6 < class_probabilities(values, slope)[3, 1] < 0.99


@pytest.mark.parametrize("labels", [[0, 1, 0, 1], [1, 1, 0, 0]])
def test_values_that_say_nothing_or_the_opposite(labels):
    slope = fit_slope([-1.0, -1.0, 1.0, 1.0], labels)
    assert slope > 0
    assert class_probabilities([1.0], slope)[0, 1] == pytest.approx(0.5, abs=0.01)


def test_huge_values_and_none():
    assert np.isfinite(fit_slope(np.array([-1e8, 1e8, 2e8]), [0, 1, 1]))
    assert fit_slope(np.zeros((0, 3)), []) == 1.0


def test_order_is_kept():
    values = np.random.default_rng(1).normal(size=(50, 5))
    assert (class_probabilities(values, 0.7).argmax(1) == values.argmax(1)).all()


def test_shapes():
    with pytest.raises(ValueError, match="labels"):
        fit_slope([1.0, 2.0], [1])
