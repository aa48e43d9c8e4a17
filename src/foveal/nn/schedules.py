"""How the learning rate goes over the steps of a training.

A schedule is called with the number of the step, counted from 0, and answers with the factor by which the
optimiser's learning rate is multiplied. It has no state: a training that is resumed asks for the step it
is at. A setting that is out of its range raises a :class:`foveal.errors.SettingError`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

from foveal.errors import SettingError

Schedule = Callable[[int], float]


def _between(start: float, end: float, share: float) -> float:
    """Half a cosine from ``start`` to ``end``."""
    return end + (start - end) * (1 + cos(pi * share)) / 2


@dataclass(frozen=True)
class Constant:
    """The same learning rate throughout.

    Examples
    --------
    >>> Constant()(1000)
    1.0
    """

    def __call__(self, step: int) -> float:
        """The factor at a step."""
        return 1.0


@dataclass(frozen=True)
class Step:
    """Multiplied by ``gamma`` after every so many steps, as PyTorch's ``StepLR``.

    Parameters
    ----------
    every : int
        In steps, at least 1.
    gamma : float, default=0.1
        Above 0.

    Examples
    --------
    >>> schedule = Step(every=10, gamma=0.5)
    >>> [schedule(step) for step in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """

    every: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        if self.every < 1 or not self.gamma > 0:
            raise SettingError(
                "A step schedule needs every of at least 1 and gamma above 0, "
                f"not {self.every} and {self.gamma}."
            )

    def __call__(self, step: int) -> float:
        """The factor at a step."""
        return float(self.gamma ** (step // self.every))


@dataclass(frozen=True)
class Cosine:
    """A linear warm-up to 1, then half a cosine down to ``final`` (Loshchilov and Hutter 2017, equation 5).

    Step s of the warm-up has the factor ``(s + 1) / (warmup + 1)``, so that the first step already learns;
    step ``warmup`` has 1 and step ``total``, the one after the last, ``final``. Without a warm-up it is
    PyTorch's ``CosineAnnealingLR`` with ``T_max=total``. From ``total`` on it stays at ``final``.

    Parameters
    ----------
    total : int
        Steps of the whole training, at least 1.
    warmup : int, default=0
        Steps of the warm-up, from 0 to less than ``total``.
    final : float, default=0.0
        In [0, 1].

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017. Warm-up: Goyal
    et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.

    Examples
    --------
    >>> schedule = Cosine(total=12, warmup=4)
    >>> [round(schedule(step), 2) for step in (0, 1, 4, 8, 12)]
    [0.2, 0.4, 1.0, 0.5, 0.0]
    """

    total: int
    warmup: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        if self.total < 1 or not 0 <= self.warmup < self.total:
            raise SettingError(
                "A cosine schedule needs total of at least 1 step and a warmup of 0 to less than total, "
                f"not {self.total} and {self.warmup}."
            )
        if not 0 <= self.final <= 1:
            raise SettingError(f"The final factor of a cosine schedule lies in [0, 1], not {self.final}.")

    def __call__(self, step: int) -> float:
        """The factor at a step."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        return _between(1.0, self.final, min(1.0, (step - self.warmup) / (self.total - self.warmup)))


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up to 1 and half a cosine down (Smith and Topin 2019), as PyTorch's ``OneCycleLR``.

    The optimiser's learning rate is the peak, PyTorch's ``max_lr``; ``start`` is ``1 / div_factor`` and
    ``final`` is ``1 / (div_factor * final_div_factor)``. The momentum is left alone. The last step,
    ``total - 1``, has ``final``, and so has every later one.

    Parameters
    ----------
    total : int
        Steps of the whole training, at least 1.
    peak_at : float, default=0.3
        The share of the steps before the peak, in [0, 1].
    start, final : float
        In [0, 1].

    References
    ----------
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
    2019.

    Examples
    --------
    >>> schedule = OneCycle(total=100, peak_at=0.3, final=0.0)
    >>> [round(schedule(step), 3) for step in (0, 29, 64, 99)]
    [0.04, 1.0, 0.5, 0.0]
    """

    total: int
    peak_at: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def __post_init__(self) -> None:
        if self.total < 1:
            raise SettingError(f"A one-cycle schedule needs total of at least 1 step, not {self.total}.")
        for name in ("peak_at", "start", "final"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(
                    f"{name} of a one-cycle schedule lies in [0, 1], not {getattr(self, name)}."
                )

    def __call__(self, step: int) -> float:
        """The factor at a step."""
        last = self.total - 1
        peak = self.peak_at * self.total - 1
        if step <= peak and peak > 0:
            return _between(self.start, 1.0, step / peak)
        peak = max(peak, 0.0)
        return _between(1.0, self.final, min(1.0, (step - peak) / (last - peak))) if last > peak else 1.0
