"""The last blocks of a pretrained network, trained further for a data set."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.events import Callbacks
from foveal.features import EfficientNetLite, EfficientNetLiteNetwork
from foveal.models.classifiers.held_out import held_out_part
from foveal.models.classifiers.linear_classifier import linear_layer
from foveal.models.classifiers.network_settings import curves
from foveal.nn.onnx import session, to_onnx

#: The map that they begin at; what is before it stays frozen and is computed once.
START = "c4"

_BATCH = 32
_WEIGHT_DECAY = 0.01
_SMOOTHING = 0.1


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


def fine_tune(
    backbone: EfficientNetLite,
    maps: NDArray[Any],
    labels: NDArray[np.int64],
    linear: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    validation: tuple[NDArray[Any], NDArray[np.int64]] | None,
    validation_size: float,
    epochs: int,
    learning_rate: float,
    random_state: np.random.Generator,
    callbacks: Callbacks = (),
) -> tuple[Tail, NDArray[np.float64], NDArray[np.float64], dict[str, NDArray[np.float64]]]:
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
        By default a part of the images is drawn, which then do not train.
    validation_size : float
        The share of each class that is drawn.
    epochs : int
    learning_rate : float
    random_state : numpy.random.Generator
    callbacks : sequence of callables

    Returns
    -------
    tail : Tail
    coef : ndarray of the shape given
    intercept : ndarray of the shape given
    history : dict of str to ndarray of shape (epochs,)
    """
    seed = int(random_state.integers(2**31))
    if validation is None:
        held = held_out_part(labels, validation_size, random_state)
        if held.any():
            validation = maps[0, held], labels[held]
            maps, labels = maps[:, ~held], labels[~held]
    head = linear_layer(*linear)
    tail = Tail(backbone)
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
    history = nn.fit(
        network,
        nn.CrossEntropyLoss(label_smoothing=_SMOOTHING),
        nn.AdamW(nn.decayed_groups(network), lr=learning_rate, weight_decay=_WEIGHT_DECAY),
        batches,
        epochs=epochs,
        schedule="one-cycle",
        validation=measured,
        callbacks=callbacks,
        early_stopping=None if measured is None else nn.EarlyStopping(patience=max(2, epochs // 3)),
        clip_norm=5.0,
        random_state=seed,
    )
    network.eval()
    coef = np.array(head.weight.data, np.float64, order="C")
    assert head.bias is not None
    intercept = np.array(head.bias.data, np.float64)
    if len(linear[0]) == 1:
        coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
    return tail, coef, intercept, curves(history)


def _as_float(
    x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """A batch of maps that are kept in half precision."""
    return x.astype(np.float32), y
