"""The last blocks of a pretrained network, trained further for a data set."""

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn, parallel
from foveal.events import Callbacks
from foveal.features import EfficientNetLite, EfficientNetLiteNetwork
from foveal.models.classifiers.linear_classifier import linear_layer
from foveal.models.classifiers.network_settings import curves
from foveal.nn.onnx import session, to_onnx
from foveal.nn.speed import measure_speed
from foveal.nn.training_loop import TrainingLoop
from foveal.nn.validation import validator

#: The map that they begin at; what is before it stays frozen and is computed once.
START = "c4"

_BATCH = 32
_WEIGHT_DECAY = 0.01
_SMOOTHING = 0.1
_CLIP = 5.0
# Less of an epoch than this is no fine-tuning. From so many on, a part of one is not worth its validation.
_LEAST_EPOCHS, _WHOLE_FROM = 0.5, 6
# Of the time that is left, what the steps may take by the speed that was measured.
_SHARE = 0.9

#: Weights and intercepts of a linear classifier, (K, D) or (1, D), and (K,) or (1,).
Linear = tuple[NDArray[np.float64], NDArray[np.float64]]


class TooShort(Exception):  # noqa: N818 - not a mistake
    """The time holds less than half an epoch.

    Parameters
    ----------
    epochs : float
        That it holds.
    needed : float
        Seconds that would hold enough.
    """

    def __init__(self, epochs: float, needed: float) -> None:
        super().__init__(f"{max(0.0, epochs):.2g} epochs fit")
        self.epochs, self.needed = epochs, needed


class Tail:
    """The blocks behind the map c4, to the vector of the whole image.

    Batch normalisation is multiplied into the convolutions, so that its statistics stay as they are: those of
    a small data set are worse.

    Parameters
    ----------
    backbone : EfficientNetLite
        Whose weights they begin with.

    Attributes
    ----------
    network : foveal.nn.Sequential
        From (N, h, w, C) to (N, n_pooled).
    """

    def __init__(self, backbone: EfficientNetLite) -> None:
        whole = backbone.network(folded=True)
        self._channels = backbone.channels[START]
        self.network = nn.Sequential(*whole.stage(START, "c5"), whole.head, whole.pool)
        self._session: Any = None

    def pooled(self, maps: NDArray[Any]) -> NDArray[np.float32]:
        """Vectors of images, (N, n_pooled), by ONNX Runtime; from several threads at a time too."""
        if self._session is None:
            model = to_onnx(self.network, (None, None, self._channels), layout="NHWC")
            self._session = session(model.SerializeToString(), threads=1)
        batch = np.ascontiguousarray(maps, np.float32)
        return np.asarray(self._session.run(None, {"input": batch})[0])

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take weights.

        Raises
        ------
        ValueError
            If they do not fit.
        """
        self.network.load_state_dict(state)
        self._session = None

    def copy_into(self, network: EfficientNetLiteNetwork) -> None:
        """Put the weights in the place of another folded network's."""
        own = nn.Sequential(*network.stage(START, "c5"), network.head, network.pool)
        own.load_state_dict(self.network.state_dict())

    def __getstate__(self) -> dict[str, Any]:
        """Without the session, which stays in its process."""
        return {**vars(self), "_session": None}


@dataclass(frozen=True)
class Tuned:
    """What a fine-tuning leaves.

    Attributes
    ----------
    tail : Tail
    coef, intercept : ndarray
        Of the linear classifier, in the shapes of the one that it began with.
    history : dict of str to ndarray of shape (E,)
    epochs : float
        Of the schedule; it may have been stopped before.
    """

    tail: Tail
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    history: dict[str, NDArray[np.float64]]
    epochs: float


def fine_tune(
    backbone: EfficientNetLite,
    maps: NDArray[Any],
    labels: NDArray[np.int64],
    linear: Linear,
    *,
    validation: tuple[NDArray[Any], NDArray[np.int64]] | None,
    epochs: float,
    seconds: float = inf,
    learning_rate: float,
    seed: int,
    callbacks: Callbacks = (),
    initial: Tail | None = None,
) -> Tuned:
    """Train the last blocks and the linear classifier together.

    The maps that the blocks are given do not change while only these learn, so that they are computed once
    for all epochs. AdamW (Loshchilov & Hutter 2019) and cross-entropy with smoothed labels; the weights of
    the epoch with the least loss on the validation part are kept.

    Parameters
    ----------
    backbone : EfficientNetLite
    maps : ndarray of shape (copies, N, h, w, C)
        The map c4 of every image and of its changed copies.
    labels : ndarray of shape (N,), int64
    linear : (ndarray of shape (K, D) or (1, D), ndarray of shape (K,) or (1,))
        The classifier to begin with.
    validation : (ndarray of shape (M, h, w, C), ndarray of shape (M,)), optional
        Without one the weights of the last epoch are kept.
    epochs : float
    seconds : float, optional
        As many of the epochs as fit into them; the speed is measured first.
    learning_rate : float
    seed : int
    callbacks : sequence of callables
    initial : Tail, optional
        Whose weights the blocks begin with; by default the pretrained ones.

    Returns
    -------
    Tuned

    Raises
    ------
    TooShort
        If less than half an epoch fits into the seconds.
    """
    head = linear_layer(*linear)
    tail = Tail(backbone)
    if initial is not None:
        tail.load(initial.network.state_dict())
    network = nn.Sequential(*tail.network, head)
    batches = nn.ArrayBatches(
        maps.reshape(-1, *maps.shape[2:]),
        np.tile(labels, len(maps)),
        min(_BATCH, maps.shape[0] * maps.shape[1]),
        random_state=seed,
        transform=_as_float,
    )
    measured = None
    if validation is not None and len(validation[1]):
        measured = nn.ArrayBatches(
            *validation, 4 * _BATCH, random_state=0, shuffle=False, transform=_as_float
        )
    loss = nn.CrossEntropyLoss(label_smoothing=_SMOOTHING)
    optimizer = nn.AdamW(nn.decayed_groups(network), lr=learning_rate, weight_decay=_WEIGHT_DECAY)
    if seconds < inf:
        epochs = _fitting(network, loss, optimizer, batches, measured, epochs, seconds)
    history = nn.fit(
        network,
        loss,
        optimizer,
        batches,
        epochs=epochs,
        schedule="one-cycle",
        validation=measured,
        callbacks=callbacks,
        early_stopping=None if measured is None else nn.EarlyStopping(patience=max(2, int(epochs) // 3)),
        clip_norm=_CLIP,
        random_state=seed,
    )
    network.eval()
    coef = np.array(head.weight.data, np.float64, order="C")
    assert head.bias is not None
    intercept = np.array(head.bias.data, np.float64)
    if len(linear[0]) == 1:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return Tuned(tail, coef, intercept, curves(history), epochs)


def _fitting(
    network: nn.Module,
    loss: nn.CrossEntropyLoss,
    optimizer: nn.AdamW,
    batches: nn.ArrayBatches,
    measured: nn.ArrayBatches | None,
    most: float,
    seconds: float,
) -> float:
    """The epochs that fit into so many seconds, by a few steps that are undone."""
    loop = TrainingLoop(
        network,
        loss,
        optimizer,
        batches,
        measure=validator(measured, loss, batches.batch_size),
        stopping=None,
        decay=None,
        clip_norm=_CLIP,
        seed=0,
        callbacks=(),
    )
    with parallel.blas_threads(1), parallel.one_opencv_thread():
        speed = measure_speed(loop, seconds)
    usable = _SHARE * (seconds - speed.spent)
    an_epoch = len(batches) * speed.step + speed.validation
    # The last epoch, whole or not, is validated.
    epochs = (usable - speed.validation) / an_epoch
    if epochs < _LEAST_EPOCHS:
        needed = (speed.validation + _LEAST_EPOCHS * an_epoch) / _SHARE + speed.spent
        raise TooShort(epochs, needed)
    whole = epochs if epochs < _WHOLE_FROM else int(epochs)
    return float(min(most, max(1, int(whole * len(batches))) / len(batches)))


def _as_float(
    x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """A batch of maps that are kept in half precision."""
    return x.astype(np.float32), y
