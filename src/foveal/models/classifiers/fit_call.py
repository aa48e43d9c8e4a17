"""What a call of ``fit`` asks for beside the examples."""

from dataclasses import dataclass
from typing import Any

from foveal.events import Callbacks
from foveal.models.classifiers.run_clock import RunClock

#: Images or rows with their labels.
Examples = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class FitCall:
    """What a call of ``fit`` asks for beside the examples.

    Attributes
    ----------
    validation : tuple (X, y) or None
        The examples to choose by; None where some are to be held out.
    callbacks : sequence of callables
    clock : RunClock
        Of all that the minutes are for.
    images_after : int
        So many images are to be looked at afterwards.
    checkpoint : path-like, foveal.nn.Checkpoint or None
        Where the state of a network's training is kept.
    initial : Classifier or None
        A trained classifier of the same kind to begin with.

    Examples
    --------
    >>> FitCall(clock=RunClock.start(2.0, 0.0)).images_after
    0
    """

    clock: RunClock
    validation: Examples | None = None
    callbacks: Callbacks = ()
    images_after: int = 0
    checkpoint: Any = None
    initial: Any = None
