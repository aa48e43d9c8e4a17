"""The parameters of a network's training, checked, and what follows from them for so many examples."""

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from foveal import nn
from foveal.errors import SettingError

if TYPE_CHECKING:
    from foveal.models.classifiers.network_classifier import NetworkClassifier

# Where learning_rate and weight_decay are None.
_LEARNING_RATES = {"sgd": 0.05, "adamw": 0.002}
_WEIGHT_DECAYS = {"sgd": 5e-4, "adamw": 0.02}

# Steps that a training has where nothing is said, and the bounds of its epochs.
_STEPS = 1500
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 100
# A handful of examples is seen more often.
_FEWEST_STEPS = 500
# The most epochs of a training that is given minutes.
_MOST_IN_MINUTES = 300

_PATIENCE = 10


@dataclass(frozen=True)
class NetworkSettings:
    """Checked parameters of a :class:`NetworkClassifier`."""

    epochs: float | None
    minutes: float | None
    learning_rate: float
    batch_size: int
    optimizer: str
    momentum: float
    weight_decay: float

    @classmethod
    def of(cls, model: "NetworkClassifier") -> Self:
        """Check the parameters of a model.

        Raises
        ------
        SettingError
            If one is impossible.
        """
        if model.optimizer not in _LEARNING_RATES:
            raise SettingError(f"optimizer is {model.optimizer!r}; choose 'sgd' or 'adamw'.")
        rate, decay = model.learning_rate, model.weight_decay
        rate = _LEARNING_RATES[model.optimizer] if rate is None else rate
        decay = _WEIGHT_DECAYS[model.optimizer] if decay is None else decay
        check_number("learning_rate", rate, above=0)
        check_number("weight_decay", decay, least=0)
        check_number("momentum", model.momentum, least=0, below=1)
        check_number("label_smoothing", model.label_smoothing, least=0, below=1)
        check_number("validation_size", model.validation_size, above=0, below=1)
        check_whole("batch_size", model.batch_size)
        if model.epochs is not None:
            check_number("epochs", model.epochs, above=0)
        if model.minutes is not None:
            check_number("minutes", model.minutes, above=0)
        return cls(
            None if model.epochs is None else float(model.epochs),
            model.minutes,
            float(rate),
            int(model.batch_size),
            model.optimizer,
            float(model.momentum),
            float(decay),
        )

    def batch_size_for(self, n_examples: int) -> int:
        """So few examples that an epoch has about eight steps, and never a last batch of one."""
        size = min(self.batch_size, max(8, n_examples // 8), n_examples)
        # Batch normalisation has no variance of one example.
        while size > 2 and n_examples % size == 1:
            size -= 1
        return size

    def epochs_for(self, n_examples: int, batch_size: int) -> float:
        """The epochs that were asked for; else about so many that the steps are always as many."""
        if self.epochs is not None:
            return self.epochs
        if self.minutes is not None:
            return _MOST_IN_MINUTES
        an_epoch = ceil(n_examples / batch_size)
        epochs = min(max(round(_STEPS / an_epoch), _FEWEST_EPOCHS), _MOST_EPOCHS)
        return max(epochs, ceil(_FEWEST_STEPS / an_epoch))

    def make_optimizer(self, network: nn.Module) -> Any:
        """The optimiser of a network; biases and batch normalisation are not decayed."""
        groups: list[dict[str, Any]] = [
            {"params": [p for p in network.parameters() if p.data.ndim > 1]},
            {"params": [p for p in network.parameters() if p.data.ndim <= 1], "weight_decay": 0.0},
        ]
        if self.optimizer == "sgd":
            return nn.SGD(
                groups,
                lr=self.learning_rate,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                nesterov=self.momentum > 0,
            )
        return nn.AdamW(groups, lr=self.learning_rate, weight_decay=self.weight_decay)

    def stopping(self) -> nn.EarlyStopping:
        """Stop where the accuracy of the validation part no longer rises."""
        return nn.EarlyStopping(patience=_PATIENCE, metric="validation_loss")


def check_whole(name: str, value: Any, least: int = 1) -> None:
    """Refuse what is no whole number from ``least``."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} is {value!r}; give a whole number from {least}.")


def check_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
) -> None:
    """Refuse what is no number, or lies outside of bounds of which ``above`` and ``below`` are excluded."""
    good = isinstance(value, int | float | np.integer | np.floating) and np.isfinite(value)
    good = good and (above is None or value > above) and (least is None or value >= least)
    good = good and (below is None or value < below)
    if not good:
        bounds = f"above {above}" if above is not None else f"from {least}"
        raise SettingError(
            f"{name} is {value!r}; give a number {bounds}" + (f" and below {below}." if below else ".")
        )
