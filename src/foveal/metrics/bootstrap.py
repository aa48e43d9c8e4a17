"""How much of a figure is chance: intervals by the bootstrap over images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.errors import SettingError

#: How many resamples are drawn.
RESAMPLES = 2000

#: From weights (B, N), how often each resample has each image, to a figure of each, (B,).
Statistic = Callable[[NDArray[np.int64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A figure and between what it may lie.

    Attributes
    ----------
    value : float
        Of the images at hand.
    low, high : float
        Ends of the interval.
    level : float
        How often such intervals hold the truth: 0.95.
    p_value : float
        The two-sided probability of a figure that is as far from 0, where the truth is 0.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    p_value: float = 1.0

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside of it: a difference that is more than chance."""
        return self.low > 0 or self.high < 0


def resample_weights(
    n_images: int, n_resamples: int = RESAMPLES, *, random_state: int = 0
) -> NDArray[np.int64]:
    """How often each image is in each resample of so many images, drawn with replacement.

    Parameters
    ----------
    n_images, n_resamples : int
    random_state : int, default=0

    Returns
    -------
    ndarray of shape (n_resamples, n_images), int64

    Examples
    --------
    >>> resample_weights(4, 3).sum(axis=1)
    array([4, 4, 4])
    """
    if not n_images:
        return np.zeros((n_resamples, 0), np.int64)
    rng = np.random.default_rng(random_state)
    return rng.multinomial(n_images, np.full(n_images, 1 / n_images), size=n_resamples)


def bootstrap_interval(
    value: float,
    resampled: ArrayLike,
    n_images: int,
    *,
    level: float = 0.95,
    seed_values: Sequence[ArrayLike] = (),
) -> Interval:
    """The interval of a figure, from its values for resamples of the images.

    The expanded percentile interval: quantiles of the resamples, a little further out, since resamples of n
    images vary as (n - 1) / n of what new images would. Where the figure is a mean over several trainings,
    the standard error of that mean is added to the images', as variances are, and each side of the interval
    is as much wider; how far out it goes is Student's t of the degrees of freedom of both (Welch).

    Parameters
    ----------
    value : float
        Of the images as they are.
    resampled : array-like of shape (B,)
        Of the resamples; NaN are left out.
    n_images : int
        How many images there are.
    level : float, default=0.95
    seed_values : sequence of array-like, optional
        For each mean that is a part of the figure, the values of its trainings, which differ by their seeds
        alone. Of one training nothing is known of that chance, and nothing is added.

    Returns
    -------
    Interval
        From ``value`` to itself where there are no resamples.

    Raises
    ------
    SettingError
        If the level is outside (0, 1).

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 13 and 16.

    T. C. Hesterberg, "What Teachers Should Know About the Bootstrap: Resampling in the Undergraduate
    Statistics Curriculum", The American Statistician 69(4), 2015, section 3.3.

    B. L. Welch, "The Generalization of 'Student's' Problem When Several Different Population Variances Are
    Involved", Biometrika 34, 1947.

    Examples
    --------
    >>> scores = np.arange(10) / 10
    >>> weights = resample_weights(10)
    >>> interval = bootstrap_interval(scores.mean(), weights @ scores / 10, 10)
    >>> round(interval.low, 2), interval.value, round(interval.high, 2)
    (0.25, 0.45, 0.65)
    """
    from scipy.stats import norm, t

    if not 0 < level < 1:
        raise SettingError(f"The level of an interval lies between 0 and 1; got {level}.")
    value, values = float(value), np.asarray(resampled, np.float64)
    values = values[~np.isnan(values)]
    if not len(values) or n_images < 2 or np.isnan(value):
        return Interval(value, value, value, level)
    n = n_images
    out = -float(t.ppf((1 - level) / 2, n - 1))
    tail = float(norm.cdf(-np.sqrt(n / (n - 1)) * out))
    low, high = (float(q) for q in np.quantile(values, [tail, 1 - tail]))
    seeds, degrees = _seeds_error(seed_values)
    if not seeds:
        # Which level's interval would end at 0, told back by the same expansion.
        beyond = max(min(float((values <= 0).mean()), float((values >= 0).mean())), 1 / (len(values) + 1))
        p_value = min(1.0, 2 * float(t.cdf(norm.ppf(min(beyond, 0.5)) * np.sqrt((n - 1) / n), n - 1)))
        return Interval(value, low, high, level, p_value)
    # The images' standard error, as each side of the interval tells it.
    images = np.maximum([value - low, high - value], 0) / out
    error = np.hypot(images, seeds)
    both = error**4 / (images**4 / (n - 1) + seeds**4 / degrees)
    below, above = -t.ppf((1 - level) / 2, both) * error
    # Of the side on which 0 lies.
    towards = 0 if value > 0 else 1
    p_value = 2 * float(t.sf(abs(value) / error[towards], both[towards]))
    return Interval(value, value - float(below), value + float(above), level, p_value)


def _seeds_error(seed_values: Sequence[ArrayLike]) -> tuple[float, float]:
    """The standard error that the seeds give to a sum of means, and its degrees of freedom."""
    several = [np.asarray(s, np.float64) for s in seed_values if len(np.asarray(s)) > 1]
    variances = [float(s.var(ddof=1)) / len(s) for s in several]
    total = sum(variances)
    if not total:
        return 0.0, 1.0
    degrees = total**2 / sum(v**2 / (len(s) - 1) for v, s in zip(variances, several, strict=True))
    return float(np.sqrt(total)), degrees


def mcnemar(only_first: int, only_second: int) -> float:
    """Whether two classifiers are right on different numbers of the same images: the exact p-value.

    Parameters
    ----------
    only_first, only_second : int
        Images that only the one names rightly, and only the other.

    Returns
    -------
    float
        Two-sided, of the binomial distribution; 1 where there are none.

    References
    ----------
    Q. McNemar, "Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages",
    Psychometrika 12(2), 1947.

    Examples
    --------
    >>> round(mcnemar(9, 1), 4)
    0.0215
    """
    from scipy.stats import binomtest

    number = only_first + only_second
    return float(binomtest(min(only_first, only_second), number).pvalue) if number else 1.0
