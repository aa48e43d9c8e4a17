"""How much training fits into the minutes that somebody has."""

from dataclasses import dataclass

from foveal.wording import amount, count, minutes_text


@dataclass(frozen=True)
class TimeBudget:
    """What was chosen for a number of minutes, once; the training is as determined by it as by epochs.

    Attributes
    ----------
    minutes : float
        Those that were given.
    epochs : float
        ``steps`` over the steps an epoch; ``fit(epochs=…)`` with it is the same training.
    steps : int
    seconds_per_step : float
        Measured, data loading included.
    validation_seconds : float
        Measured, one validation.
    text : str
        One sentence that says what was chosen.
    """

    minutes: float
    epochs: float
    steps: int
    seconds_per_step: float
    validation_seconds: float
    text: str


# What is left unused of the time: machines are not equally fast all the time.
_MARGIN = 0.1

# From so many epochs on, a last one that is only begun is not worth its validation.
_WHOLE_FROM = 10


def choose(
    minutes: float,
    spent: float,
    seconds_per_step: float,
    validation_seconds: float,
    steps_per_epoch: int,
    *,
    most_epochs: float | None = None,
    schedule: str = "schedule",
) -> TimeBudget:
    """The longest training that fits, with a margin of a tenth.

    Each epoch, the last included, which may be a part of one, ends with a validation.

    Parameters
    ----------
    minutes : float
        Above 0.
    spent : float
        Seconds of it that are gone already, on compiling and measuring.
    seconds_per_step, validation_seconds : float
        Measured.
    steps_per_epoch : int
    most_epochs : float, optional
        Never more than these.
    schedule : str, default="schedule"
        What the sentence calls the schedule.

    Returns
    -------
    TimeBudget
        Of at least one step, however short the time.

    Examples
    --------
    >>> budget = choose(1, 4.0, 0.05, 1.0, 100, schedule="cosine")
    >>> budget.epochs, budget.steps
    (8.27, 827)
    >>> print(budget.text)
    1 minute holds 8.3 epochs of 100 steps, at 50 ms a step and 1.0 s a validation: the cosine schedule spans
    these 827 steps.
    """
    usable = max(0.0, (60 * minutes - spent) * (1 - _MARGIN))
    epoch = steps_per_epoch * seconds_per_step + validation_seconds
    whole = int(usable / epoch)
    steps = whole * steps_per_epoch
    if whole < _WHOLE_FROM:
        rest = usable - whole * epoch - validation_seconds
        steps += min(steps_per_epoch - 1, max(0, int(rest / seconds_per_step)))
    capped = most_epochs is not None and steps >= most_epochs * steps_per_epoch
    if most_epochs is not None and capped:
        steps = round(most_epochs * steps_per_epoch)
    steps = max(1, steps)
    epochs = steps / steps_per_epoch
    text = (
        f"{minutes_text(minutes, 'hold')} "
        + (f"all {amount(epochs, 'epoch')}" if capped else amount(epochs, "epoch"))
        + f" of {count(steps_per_epoch, 'step')}, at {_duration(seconds_per_step)} a step"
        + (f" and {_duration(validation_seconds)} a validation" if validation_seconds else "")
        + f": the {schedule} schedule spans "
        + (f"these {steps:,} steps." if steps > 1 else "this one step.")
    )
    return TimeBudget(minutes, epochs, steps, seconds_per_step, validation_seconds, text)


def _duration(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.3g} ms"
