"""Models measured on the same images: which of their differences are more than chance."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from foveal.metrics.bootstrap import RESAMPLES, Interval, bootstrap_interval, resample_weights

# With more sides than this each is compared with the first alone: of very many pairs hardly any stands out.
_MOST_PAIRED = 4


class Weighable(Protocol):
    """What one model says of some images, as figures that images can be weighted in."""

    @property
    def image_ids(self) -> Sequence[Hashable]:
        """In the order of the weights; the same image has the same id everywhere."""

    def figures(self, weights: NDArray[np.integer] | None = None) -> dict[str, NDArray[np.float64]]:
        """Figures of resamples, (B, N) to (B,) each; of the images as they are by default."""


@dataclass(frozen=True, eq=False)
class NamedImages:
    """What a classifier says of some images.

    Attributes
    ----------
    image_ids : sequence of hashable
    truth, predictions : ndarray of shape (N,), int64
        Positions in ``classes``.
    classes : tuple of str
    """

    image_ids: Sequence[Hashable]
    truth: NDArray[np.int64]
    predictions: NDArray[np.int64]
    classes: tuple[str, ...]

    def figures(self, weights: NDArray[np.integer] | None = None) -> dict[str, NDArray[np.float64]]:
        """``accuracy``, ``balanced_accuracy`` and ``recall/<class>`` of resamples.

        Examples
        --------
        >>> named = NamedImages((1, 2, 3), np.array([0, 0, 1]), np.array([0, 1, 1]), ("cat", "dog"))
        >>> named.figures()["accuracy"].round(3), named.figures(np.array([[0, 3, 0]]))["accuracy"]
        (array([0.667]), array([0.]))
        """
        n = len(self.image_ids)
        table = np.ones((1, n)) if weights is None else np.asarray(weights, np.float64)
        right = (self.truth == self.predictions).astype(np.float64)
        of_class = (self.truth[:, None] == np.arange(len(self.classes))).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy = table @ right / table.sum(axis=1)
            recall = table @ (of_class * right[:, None]) / (table @ of_class)
        known = ~np.isnan(recall)
        balanced = np.where(known, recall, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        each = {f"recall/{name}": recall[:, k] for k, name in enumerate(self.classes) if of_class[:, k].any()}
        return {"accuracy": accuracy, "balanced_accuracy": balanced} | each


@dataclass(frozen=True)
class Difference:
    """How much better one side is than another.

    Attributes
    ----------
    first, second : int
        Positions of the sides.
    figure : str
    interval : Interval
        Of first minus second.
    """

    first: int
    second: int
    figure: str
    interval: Interval


@dataclass(frozen=True, eq=False)
class Comparison:
    """Sides, each one or several trainings of the same settings, measured on images.

    Attributes
    ----------
    intervals : tuple of dict of str to Interval
        For each side its figures, the mean over its trainings.
    values : tuple of dict of str to ndarray of shape (R,)
        The same of each of its trainings.
    differences : tuple of Difference
        Of all pairs of sides, or of each with the first where there are more than four.
    n_images : int
        How many images there are.
    n_shared : int
        How many all trainings are measured on.
    level : float
        Of the intervals of differences: 0.95 for one pair, higher for several, so that all of them together
        hold the truth 95 times of 100 (Bonferroni).
    """

    intervals: tuple[dict[str, Interval], ...]
    values: tuple[dict[str, NDArray[np.float64]], ...]
    differences: tuple[Difference, ...]
    n_images: int
    n_shared: int
    level: float

    def difference(self, first: int, second: int, figure: str) -> Difference | None:
        """Of two sides, as they were compared; None where they were not."""
        for found in self.differences:
            if (found.first, found.second, found.figure) == (first, second, figure):
                return found
        return None


def compare_sides(
    sides: Sequence[Sequence[Weighable]],
    *,
    n_resamples: int = RESAMPLES,
    random_state: int = 0,
) -> Comparison:
    """Compare models by the bootstrap over images.

    A resample is drawn of all images together and is the same for all models. So a difference between models
    that were measured on the same images is a paired one: what makes an image hard for both cancels out.
    Images that only one of them has count for that one alone.

    Parameters
    ----------
    sides : sequence of sequences of Weighable
        Each side has one training or several that differ by their seed alone, whose chance is counted in.
    n_resamples : int
    random_state : int, default=0

    Returns
    -------
    Comparison

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993.

    Examples
    --------
    >>> truth = np.zeros(40, np.int64)
    >>> good = NamedImages(range(40), truth, np.where(np.arange(40) < 36, 0, 1), ("cat", "dog"))
    >>> poor = NamedImages(range(40), truth, np.where(np.arange(40) < 20, 0, 1), ("cat", "dog"))
    >>> compare_sides([[good], [poor]]).difference(0, 1, "accuracy").interval.excludes_zero
    True
    """
    places: dict[Hashable, int] = {}
    for side in sides:
        for model in side:
            for image in model.image_ids:
                places.setdefault(image, len(places))
    columns = [[np.array([places[i] for i in m.image_ids], np.int64) for m in side] for side in sides]
    weights = resample_weights(len(places), n_resamples, random_state=random_state)
    resampled, values = [], []
    for side, own in zip(sides, columns, strict=True):
        drawn = [model.figures(weights[:, c]) for model, c in zip(side, own, strict=True)]
        whole = [model.figures() for model in side]
        keys = [key for key in whole[0] if all(key in figures for figures in whole)]
        resampled.append({key: np.mean([d[key] for d in drawn], axis=0) for key in keys})
        values.append({key: np.array([float(w[key][0]) for w in whole]) for key in keys})
    every = [set(c.tolist()) for own in columns for c in own]
    # Where not all have the same images, the chance is that of the fewest.
    n = min(map(len, every), default=0)
    intervals = tuple(
        {
            key: bootstrap_interval(float(found[key].mean()), drawn[key], n, seed_values=[found[key]])
            for key in found
        }
        for found, drawn in zip(values, resampled, strict=True)
    )
    number = len(sides)
    pairs = (
        list(combinations(range(number), 2)) if number <= _MOST_PAIRED else [(0, i) for i in range(1, number)]
    )
    level = 1 - 0.05 / max(len(pairs), 1)
    differences = []
    for first, second in pairs:
        paired = _paired_seeds(columns[first], columns[second])
        for key in values[first]:
            if key not in values[second]:
                continue
            a, b = values[first][key], values[second][key]
            interval = bootstrap_interval(
                float(a.mean() - b.mean()),
                resampled[first][key] - resampled[second][key],
                n,
                level=level,
                seed_values=[a - b] if paired else [a, b],
            )
            differences.append(Difference(first, second, key, interval))
    shared = len(set.intersection(*every)) if every else 0
    return Comparison(intervals, tuple(values), tuple(differences), len(places), shared, level)


def _paired_seeds(first: Sequence[NDArray[np.int64]], second: Sequence[NDArray[np.int64]]) -> bool:
    """Whether the trainings of two sides were held out on other images each, but pair by pair on the same.

    Then their seeds chose the images, and what the images of one seed have in common cancels out.
    """
    if len(first) != len(second) or len(first) < 2:
        return False
    alike = all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    return alike and not all(np.array_equal(first[0], a) for a in first)
