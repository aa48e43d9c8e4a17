"""One number from the network's four losses, and what they are as the training goes on."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    """

    def __init__(self, parts: Sequence[str], callbacks: Callbacks = ()) -> None:
        self.parts = tuple(parts)
        self._callbacks = callbacks
        self._began = time.perf_counter()
        self._rows: list[NDArray[Any]] = []
        self.step = 0

    def begin(self, step: int = 0) -> None:
        """Count steps from a number, and seconds from now."""
        self.step, self._rows, self._began = step, [], time.perf_counter()

    def __call__(self, output: NDArray[Any], target: Any = None) -> tuple[float, NDArray[Any]]:
        """The sum and its gradient by each part."""
        self.step += 1
        self._rows.append(output)
        if len(self._rows) == _TOLD_EVERY:
            means = dict(zip(self.parts, np.mean(self._rows, axis=0).round(6).tolist(), strict=True))
            seconds = round(time.perf_counter() - self._began, 3)
            emit(self._callbacks, "losses", step=self.step, seconds=seconds, **means)
            self._rows = []
        return float(output.sum()), np.ones(len(output))
