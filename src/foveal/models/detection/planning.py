"""How long a detector may learn in the minutes that somebody has."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from foveal.nn.speed import measure_speed
from foveal.nn.training_loop import TrainingLoop

# Left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.07


@dataclass(frozen=True)
class DetectionPlan:
    """What was chosen for the minutes that were given.

    Attributes
    ----------
    steps : int
        All steps.
    tunes_from : int
        The step from which on the backbone's last stage learns too; ``steps`` for never.
    seconds_per_step : float
        On average, measured.
    text : str
        One sentence that says so.
    """

    steps: int
    tunes_from: int
    seconds_per_step: float
    text: str


def plan(
    minutes: float,
    make_loop: Callable[[bool], TrainingLoop],
    *,
    tuned_share: float,
    spent: float,
    after: Callable[[float], float],
    most_steps: int,
) -> DetectionPlan:
    """Measure steps of both kinds and a validation, and choose how many steps fit.

    Parameters
    ----------
    minutes : float
        For everything, what was spent before and what comes after included.
    make_loop : callable
        A training loop at its beginning; with True one whose backbone learns too.
    tuned_share : float
        The share of the steps in which it does.
    spent : float
        Seconds that are gone before this call.
    after : callable
        Seconds that are needed after the training, from those that a validation takes.
    most_steps : int
        Never more.

    Returns
    -------
    DetectionPlan
        Of at least one step.
    """
    began = time.perf_counter()
    loop = make_loop(False)
    frozen = measure_speed(loop, 60 * minutes)
    tuned = measure_speed(make_loop(True), 60 * minutes) if tuned_share else frozen
    per_step = (1 - tuned_share) * frozen.step + tuned_share * tuned.step
    validation = (1 - tuned_share) * frozen.validation + tuned_share * tuned.validation
    per_step += validation / len(loop.batches)
    measuring = time.perf_counter() - began
    usable = 60 * minutes * (1 - _MARGIN) - spent - measuring - after(frozen.validation)
    steps = max(1, min(most_steps, int(usable / per_step)))
    tunes_from = steps - round(tuned_share * steps)
    epochs = steps / len(loop.batches)
    text = (
        f"{minutes:g} minute{'s' if minutes != 1 else ''} hold {steps:,} steps "
        f"({epochs:.3g} rounds over the training pictures) at {1000 * per_step:.0f} ms, validation included"
        + (f"; the backbone's last stage learns from step {tunes_from + 1:,} on." if tuned_share else ".")
    )
    return DetectionPlan(steps, tunes_from, per_step, text)
