"""What the parameters of estimators may be and how they are called, checked once, in one way."""

import inspect
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from foveal.errors import SettingError


@dataclass(frozen=True)
class Range:
    """The numbers that a parameter may be; the ends are among them unless ``above`` or ``below`` is set.

    Examples
    --------
    >>> 0.5 in Range(0, 1, below=True), 1 in Range(0, 1, below=True)
    (True, False)
    >>> str(Range(1, whole=True)), str(Range(0, above=True)), str(Range(0, 1))
    ('a whole number from 1', 'a number above 0', 'a number from 0 to 1')
    """

    low: float = -np.inf
    high: float = np.inf
    above: bool = False
    below: bool = False
    whole: bool = False

    def __contains__(self, value: Any) -> bool:
        kinds = (int, np.integer) if self.whole else (int, float, np.integer, np.floating)
        if not isinstance(value, kinds) or isinstance(value, bool) or not np.isfinite(value):
            return False
        low = value > self.low if self.above else value >= self.low
        return bool(low and (value < self.high if self.below else value <= self.high))

    def __str__(self) -> str:
        words = "a whole number" if self.whole else "a number"
        if np.isfinite(self.low):
            words += f" {'above' if self.above else 'from'} {self.low:g}"
        if np.isfinite(self.high):
            words += f" and below {self.high:g}" if self.below else f" to {self.high:g}"
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


_SHARE, _PART, _POSITIVE = Range(0, 1), Range(0, 1, below=True), Range(0, above=True)
_COUNT, _NUMBER = Range(1, whole=True), Range(0)

#: What the parameters of all estimators may be, by name; a class says in ``ranges`` where its own differ.
RANGES: dict[str, Range] = {
    "C": _POSITIVE,
    "background_floor": Range(0, 0.5),
    "backbone_lr_factor": _NUMBER,
    "batch_size": _COUNT,
    "box_weight": _NUMBER,
    "calibration_folds": Range(0, whole=True),
    "channels": _COUNT,
    "depth": Range(0, whole=True),
    "dropout": _PART,
    "ema_decay": _PART,
    "epochs": _POSITIVE,
    "finetune_fraction": _SHARE,
    "foreground": Range(0.3, 1),
    "foreground_fraction": _SHARE,
    "hidden": _COUNT,
    "images_per_step": _COUNT,
    "jitter": _SHARE,
    "label_smoothing": _PART,
    "learning_rate": _POSITIVE,
    "max_detections": _COUNT,
    "max_proposals": _COUNT,
    "mining_rounds": Range(0, whole=True),
    "minutes": _POSITIVE,
    "momentum": _PART,
    "negative_high": _SHARE,
    "negative_low": _SHARE,
    "nms_threshold": _SHARE,
    "passes_per_view": _COUNT,
    "positive_overlap": _NUMBER,
    "refinements": Range(0, 10, whole=True),
    "regions_per_image": Range(2, whole=True),
    "regression_alpha": _NUMBER,
    "roi_size": Range(1, 64, whole=True),
    "score_threshold": _SHARE,
    "size": Range(64, 4096, whole=True),
    "validation_size": _PART,
    "vote_threshold": _SHARE,
    "weight_decay": _NUMBER,
    "width": _COUNT,
}


def check_parameters(estimator: Any) -> None:
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
