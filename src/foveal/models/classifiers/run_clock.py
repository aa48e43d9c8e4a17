"""The minutes that a classifier is given for all that is done with it."""

import time
from dataclasses import dataclass
from math import inf
from typing import Self

# What is left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.04


@dataclass(frozen=True)
class RunClock:
    """How much of somebody's minutes is left.

    Attributes
    ----------
    minutes : float or None
        For everything; None where there is no bound.
    began : float
        When they began, on the clock of :func:`time.perf_counter`.

    Examples
    --------
    >>> RunClock.start(None, 0.0).left()
    inf
    >>> 50 < RunClock.start(2.0, 60.0).left() < 60
    True
    """

    minutes: float | None
    began: float

    @classmethod
    def start(cls, minutes: float | None, spent: float) -> Self:
        """A clock on which so many seconds are gone, or will be needed for something else."""
        return cls(None if minutes is None else float(minutes), time.perf_counter() - spent)

    @property
    def spent(self) -> float:
        """Seconds that are gone, or spoken for."""
        return time.perf_counter() - self.began

    def left(self, after: float = 0.0) -> float:
        """Seconds that are left, but for a margin, where so many are needed afterwards."""
        if self.minutes is None:
            return inf
        return 60 * self.minutes * (1 - _MARGIN) - self.spent - after


def minutes_text(minutes: float, verb: str = "") -> str:
    """So many minutes in words, and what they do.

    Examples
    --------
    >>> minutes_text(1), minutes_text(2.46), minutes_text(1, "hold"), minutes_text(2, "hold")
    ('1 minute', '2.5 minutes', '1 minute holds', '2 minutes hold')
    """
    rounded = round(minutes, 1 if minutes < 10 else 0)
    one = rounded == 1
    said = f"{rounded:g} minute{'' if one else 's'}"
    return f"{said} {verb}{'s' if one else ''}" if verb else said
