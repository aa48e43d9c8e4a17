"""The parameters that all networks share, and what follows from them for so many examples."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.errors import SettingError
from foveal.models.parameter_checks import check_parameters

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

#: What is kept of each epoch of a training.
CURVES = ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate")


@dataclass(kw_only=True, eq=False, repr=False)
class NetworkSettings:
    """Parameters of a ``NetworkClassifier``, with the defaults of a cnn.

    Parameters
    ----------
    epochs : float, optional
        How often all examples are seen. By default as many as make 1,500 steps, at least 10 and at most 100;
        but never less than 500 steps.
    minutes : float, optional
        Train as long as fits instead: the speed is measured first, and the epochs are chosen by it, at most
        ``epochs`` or else 300. From then on the clock has no say. They are for all that is done: of ``fit``,
        or of the whole of :func:`foveal.runs.train`, from reading to the report.
    learning_rate : float, optional
        The greatest of the one-cycle schedule (Smith & Topin 2018). By default 0.05 for SGD and 0.002 for
        AdamW.
    batch_size : int, default=64
        At most; with fewer than 512 examples an eighth of them, at least 8.
    optimizer : {"sgd", "adamw"}
        SGD with Nesterov's momentum, by default for a cnn, or AdamW (Loshchilov & Hutter 2019), for an mlp.
    momentum : float, default=0.9
        Of SGD.
    weight_decay : float, optional
        Of weights; biases and batch normalisation are left free. By default 5e-4 for SGD and 0.02 for AdamW.
    label_smoothing : float
        Share of each label that is spread over all classes (Szegedy et al. 2016); by default 0.1 for a cnn
        and 0 for an mlp.
    augmentation : {"auto", "none", "light", "standard"}, default="auto"
        Random changes of the training images, anew each time they are seen: ``"light"`` moves and mirrors,
        ``"standard"`` also changes colours and cuts a hole, ``"auto"`` chooses by what the images are; see
        :func:`~foveal.models.classifiers.augmenting.augmentation_for`. Rows that are not folded never change.
    early_stopping : bool, default=False
        Keep the weights of the epoch with the least validation loss, and stop ten epochs after it. The
        validation part is given to ``fit``, or drawn.
    validation_size : float, default=0.2
        The share of every class that is drawn for early stopping.
    image_size : int, optional
        Side of the square that images are brought to. By default the images' own size where all have the
        same and no side is above 64, else 64 pixels for a cnn and 32 for an mlp.
    image_shape : (int, int, int), optional
        Rows, columns and channels that the numbers of a row, (N, D), are folded to; (1, 1, D) by default.
    random_state : int, Generator or None
        Draws the weights, the order of the examples and their changes.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    network_ : foveal.nn.Sequential
        Of what ``prepare`` gives it makes logits, (N, K).
    history_ : dict of str to ndarray of shape (E,), float64
        ``loss``, ``accuracy``, ``validation_loss``, ``validation_accuracy`` and ``learning_rate`` of each
        epoch; NaN where nothing was measured.
    resolved_ : dict
        Where ``minutes`` were given, the parameters that give the same training by ``epochs``; else empty.
    n_epochs_ : float
        Epochs that were trained.
    image_shape_ : (int, int, int)
        Height, width and channels of what the network is given.
    mean_, scale_ : ndarray of shape (channels,), float64
        Each channel's mean and standard deviation over the training data.
    layout_ : dict
        The sizes of the network.
    n_features_in_ : int
        Numbers in an example.
    """

    epochs: float | None = None
    minutes: float | None = None
    learning_rate: float | None = None
    batch_size: int = 64
    optimizer: str = "sgd"
    momentum: float = 0.9
    weight_decay: float | None = None
    label_smoothing: float = 0.1
    augmentation: str = "auto"
    early_stopping: bool = False
    validation_size: float = 0.2
    image_size: int | None = None
    image_shape: tuple[int, int, int] | None = None
    random_state: Any = None

    def _check(self) -> None:
        """Refuse parameters that are impossible."""
        if self.optimizer not in _LEARNING_RATES:
            raise SettingError(f"optimizer is {self.optimizer!r}; choose 'sgd' or 'adamw'.")
        check_parameters(self)

    @property
    def _learning_rate(self) -> float:
        given = self.learning_rate
        return _LEARNING_RATES[self.optimizer] if given is None else float(given)

    def _batch_size_for(self, n_examples: int) -> int:
        """So few examples that an epoch has about eight steps, and never a last batch of one."""
        size = min(int(self.batch_size), max(8, n_examples // 8), n_examples)
        # Batch normalisation has no variance of one example.
        while size > 2 and n_examples % size == 1:
            size -= 1
        return size

    def _epochs_for(self, n_examples: int, batch_size: int) -> float:
        """The epochs that were asked for; else about so many that the steps are always as many."""
        if self.epochs is not None:
            return float(self.epochs)
        if self.minutes is not None:
            return _MOST_IN_MINUTES
        an_epoch = ceil(n_examples / batch_size)
        epochs = min(max(round(_STEPS / an_epoch), _FEWEST_EPOCHS), _MOST_EPOCHS)
        return max(epochs, ceil(_FEWEST_STEPS / an_epoch))

    def _make_optimizer(self, network: nn.Module) -> Any:
        """The optimiser of a network; biases and batch normalisation are not decayed."""
        given = self.weight_decay
        decay = _WEIGHT_DECAYS[self.optimizer] if given is None else float(given)
        groups, rate, momentum = nn.decayed_groups(network), self._learning_rate, float(self.momentum)
        if self.optimizer == "sgd":
            return nn.SGD(groups, lr=rate, momentum=momentum, weight_decay=decay, nesterov=momentum > 0)
        return nn.AdamW(groups, lr=rate, weight_decay=decay)


def curves(history: nn.History) -> dict[str, NDArray[np.float64]]:
    """What a training measured in each epoch, (E,) each; NaN where nothing was measured."""
    return {name: np.asarray(getattr(history, name), np.float64) for name in CURVES}
