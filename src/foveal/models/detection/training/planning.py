"""How long a detector may learn in the minutes that somebody has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

import numpy as np

from foveal.compiling import clock
from foveal.features import Backbone
from foveal.nn.speed import measure_speed
from foveal.nn.training_loop import TrainingLoop
from foveal.wording import amount, count, minutes_text

# Left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.06
# Measuring takes about so much as for a training of so many seconds.
_MEASURED_FOR = 30.0
# While the backbone is frozen the other layers learn what they can. That takes a minute or so, and of a
# longer training this share: what goes on longer overfits. A fine-tuning shorter than half a
# minute gains nothing.
_FROZEN_SECONDS, _FROZEN_SHARE, _LEAST_TUNING = 60.0, 0.15, 30.0
# Before anything is measured: what a step on a frozen backbone takes, in the time that the backbone takes for
# one image; seconds until the first step; and how often the backbone is timed.
_STEP_IN_MAPS, _BEGINNING, _TIMED = 5.0, 5.0, 4
# Fewer are no training that is worth it. BCCD had an AP50 of .888 after three passes, 198 steps, and the
# raccoons .932 after three and .946 after six, 216 steps.
FEWEST_STEPS, FEWEST_EPOCHS = 200, 3


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
    began = clock()
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
    likely = usable - (clock() - began)
    if finetune_fraction or (finetune_fraction is None and _finetuning_seconds(likely) > 0):
        speed = measure_speed(make_loop("finetuned"), measured_for)
        tuned = speed.step + speed.validation / between
    usable = max(0.0, usable - (clock() - began))
    if finetune_fraction is None:
        seconds = _finetuning_seconds(usable)
        tuning, steps = int(seconds / tuned), int((usable - seconds) / frozen)
        steps += tuning
    else:
        steps = int(usable / ((1 - finetune_fraction) * frozen + finetune_fraction * tuned))
        tuning = round(finetune_fraction * steps)
    steps = max(1, steps)
    worth = fewest_steps(per_epoch)
    if steps > most_steps:
        steps, tuning = most_steps, round(most_steps * tuning / steps)
    finetunes_from = steps - tuning
    average = ((steps - tuning) * frozen + tuning * tuned) / steps
    text = (
        f"{minutes_text(minutes, 'hold')} {count(steps, 'step')}, "
        f"{amount(steps / per_epoch, 'pass', 'passes')} over the training images, "
        f"at {1000 * average:.0f} ms a step, validations included"
        + (f"; the backbone is fine-tuned from step {finetunes_from + 1:,} on." if tuning else ".")
    )
    if steps < worth:
        needed = minutes_text(enough_minutes(minutes, (worth - steps) * average), "hold")
        text += f" That is too little to learn much: {worth:,} steps are worth it, which {needed}."
    return DetectionPlan(steps, finetunes_from, per_epoch, average, text)


def enough_minutes(minutes: float, more_seconds: float) -> float:
    """Some minutes and the seconds that they lack, rounded up to a tenth.

    Examples
    --------
    >>> enough_minutes(0.5, 20)
    0.9
    """
    return ceil(10 * (minutes + more_seconds / 60 / (1 - _MARGIN))) / 10


def minutes_for(steps: int, backbone: Backbone, levels: Sequence[str], size: int, *, spent: float) -> float:
    """About the minutes that hold so many steps on a frozen backbone, before anything is measured in earnest.

    Parameters
    ----------
    steps : int
    backbone : Backbone
        Whose maps of one image, timed, tell the speed of the machine.
    levels : sequence of str
    size : int
        The longer side of the images.
    spent : float
        Seconds that are gone, or needed for something else.
    """
    image = np.zeros(
        (1, size * 3 // 4 // backbone.size_divisibility * backbone.size_divisibility, size, 3), np.uint8
    )
    seconds = []
    for _ in range(_TIMED):
        start = clock()
        backbone.maps(image, levels, threads=1)
        seconds.append(clock() - start)
    step = _STEP_IN_MAPS * min(seconds)
    return (spent + _BEGINNING + steps * step) / 60 / (1 - _MARGIN)


def fewest_steps(per_epoch: int) -> int:
    """The steps of the shortest training that is worth it."""
    return max(FEWEST_STEPS, FEWEST_EPOCHS * per_epoch)


def _finetuning_seconds(usable: float) -> float:
    seconds = usable - max(_FROZEN_SECONDS, _FROZEN_SHARE * usable)
    return seconds if seconds >= _LEAST_TUNING else 0.0
