"""How fast a training is on this machine, found out by steps that leave no trace."""

import time
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from foveal.compiling import seconds_compiling
from foveal.nn.batches import endless
from foveal.nn.training_loop import TrainingLoop

# Steps that are not counted: kernels are compiled, buffers made and threads started in the first two, and
# memory and the clock of the cores settle in those after them. Never more than half of the steps, but two.
_FEWEST_WARM_UP, _MOST_WARM_UP = 2, 8

# Timed steps, at least, and the share of the time that they may take before that.
_FEWEST, _MOST_SHARE = 5, 0.2


@dataclass(frozen=True)
class Speed:
    """Measured times in seconds; ``spent`` on measuring, without what was compiled."""

    step: float
    validation: float
    spent: float


def measure_speed(loop: TrainingLoop, seconds: float) -> Speed:
    """Time steps and a validation, and put everything back as it was.

    The steps are real ones, with their data loading, clipping and averaging, at a learning rate of 0. What is
    compiled at first use is compiled here, and is not in the times.

    Parameters
    ----------
    loop : TrainingLoop
        At its beginning.
    seconds : float
        The time of the whole training; 3 % of it, but 0.5 to 10 s, go to the timed steps.
    """
    began, compiled = time.perf_counter(), seconds_compiling()
    network, optimizer = loop.network, loop.optimizer
    before, remembered = network.state_dict(), optimizer.state_dict()
    lr, loop.base_lr = loop.base_lr, 0.0
    loop.start_averaging()
    try:
        network.train()
        step = _time_steps(loop, seconds, began)
        validation = _time_validation(loop, seconds, began)
    finally:
        loop.base_lr = optimizer.lr = lr
        loop.restart()
        network.load_state_dict(before)
        optimizer.load_state_dict(remembered)
        optimizer.zero_grad()
        loop.average = None
    spent = time.perf_counter() - began - (seconds_compiling() - compiled)
    return Speed(step, validation, spent)


def _time_steps(loop: TrainingLoop, seconds: float, began: float) -> float:
    enough = min(10.0, max(0.5, 0.03 * seconds))
    times: list[float] = []
    with closing(endless(loop.batches)) as batches:
        last = time.perf_counter()
        while True:
            loop.step(*next(batches))
            now = time.perf_counter()
            times.append(now - last)
            last = now
            warm_up = max(_FEWEST_WARM_UP, min(_MOST_WARM_UP, len(times) // 2))
            late = now - began > _MOST_SHARE * seconds
            timed = len(times) - warm_up
            if timed > 0 and (late or (sum(times[warm_up:]) >= enough and timed >= _FEWEST)):
                return _typical(times, warm_up, len(loop.batches))


def _typical(times: list[float], warm_up: int, per_epoch: int) -> float:
    """Seconds a step, on average over an epoch; some steps had to wait for something else on the machine."""
    firsts = [t for place, t in enumerate(times) if place >= warm_up and place % per_epoch == 0]
    others = [t for place, t in enumerate(times) if place >= warm_up and place % per_epoch]
    if not firsts or not others:
        return float(np.median(times[warm_up:]))
    # An epoch's first step waits for its first batch, which nothing has made ahead.
    step = float(np.median(others))
    return step + max(0.0, float(np.median(firsts)) - step) / per_epoch


def _time_validation(loop: TrainingLoop, seconds: float, began: float) -> float:
    if loop.measure is None:
        return 0.0
    with loop.averaged():
        start = time.perf_counter()
        loop.measure(loop.network)
        took = time.perf_counter() - start
        if time.perf_counter() - began + took < _MOST_SHARE * seconds:
            # The first one compiled what only evaluation needs.
            start = time.perf_counter()
            loop.measure(loop.network)
            took = time.perf_counter() - start
    return took
