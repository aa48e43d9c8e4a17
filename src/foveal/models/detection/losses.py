"""One number from the network's four losses, and what they are as the training goes on."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.events import Callbacks, emit
from foveal.models.detection.network import LOSSES

# Steps whose mean losses are told together.
_TOLD_EVERY = 10


class JointLoss:
    """The weighted sum of the losses by part (Ren et al. 2015, equation 1, and Girshick 2015, equation 1).

    Called with the network's losses it returns their sum and its gradient by each. Every ten steps it tells
    the callbacks the mean of each part: an event ``losses`` with ``step``, ``seconds`` and the parts' names.

    Parameters
    ----------
    weights : sequence of float, default=(1, 1, 1, 1)
        Of the parts, in the order of :data:`foveal.models.detection.network.LOSSES`.
    callbacks : sequence of callables
    """

    def __init__(self, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0), callbacks: Callbacks = ()) -> None:
        self.weights = tuple(weights)
        self._callbacks = callbacks
        self._began = time.perf_counter()
        self._rows: list[NDArray[Any]] = []
        self.step = 0

    def begin(self, step: int = 0) -> None:
        """Count steps from a number, and seconds from now."""
        self.step, self._rows, self._began = step, [], time.perf_counter()

    def __call__(self, output: NDArray[Any], target: Any = None) -> tuple[float, NDArray[Any]]:
        """The sum and its gradient, (4,)."""
        weights = np.asarray(self.weights)
        self.step += 1
        self._rows.append(output)
        if len(self._rows) == _TOLD_EVERY:
            means = dict(zip(LOSSES, np.mean(self._rows, axis=0).round(6).tolist(), strict=True))
            seconds = round(time.perf_counter() - self._began, 3)
            emit(self._callbacks, "losses", step=self.step, seconds=seconds, **means)
            self._rows = []
        return float(weights @ output), weights
