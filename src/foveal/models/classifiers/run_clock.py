"""The minutes that a classifier is given for all that is done with it."""

from dataclasses import dataclass
from math import inf
from typing import Self

from foveal.compiling import clock

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
        When they began, on :func:`foveal.compiling.clock`.

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
        return cls(None if minutes is None else float(minutes), clock() - spent)

    @classmethod
    def of_seconds(cls, seconds: float | None) -> Self:
        """A clock that begins now, with so many seconds; None for no bound."""
        return cls.start(None if seconds is None else seconds / 60, 0.0)

    @property
    def spent(self) -> float:
        """Seconds that are gone, or spoken for."""
        return clock() - self.began

    def left(self, after: float = 0.0) -> float:
        """Seconds that are left, but for a margin, where so many are needed afterwards."""
        if self.minutes is None:
            return inf
        return 60 * self.minutes * (1 - _MARGIN) - self.spent - after
