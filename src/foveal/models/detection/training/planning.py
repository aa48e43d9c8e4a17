"""How long a detector may learn in the minutes that somebody has."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from foveal.nn.speed import measure_speed
from foveal.nn.training_loop import TrainingLoop

# Left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.06
# Measuring takes about so much as for a training of so many seconds.
_MEASURED_FOR = 30.0
# While the backbone is frozen the other layers learn what they can. That takes a minute or so, and of a
# longer training this share: what goes on longer overfits. A fine-tuning shorter than half a
# minute gains nothing.
_FROZEN_SECONDS, _FROZEN_SHARE, _LEAST_TUNING = 60.0, 0.15, 30.0


#: The kinds of steps.
Kind = Literal["new", "seen", "finetuned"]


@dataclass(frozen=True)
class DetectionPlan:
    """How long a network is trained, as it was given or chosen for somebody's minutes.

    Attributes
    ----------
    steps, finetunes_from : int
        All steps, and the one from which on the backbone's last stages are fine-tuned; ``steps`` for never.
    per_epoch : int
        Steps that see every image once.
    seconds_per_step : float
        On average, validations included; 0 where no time was measured.
    text : str
        One sentence that says what was chosen.
    """

    steps: int
    finetunes_from: int
    per_epoch: int
    seconds_per_step: float = 0.0
    text: str = ""

    @property
    def epochs(self) -> float:
        """Passes over the training images."""
        return self.steps / self.per_epoch

    @property
    def finetune_fraction(self) -> float:
        """The share of the steps in which the backbone is fine-tuned."""
        return (self.steps - self.finetunes_from) / self.steps


def plan(
    minutes: float,
    make_loop: Callable[[Kind], TrainingLoop],
    *,
    finetune_fraction: float | None,
    passes_per_view: int,
    per_epoch: int,
    spent: float,
    after: Callable[[float], float],
    most_steps: int,
) -> DetectionPlan:
    """Measure steps of every kind and a validation, and choose how many steps fit.

    Parameters
    ----------
    minutes : float
        For everything, what was spent before and what comes after included.
    make_loop : callable
        A training loop at its beginning, of one kind of steps: on new views, on views that were seen before,
        or with a backbone that is fine-tuned.
    finetune_fraction, passes_per_view
        See :class:`foveal.models.FasterRCNN`.
    per_epoch : int
        See :class:`DetectionPlan`.
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
    measured_for = min(60 * minutes, _MEASURED_FOR)
    loop = make_loop("new")
    speed = measure_speed(loop, measured_for)
    # Steps from one validation to the next.
    between = len(loop.batches) * loop.validate_every
    step = speed.step
    if passes_per_view > 1:
        again = measure_speed(make_loop("seen"), measured_for).step
        step = (step + (passes_per_view - 1) * min(again, step)) / passes_per_view
    frozen = tuned = step + speed.validation / between
    usable = 60 * minutes * (1 - _MARGIN) - spent - after(speed.validation)
    likely = usable - (time.perf_counter() - began)
    if finetune_fraction or (finetune_fraction is None and _finetuning_seconds(likely) > 0):
        speed = measure_speed(make_loop("finetuned"), measured_for)
        tuned = speed.step + speed.validation / between
    usable = max(0.0, usable - (time.perf_counter() - began))
    if finetune_fraction is None:
        seconds = _finetuning_seconds(usable)
        tuning, steps = int(seconds / tuned), int((usable - seconds) / frozen)
        steps += tuning
    else:
        steps = int(usable / ((1 - finetune_fraction) * frozen + finetune_fraction * tuned))
        tuning = round(finetune_fraction * steps)
    steps = max(1, steps)
    if steps > most_steps:
        steps, tuning = most_steps, round(most_steps * tuning / steps)
    finetunes_from = steps - tuning
    average = ((steps - tuning) * frozen + tuning * tuned) / steps
    text = (
        f"{minutes:g} minute{'s' if minutes != 1 else ''} hold {steps:,} steps, {steps / per_epoch:.3g} "
        f"passes over the training images, at {1000 * average:.0f} ms a step, validations included"
        + (f"; the backbone is fine-tuned from step {finetunes_from + 1:,} on." if tuning else ".")
    )
    return DetectionPlan(steps, finetunes_from, per_epoch, average, text)


def _finetuning_seconds(usable: float) -> float:
    seconds = usable - max(_FROZEN_SECONDS, _FROZEN_SHARE * usable)
    return seconds if seconds >= _LEAST_TUNING else 0.0
