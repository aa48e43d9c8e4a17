"""One number from several losses of a network, and what they are as the training goes on."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.events import Callbacks, emit

# Steps whose mean losses are told together.
_TOLD_EVERY = 10


class JointLoss:
    """The sum of the losses by part (Ren et al. 2015, equation 1, and Girshick 2015, equation 1).

    Called with the network's losses it returns their sum and its gradient by each. Every ten steps it tells
    the callbacks the mean of each part: an event ``losses`` with ``step``, ``seconds`` and the parts' names.

    Parameters
    ----------
    parts : sequence of str
        The names of the losses, in the order in which the network returns them.
    callbacks : sequence of callables
    step : int, default=0
        Steps that were taken before.
    """

    def __init__(self, parts: Sequence[str], callbacks: Callbacks = (), *, step: int = 0) -> None:
        self.parts, self._step = tuple(parts), step
        self._callbacks, self._began = callbacks, time.perf_counter()
        self._rows: list[NDArray[Any]] = []

    def __call__(self, output: NDArray[Any], target: Any = None) -> tuple[float, NDArray[Any]]:
        """The sum and its gradient by each part."""
        self.tell(output)
        return float(output.sum()), np.ones(len(output))

    def tell(self, values: ArrayLike) -> None:
        """Count a step whose losses by part are these."""
        self._step += 1
        self._rows.append(np.asarray(values))
        if len(self._rows) == _TOLD_EVERY:
            means = dict(zip(self.parts, np.mean(self._rows, axis=0).round(6).tolist(), strict=True))
            seconds = round(time.perf_counter() - self._began, 3)
            emit(self._callbacks, "losses", step=self._step, seconds=seconds, **means)
            self._rows = []
