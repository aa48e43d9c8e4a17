"""What a training was like, epoch by epoch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.nn.time_budget import TimeBudget

# The arrays, in the order in which they are written.
_CURVES = ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds")


@dataclass(frozen=True, eq=False)
class History:
    """The course of a training; one number an epoch in each array, NaN where there is none.

    The last epoch may be a part of one, where the epochs asked for were no whole number.

    Attributes
    ----------
    loss : ndarray of shape (E,), float64
        The mean training loss over the epoch's examples, each taken when its step came.
    accuracy : ndarray of shape (E,), float64
        The share of the epoch's examples that were classified rightly at their step; NaN where the targets
        are no classes.
    validation_loss, validation_accuracy : ndarray of shape (E,), float64
        After the epoch, of the averaged weights where weights are averaged.
    learning_rate : ndarray of shape (E,), float64
        At the epoch's last step.
    seconds : ndarray of shape (E,), float64
        The epoch's wall-clock time, its validation included. The one thing here that differs between two
        runs of the same training.
    metrics : dict of str to ndarray of shape (E,), float64
        What else the validation's callable gave.
    steps : int
        Steps taken.
    stopped : {"finished", "early stopping"}
        Why the training ended.
    best_epoch : int or None
        Counted from 1: the epoch whose weights the network has, where early stopping was asked for.
    budget : TimeBudget or None
        What was chosen for the minutes that were given.
    """

    loss: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_accuracy: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    seconds: NDArray[np.float64]
    metrics: dict[str, NDArray[np.float64]]
    steps: int
    stopped: str
    best_epoch: int | None = None
    budget: TimeBudget | None = None

    @property
    def epochs(self) -> int:
        """The number of epochs, a begun one included."""
        return len(self.loss)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the seconds as a JSON value, None for NaN; the same training gives the same."""
        value: dict[str, Any] = {name: _listed(getattr(self, name)) for name in _CURVES if name != "seconds"}
        value["metrics"] = {name: _listed(curve) for name, curve in sorted(self.metrics.items())}
        value |= {"steps": self.steps, "stopped": self.stopped, "best_epoch": self.best_epoch}
        value["budget"] = None if self.budget is None else asdict(self.budget)
        return value

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` gave; the seconds are NaN."""
        curves: dict[str, Any] = {name: _array(value[name]) for name in _CURVES if name != "seconds"}
        budget = value["budget"]
        return cls(
            **curves,
            seconds=np.full(len(curves["loss"]), np.nan),
            metrics={name: _array(curve) for name, curve in value["metrics"].items()},
            steps=value["steps"],
            stopped=value["stopped"],
            best_epoch=value["best_epoch"],
            budget=None if budget is None else TimeBudget(**budget),
        )

    @classmethod
    def from_epochs(cls, rows: list[dict[str, Any]], **others: Any) -> Self:
        """From one mapping an epoch, with the arrays' names as keys; other keys are metrics."""

        def curve(name: str) -> NDArray[np.float64]:
            return _array([row.get(name) for row in rows])

        extra = sorted({key for row in rows for key in row} - set(_CURVES))
        curves: dict[str, Any] = {name: curve(name) for name in _CURVES}
        return cls(**curves, metrics={name: curve(name) for name in extra}, **others)


def _array(values: list[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _listed(curve: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in curve]
