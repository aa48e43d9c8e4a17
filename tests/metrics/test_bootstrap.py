import numpy as np
import pytest

from foveal.errors import SettingError
from foveal.metrics import Interval, bootstrap_interval, mcnemar, resample_weights


def test_resamples_are_as_large_as_the_set_and_the_same_for_the_same_seed():
    weights = resample_weights(7, 50, random_state=3)
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == resample_weights(7, 50, random_state=3)).all()
    assert (weights != resample_weights(7, 50, random_state=4)).any()
    assert resample_weights(0, 5).shape == (5, 0)


def test_of_a_mean_it_is_students_interval():
    from scipy.stats import t

    scores = np.random.default_rng(0).normal(0.6, 0.1, 25)
    interval = bootstrap_interval(scores.mean(), resample_weights(25, 20_000) @ scores / 25, 25)
    half = t.ppf(0.975, 24) * scores.std(ddof=1) / 5
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.005)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.005)


def test_of_seeds_alone_it_is_welchs():
    from scipy.stats import ttest_ind

    a, b = np.array([0.56, 0.45, 0.62]), np.array([0.79, 0.80, 0.79])
    difference = a.mean() - b.mean()
    same = np.full(100, difference)
    interval = bootstrap_interval(difference, same, 10**6, seed_values=[a, b])
    by_scipy = ttest_ind(a, b, equal_var=False)
    assert [interval.low, interval.high] == pytest.approx(list(by_scipy.confidence_interval()), abs=1e-6)
    assert interval.p_value == pytest.approx(by_scipy.pvalue, abs=1e-6)
    # One training says nothing of the seeds' chance.
    assert bootstrap_interval(difference, same, 50, seed_values=[a[:1], b[:1]]).low == pytest.approx(
        difference
    )


def test_the_p_value_and_the_interval_say_the_same():
    rng = np.random.default_rng(0)
    for shift in np.linspace(-0.4, 0.4, 33):
        scores = rng.normal(shift, 1, 30)
        drawn = resample_weights(30, 4000) @ scores / 30
        for seeds in ((), [np.array([0.0, 0.05, -0.05]) + scores.mean()]):
            interval = bootstrap_interval(scores.mean(), drawn, 30, seed_values=seeds)
            if abs(interval.p_value - 0.05) > 0.01:
                assert interval.excludes_zero == (interval.p_value < 0.05)


def test_a_higher_level_is_wider():
    scores = np.arange(20) / 20
    drawn = resample_weights(20) @ scores / 20
    wide, narrow = (bootstrap_interval(scores.mean(), drawn, 20, level=level) for level in (0.99, 0.9))
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


@pytest.mark.parametrize("resampled", [[], [np.nan, np.nan]])
def test_without_resamples_there_is_no_interval(resampled):
    assert bootstrap_interval(0.5, resampled, 10) == Interval(0.5, 0.5, 0.5)


def test_a_wrong_level():
    with pytest.raises(SettingError, match="between 0 and 1"):
        bootstrap_interval(0.5, [0.5], 10, level=95)


def test_mcnemar():
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 5) == 1
    assert mcnemar(0, 6) == pytest.approx(2 / 2**6)
    assert mcnemar(1, 9) == mcnemar(9, 1)
