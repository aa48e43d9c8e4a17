"""Ending a training that no longer gets better."""

from dataclasses import dataclass

from foveal.errors import SettingError


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a validation figure has not improved for some epochs (Prechelt 1998).

    The network gets the weights of the best epoch back, whether the training was stopped or came to its
    end. Of equally good epochs the first is the best, unless there is a tolerance.

    Parameters
    ----------
    patience : int, default=10
        Epochs without an improvement after which the training ends; at least 1.
    metric : str, default="validation_loss"
        ``"validation_loss"``, ``"validation_accuracy"`` or ``"validation_"`` and the name of what the
        validation's callable gives. Losses and errors are to fall, everything else to rise.
    min_delta : float, default=0.0
        A smaller change is no improvement.
    tolerance : float, default=0.0
        Of the epochs that are no worse than the best one by more than this, the last is kept. A figure of
        few examples goes up and down by itself; its peak is luck, and a schedule's last weights are the most
        settled ones.

    Raises
    ------
    SettingError
        If the patience is below 1, or ``min_delta`` or ``tolerance`` below 0.

    Examples
    --------
    >>> rule = EarlyStopping(metric="validation_accuracy")
    >>> rule.is_better(0.9, None), rule.is_better(0.9, 0.8), rule.is_better(0.8, 0.8)
    (True, True, False)
    >>> rule.is_tolerable(0.8, 0.9), EarlyStopping(tolerance=0.2).is_tolerable(0.6, 0.5)
    (False, True)
    """

    patience: int = 10
    metric: str = "validation_loss"
    min_delta: float = 0.0
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise SettingError(f"The patience of early stopping is {self.patience}; give a number from 1.")
        if not self.min_delta >= 0:
            raise SettingError(f"min_delta of early stopping is {self.min_delta}; give a number from 0.")
        if not self.tolerance >= 0:
            raise SettingError(f"The tolerance of early stopping is {self.tolerance}; give a number from 0.")

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a value improves on the best so far; None is no value yet."""
        if best is None:
            return True
        return value < best - self.min_delta if self._falls else value > best + self.min_delta

    def is_tolerable(self, value: float, best: float) -> bool:
        """Whether a value is so near to the best that its epoch is as good; never without a tolerance."""
        if not self.tolerance:
            return False
        return value <= best + self.tolerance if self._falls else value >= best - self.tolerance

    @property
    def _falls(self) -> bool:
        return self.metric.endswith(("loss", "error"))
