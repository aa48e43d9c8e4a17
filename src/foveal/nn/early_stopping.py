"""Ending a training that no longer gets better."""

from dataclasses import dataclass

from foveal.errors import SettingError


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when a validation figure has not improved for some epochs (Prechelt 1998).

    The network gets the weights of the best epoch back, whether the training was stopped or came to its
    end. Of equally good epochs the first is the best.

    Parameters
    ----------
    patience : int, default=10
        Epochs without an improvement after which the training ends; at least 1.
    metric : str, default="validation_loss"
        ``"validation_loss"``, ``"validation_accuracy"`` or ``"validation_"`` and the name of what the
        validation's callable gives. Losses and errors are to fall, everything else to rise.
    min_delta : float, default=0.0
        A smaller change is no improvement.

    Raises
    ------
    SettingError
        If the patience is below 1 or ``min_delta`` below 0.

    Examples
    --------
    >>> rule = EarlyStopping(metric="validation_accuracy")
    >>> rule.is_better(0.9, None), rule.is_better(0.9, 0.8), rule.is_better(0.8, 0.8)
    (True, True, False)
    """

    patience: int = 10
    metric: str = "validation_loss"
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise SettingError(f"The patience of early stopping is {self.patience}; give a number from 1.")
        if not self.min_delta >= 0:
            raise SettingError(f"min_delta of early stopping is {self.min_delta}; give a number from 0.")

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a value improves on the best so far; None is no value yet."""
        if best is None:
            return True
        falls = self.metric.endswith(("loss", "error"))
        return value < best - self.min_delta if falls else value > best + self.min_delta
