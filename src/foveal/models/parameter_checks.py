"""What the parameters of estimators may be and how they are called, checked once, in one way."""

import inspect
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from foveal.errors import SettingError


@dataclass(frozen=True)
class Range:
    """The numbers that a parameter may be; the ends are among them unless ``above`` or ``below`` is set.

    Of a parameter that is ``many`` numbers each has to be in the range; one alone will do too.

    Examples
    --------
    >>> 0.5 in Range(0, 1, below=True), 1 in Range(0, 1, below=True)
    (True, False)
    >>> (1, 2) in Range(0, many=True), (1, -2) in Range(0, many=True)
    (True, False)
    >>> str(Range(1, whole=True)), str(Range(0, above=True)), str(Range(0, 1))
    ('a whole number from 1', 'a number above 0', 'a number from 0 to 1')
    """

    low: float = -np.inf
    high: float = np.inf
    above: bool = False
    below: bool = False
    whole: bool = False
    many: bool = False

    def __contains__(self, value: Any) -> bool:
        if self.many:
            one = replace(self, many=False)
            return all(number in one for number in np.ravel(value))
        kinds = (int, np.integer) if self.whole else (int, float, np.integer, np.floating)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return False
        # A whole number may have more digits than NumPy has room for.
        if not isinstance(value, int) and not np.isfinite(value):
            return False
        low = value > self.low if self.above else value >= self.low
        return bool(low and (value < self.high if self.below else value <= self.high))

    def __str__(self) -> str:
        words = ("a whole number" if self.whole else "a number") if not self.many else "numbers"
        if np.isfinite(self.low):
            words += f" {'above' if self.above else 'from'} {self.low:g}"
        if np.isfinite(self.high):
            words += f" and below {self.high:g}" if self.below else f" to {self.high:,g}"
        return words


#: Parameters that had another name in Foveal 0.1, with today's.
RENAMED = {
    "average": "ema_decay",
    "tuned_share": "finetune_fraction",
    "tuning_rate": "backbone_lr_factor",
    "tuned_from": "finetune_from",
    "repeats": "passes_per_view",
}


def renamed(old: str) -> SettingError:
    """What a user of an old name is told."""
    return SettingError(f"{old} is called {RENAMED[old]} since Foveal 0.2: give {RENAMED[old]}.")


class NamedParameters:
    """An estimator whose keywords of an older version are answered with today's names."""

    def __new__(cls, *args: Any, **parameters: Any) -> Self:
        """Refuse an old name with a SettingError."""
        for old in RENAMED.keys() & parameters.keys():
            raise renamed(old)
        return super().__new__(cls)


#: What the parameters of all estimators may be, by name; a class says in ``ranges`` where its own differ.
RANGES: dict[str, Range] = {
    name: kind
    for kind, names in (
        (Range(0), "backbone_lr_factor box_weight l2 positive_overlap regression_alpha weight_decay"),
        (Range(0, above=True), "C epochs learning_rate minutes"),
        (Range(0, above=True, many=True), "learning_rates linear_C rbf_C rbf_gamma"),
        (Range(0, 0.5), "background_floor"),
        (Range(0.3, 1), "foreground"),
        (
            Range(0, 1),
            "finetune_fraction foreground_fraction jitter negative_high negative_low nms_threshold "
            "score_threshold vote_threshold",
        ),
        (Range(0, 1, below=True), "dropout ema_decay label_smoothing momentum validation_size"),
        (Range(0, 1000, whole=True), "calibration_folds depth mining_rounds"),
        (
            Range(1, 1_000_000, whole=True),
            "batch_size images_per_step iterations max_detections max_images max_proposals passes_per_view",
        ),
        (Range(1, 65_536, whole=True), "channels hidden width"),
        (Range(1, 4096, whole=True), "image_size"),
        (Range(2, 1_000_000, whole=True), "folds regions_per_image"),
        (Range(0, 10, whole=True), "refinements"),
        (Range(1, 64, whole=True), "roi_size"),
        (Range(64, 4096, whole=True), "size"),
    )
    for name in names.split()
}


def check_parameters(estimator: object) -> None:
    """Refuse parameters that are out of their ranges.

    Parameters
    ----------
    estimator : estimator
        What :data:`RANGES` and its own ``ranges`` name is looked at, None only where that is no default.

    Raises
    ------
    SettingError
        The sentence names the parameter, its range and what it is.

    Examples
    --------
    >>> from foveal.models import FasterRCNN
    >>> check_parameters(FasterRCNN(jitter=2))
    Traceback (most recent call last):
    ...
    foveal.errors.SettingError: jitter is 2; give a number from 0 to 1.
    """
    ranges = {**RANGES, **getattr(estimator, "ranges", {})}
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        value = getattr(estimator, name, None)
        if name not in ranges or (value is None and parameter.default is None):
            continue
        if value not in ranges[name]:
            raise SettingError(f"{name} is {value!r}; give {ranges[name]}.")
