import numpy as np
import pytest

from foveal.models.classifiers.penalties import choose_penalty, fit_logistic, linear_probabilities
from foveal.models.classifiers.run_clock import RunClock

NO_END = RunClock.of_seconds(None)


def rows(n=120, n_classes=3):
    """Rows whose classes overlap, with a changed copy of each."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % n_classes
    x = rng.normal(size=(n, 8)) + 1.5 * np.eye(8)[labels]
    return np.stack([x, x + 0.1]).astype(np.float32), labels


def test_the_least_loss_on_rows_that_did_not_train():
    copies, labels = rows()
    fold_of = np.arange(120) // 3 % 4
    told = []
    found = choose_penalty(
        [0.001, 1.0, 1000.0], copies, labels, fold_of, n_classes=3, clock=NO_END, callbacks=[told.append]
    )
    assert [seen["C"] for seen in found.results][:2] == [0.001, 1.0]
    best = min(found.results, key=lambda seen: seen["loss"])
    assert best["C"] == found.C
    assert [seen["chosen"] for seen in found.results].count(True) == 1
    assert len(told) == len(found.results)
    assert not found.cut_short
    # Each row is answered for by a classifier of the other folds.
    for fold in range(4):
        coef, intercept = fit_logistic(copies[:, fold_of != fold], labels[fold_of != fold], found.C)
        expected = linear_probabilities(copies[0, fold_of == fold] @ coef.T + intercept)
        np.testing.assert_allclose(found.probabilities[fold_of == fold], expected, rtol=1e-6)


def test_rows_that_only_train_are_not_answered_for():
    copies, labels = rows()
    fold_of = np.repeat([-1, 0], [90, 30])
    found = choose_penalty([0.1, 1.0], copies, labels, fold_of, n_classes=3, clock=NO_END)
    assert np.isnan(found.probabilities[:90]).all()
    np.testing.assert_allclose(found.probabilities[90:].sum(axis=1), 1)


@pytest.mark.parametrize("penalties", [[2.0], [0.1, 2.0, 30.0]])
def test_nothing_to_choose_by(penalties):
    copies, labels = rows()
    fold_of = np.full(120, -1) if len(penalties) > 1 else np.arange(120) % 2
    found = choose_penalty(penalties, copies, labels, fold_of, n_classes=3, clock=NO_END)
    assert found.C == 2.0
    assert found.results == []
    assert np.isnan(found.probabilities).all()


def test_no_penalty_is_begun_that_would_not_fit():
    copies, labels = rows()
    over = RunClock.of_seconds(0.0)
    found = choose_penalty([0.01, 0.1, 1.0], copies, labels, np.arange(120) % 2, n_classes=3, clock=over)
    assert found.cut_short
    assert [seen["C"] for seen in found.results] == [0.01]


def test_two_classes_have_one_logit():
    copies, labels = rows(n_classes=2)
    coef, intercept = fit_logistic(copies, labels, 1.0)
    assert (coef.shape, intercept.shape) == ((1, 8), (1,))
    assert coef.flags.c_contiguous
    probabilities = linear_probabilities(copies[0] @ coef.T + intercept)
    np.testing.assert_allclose(probabilities[:, 1], 1 / (1 + np.exp(-(copies[0] @ coef.T + intercept)[:, 0])))
