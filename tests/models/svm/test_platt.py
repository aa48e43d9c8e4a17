import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from foveal.models.svm.platt import Platt, fit_platt


def drawn(slope, offset, number=20000, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1.5, number).astype(np.float32)
    return values, rng.random(number) < expit(slope * values + offset)


@pytest.mark.parametrize(("slope", "offset"), [(2.0, -1.0), (0.5, 0.3), (4.0, 2.0)])
def test_recovers_a_known_sigmoid(slope, offset):
    values, correct = drawn(slope, offset)
    platt = fit_platt(values, np.zeros(len(values), np.int64), correct, 1)
    assert platt.slopes[0] == pytest.approx(slope, rel=0.1)
    assert platt.offsets[0] == pytest.approx(offset, abs=0.12)


def test_each_class_has_its_own():
    first, right_first = drawn(1.0, 1.0)
    second, right_second = drawn(3.0, -2.0, seed=1)
    labels = np.r_[np.zeros(len(first), np.int64), np.ones(len(second), np.int64)]
    platt = fit_platt(np.r_[first, second], labels, np.r_[right_first, right_second], 2)
    np.testing.assert_allclose(platt.slopes, [1, 3], rtol=0.1)
    np.testing.assert_allclose(platt.offsets, [1, -2], atol=0.12)


def test_smoothed_targets_keep_probabilities_inside():
    # Without Platt's targets a separable sample has an infinite slope.
    values = np.r_[np.full(10, 1.0), np.full(20, -1.0)].astype(np.float32)
    platt = fit_platt(values, np.zeros(30, np.int64), values > 0, 1)
    p = platt(np.float32([1, -1]), np.int64([0, 0]))
    np.testing.assert_allclose(p, [11 / 12, 1 / 22], atol=1e-3)


def test_a_class_of_few_takes_the_sigmoid_of_all():
    values, correct = drawn(2.0, -1.0)
    labels = np.zeros(len(values), np.int64)
    labels[:3] = 1
    platt = fit_platt(values, labels, correct, 3)
    # Class 1 has three values, class 2 none.
    np.testing.assert_array_equal(platt.slopes[1], platt.slopes[2])
    assert platt.slopes[1] == pytest.approx(platt.slopes[0], rel=0.01)


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (4, 100), (100, 4), (0, 10)])
def test_too_few_of_everything(right, wrong):
    values = np.linspace(-1, 1, right + wrong, dtype=np.float32)
    correct = np.arange(right + wrong) >= wrong
    platt = fit_platt(values, np.zeros(right + wrong, np.int64), correct, 2)
    assert platt.slopes.tolist() == [2, 2]
    assert platt.offsets.tolist() == [0, 0]


def test_order_stays_even_if_low_values_were_right():
    values, correct = drawn(-2.0, 0.0)
    platt = fit_platt(values, np.zeros(len(values), np.int64), correct, 1)
    assert platt.slopes[0] > 0


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=30),
    st.floats(0.0078125, 10, width=32),
    st.floats(-10, 10, width=32),
)
def test_monotone_and_within_0_and_1(values, slope, offset):
    platt = Platt(np.float32([slope]), np.float32([offset]))
    values = np.sort(np.float32(values))
    p = platt(values, np.zeros(len(values), np.int64))
    assert p.dtype == np.float32
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_no_values():
    platt = Platt(np.float32([2]), np.float32([0]))
    assert platt(np.zeros(0, np.float32), np.zeros(0, np.int64)).shape == (0,)
