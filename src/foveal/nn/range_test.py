"""Which learning rate to begin with: a short training over rising rates."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.events import Callbacks, emit
from foveal.nn.batches import Batches, endless
from foveal.nn.module import Module
from foveal.nn.optimizers import Optimizer


@dataclass(frozen=True)
class RangeTest:
    """What a learning-rate range test measured.

    Attributes
    ----------
    rates : ndarray of shape (S,), float64
        The learning rates that were tried, rising geometrically. Fewer than asked where the loss diverged.
    losses : ndarray of shape (S,), float64
        The loss of the one batch at each rate, before the step with it.
    smoothed : ndarray of shape (S,), float64
        Their running mean, each step forgetting a tenth, without the bias of its beginning.
    diverged : bool
        Whether the loss diverged, so that it stopped there.

    Examples
    --------
    >>> rates = 10.0 ** np.arange(-4, 2)
    >>> losses = np.array([2.0, 2.0, 1.9, 1.2, 1.0, 6.0])
    >>> result = RangeTest(rates, losses, losses, True)
    >>> round(result.steepest, 4), round(result.tenth_of_minimum, 4), round(result.suggestion, 4)
    (0.1, 0.1, 0.1)
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    diverged: bool

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls most by the rate's logarithm, before its minimum.

        None where it never falls.
        """
        end = self._minimum() + 1
        if end < 2:
            return None
        slopes = np.gradient(self.smoothed[:end], np.log(self.rates[:end]))
        place = int(np.argmin(slopes))
        return float(self.rates[place]) if slopes[place] < 0 else None

    @property
    def tenth_of_minimum(self) -> float | None:
        """A tenth of the rate at which the smoothed loss is least; None where it never falls."""
        place = self._minimum()
        return float(self.rates[place] / 10) if place > 0 else None

    @property
    def suggestion(self) -> float | None:
        """A learning rate to begin with: the lesser of :attr:`steepest` and :attr:`tenth_of_minimum`.

        Where the loss falls fastest, learning goes well (Smith 2017); at its minimum the rate is already
        too high, and a tenth of it keeps a distance. Smoothing is late, so that the steepest place can lie
        near the minimum; hence the lesser of the two. None where the loss never fell: then try lower rates.
        """
        both = [rate for rate in (self.steepest, self.tenth_of_minimum) if rate is not None]
        return min(both) if both else None

    def _minimum(self) -> int:
        finite = np.isfinite(self.smoothed)
        return int(np.argmin(np.where(finite, self.smoothed, np.inf))) if finite.any() else 0


# A smoothed loss of so many times the least one has diverged.
_DIVERGED = 4.0
_SMOOTHING = 0.9


def learning_rate_range_test(
    network: Module,
    loss: Callable[[Any, Any], tuple[float, NDArray[Any]]],
    optimizer: Optimizer,
    batches: Batches,
    lowest: float = 1e-5,
    highest: float = 1.0,
    steps: int = 100,
    callbacks: Callbacks = (),
) -> RangeTest:
    """Train with a learning rate that rises at every step, and see where the loss falls and where it breaks.

    Stops when the smoothed loss is 4 times its least value, or the loss is no finite number. Afterwards
    the network, the optimiser and their generators are as they were, and no gradient is left.

    Parameters
    ----------
    network : Module
    loss : callable
        ``value, gradient = loss(output, target)``.
    optimizer : Optimizer
        Of the network's parameters. Its groups keep their proportions.
    batches : object with ``__len__()`` and ``epoch(number)``
        As :func:`foveal.nn.fit` takes them; its epochs from 1 on, as many as the steps need.
    lowest, highest : float
        The first and the last learning rate, 0 < lowest < highest.
    steps : int, default=100
        At least 2.
    callbacks : sequence of callables
        Each step is told as an ``lr_range`` event with ``learning_rate`` and ``loss`` (None where that is no
        finite number).

    Returns
    -------
    RangeTest

    Raises
    ------
    SettingError
        If the rates or the steps are out of their range.
    ValueError
        If there are no batches.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3. The geometric rise,
    the smoothing and the stop are those of fastai's ``lr_find``.

    Examples
    --------
    >>> from foveal.nn import SGD, CrossEntropyLoss, Linear
    >>> class Same:
    ...     def __len__(self):
    ...         return 1
    ...
    ...     def epoch(self, number):
    ...         yield np.eye(2, dtype=np.float32), np.array([0, 1])
    >>> network = Linear(2, 2, random_state=0)
    >>> optimizer = SGD(network.parameters())
    >>> test = learning_rate_range_test(network, CrossEntropyLoss(), optimizer, Same(), 1e-3, 10.0, steps=20)
    >>> len(test.rates), bool(test.losses[-1] < test.losses[0])
    (20, True)
    """
    if not (0 < lowest < highest and isfinite(highest)) or steps < 2:
        raise SettingError(
            "A range test needs 0 < lowest < highest and at least 2 steps, "
            f"not {lowest}, {highest} and {steps}."
        )
    if not len(batches):
        raise ValueError("A range test needs at least one batch.")
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    smoothed: list[float] = []
    mean, diverged = 0.0, False
    with _as_it_was(network, optimizer), np.errstate(over="ignore", invalid="ignore"):
        network.train()
        for step, (x, y) in zip(range(steps), endless(batches), strict=False):
            optimizer.lr = float(rates[step])
            optimizer.zero_grad()
            value, gradient = loss(network(x), y)
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * value
            losses.append(value)
            smoothed.append(mean / (1 - _SMOOTHING ** (step + 1)))
            told = value if isfinite(value) else None
            emit(callbacks, "lr_range", learning_rate=optimizer.lr, loss=told)
            if not isfinite(value) or smoothed[-1] > _DIVERGED * min(smoothed):
                diverged = True
                break
            network.backward(gradient, needs_input_grad=False)
            optimizer.step()
    return RangeTest(rates[: len(losses)], np.array(losses), np.array(smoothed), diverged)


@contextmanager
def _as_it_was(network: Module, optimizer: Optimizer) -> Iterator[None]:
    weights, state, rate = network.state_dict(), optimizer.state_dict(), optimizer.lr
    modes = [(module, module.training) for module in network.modules()]
    generators = [
        (value.bit_generator, value.bit_generator.state)
        for module in network.modules()
        for value in vars(module).values()
        if isinstance(value, np.random.Generator)
    ]
    try:
        yield
    finally:
        network.load_state_dict(weights)
        optimizer.load_state_dict(state)
        optimizer.lr = rate
        optimizer.zero_grad()
        network.zero_grad()
        for module, training in modes:
            module.training = training
        for generator, before in generators:
            generator.state = before
