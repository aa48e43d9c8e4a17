"""A small residual convolutional network, sized from the data."""

from math import log2
from typing import Any

import numpy as np

from foveal import nn
from foveal.models.classifiers.network_classifier import NetworkClassifier
from foveal.models.classifiers.network_settings import check_whole

# Images are halved until their shorter side would be below this.
_SMALLEST_SIDE = 4
# A larger shorter side is halved by the first convolution already.
_LARGEST_STEM = 48
# Stages beyond this many keep the width of the last.
_WIDENINGS = 3
# What a training of 16 channels should have for each picture of 32 by 32 pixels: about 25 epochs. With
# less, half as many channels, which are three times as fast, come out better: on 2,400 pictures of
# CIFAR-10 a minute gave an accuracy of 0.51 with 16 channels and of 0.64 with 8.
_SECONDS_AN_EXAMPLE = 0.06


class CNNClassifier(NetworkClassifier):
    """A small residual network (He et al. 2016), sized from the pictures.

    A 3×3 convolution with batch normalisation and ReLU is followed by stages: a convolution that doubles the
    channels, up to eight times those of the first, 2×2 max pooling, and residual blocks of two convolutions.
    There are as many stages as it takes to come down to 4 pixels; a picture of 64 pixels or more is halved
    by the first convolution already. The mean over what is left of the picture goes to a linear layer.
    On pictures of one pixel, as rows are, the convolutions are 1×1.

    Parameters
    ----------
    depth : int, default=1
        Residual blocks in a stage, from 0.
    width : int, optional
        Channels of the first convolution. By default 16, or 8 where ``minutes`` would leave 16 fewer than
        about 25 epochs.
    epochs : float, optional
        How often all examples are seen. By default as many as make 1,500 steps, at least 10 and at most 100;
        but never less than 500 steps.
    minutes : float, optional
        Train as long as fits instead: the speed is measured first, and the epochs are chosen by it, at most
        ``epochs`` or else 300. From then on the clock has no say.
    learning_rate : float, optional
        The greatest of the one-cycle schedule (Smith & Topin 2018). By default 0.05 for SGD and 0.002 for
        AdamW.
    batch_size : int, default=64
        At most; with fewer than 512 examples an eighth of them, at least 8.
    optimizer : {"sgd", "adamw"}, default="sgd"
        SGD with Nesterov's momentum, or AdamW (Loshchilov & Hutter 2019).
    momentum : float, default=0.9
        Of SGD.
    weight_decay : float, optional
        Of weights; biases and batch normalisation are left free. By default 5e-4 for SGD and 0.02 for AdamW.
    label_smoothing : float, default=0.1
        Share of each label that is spread over all classes (Szegedy et al. 2016).
    augmentation : {"auto", "none", "light", "standard"}, default="auto"
        Random changes of the training pictures, anew each time they are seen: ``"light"`` moves and mirrors,
        ``"standard"`` also changes colours and cuts a hole, ``"auto"`` chooses by what the pictures are; see
        :func:`~foveal.models.classifiers.augmenting.augmentation_for`. Rows that are not folded never change.
    early_stopping : bool, default=False
        Keep the weights of the epoch with the least validation loss, and stop ten epochs after it. The
        validation part is given to ``fit``, or drawn.
    validation_size : float, default=0.2
        The share of every class that is drawn for early stopping.
    image_size : int, optional
        Side of the square that pictures are brought to. By default the pictures' own size where all have the
        same and no side is above 64, else 64 pixels.
    image_shape : (int, int, int), optional
        Rows, columns and channels that the numbers of a row, (N, D), are folded to; (1, 1, D) by default.
    random_state : int, Generator or None
        Draws the weights, the order of the examples and their changes.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
    network_ : foveal.nn.Sequential
        Of what :meth:`prepare` gives it makes logits, (N, K).
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

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = CNNClassifier(width=8, epochs=8, random_state=0)
    >>> model = model.fit(digits.images[:800], digits.target[:800])
    >>> model.score(digits.images[800:], digits.target[800:]) > 0.9
    True
    """

    name = "cnn"
    convolutional = True
    validates = True
    resumable = True
    _default_side = 64

    def __init__(
        self,
        *,
        depth: int = 1,
        width: int | None = None,
        epochs: float | None = None,
        minutes: float | None = None,
        learning_rate: float | None = None,
        batch_size: int = 64,
        optimizer: str = "sgd",
        momentum: float = 0.9,
        weight_decay: float | None = None,
        label_smoothing: float = 0.1,
        augmentation: str = "auto",
        early_stopping: bool = False,
        validation_size: float = 0.2,
        image_size: int | None = None,
        image_shape: tuple[int, int, int] | None = None,
        random_state: Any = None,
    ) -> None:
        self.depth = depth
        self.width = width
        self.epochs = epochs
        self.minutes = minutes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.augmentation = augmentation
        self.early_stopping = early_stopping
        self.validation_size = validation_size
        self.image_size = image_size
        self.image_shape = image_shape
        self.random_state = random_state

    def _make_layout(self, n_examples: int) -> dict[str, Any]:
        check_whole("depth", self.depth, least=0)
        if self.width is not None:
            check_whole("width", self.width)
        shorter = min(self.image_shape_[:2])
        halvings = max(0, int(log2(shorter / _SMALLEST_SIDE)))
        stride = 2 if shorter > _LARGEST_STEM else 1
        stages = halvings - (stride == 2)
        width = self._width(n_examples, stride) if self.width is None else int(self.width)
        return {
            "kernel_size": 3 if shorter > 1 else 1,
            "stem_stride": stride,
            "stem_width": width,
            "pooling": [True] * stages or [False],
            "widths": [width * 2 ** min(i + 1, _WIDENINGS) for i in range(max(stages, 1))],
            "depth": self.depth,
        }

    def _width(self, n_examples: int, stride: int) -> int:
        """The wide network, unless the minutes would leave it too few epochs."""
        rows, columns = self.image_shape_[:2]
        needed = _SECONDS_AN_EXAMPLE * n_examples * rows * columns / (1024 * stride**2)
        return 16 if self.minutes is None or 60 * self.minutes >= needed else 8

    def _resolved_layout(self) -> dict[str, Any]:
        return {"width": self.layout_["stem_width"]}

    def _make_network(self, layout: dict[str, Any]) -> nn.Sequential:
        rng = np.random.default_rng(layout["seed"])
        size, channels = layout["kernel_size"], layout["stem_width"]
        layers = _convolution(self.image_shape_[2], channels, size, rng, stride=layout["stem_stride"])
        for width, pools in zip(layout["widths"], layout["pooling"], strict=True):
            layers += _convolution(channels, width, size, rng, pools=pools)
            for _ in range(layout["depth"]):
                body = _convolution(width, width, size, rng) + _convolution(width, width, size, rng)
                layers.append(nn.Residual(nn.Sequential(*body)))
            channels = width
        head = [
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, len(self.classes_), random_state=rng),
        ]
        return nn.Sequential(*layers, *head)


def _convolution(
    inputs: int,
    outputs: int,
    kernel_size: int,
    rng: np.random.Generator,
    *,
    stride: int = 1,
    pools: bool = False,
) -> list[nn.Module]:
    """Convolution, pooling where asked for, batch normalisation, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(
            inputs, outputs, kernel_size, stride, padding=kernel_size // 2, bias=False, random_state=rng
        )
    ]
    if pools:
        layers.append(nn.MaxPool2d(2))
    return [*layers, nn.BatchNorm2d(outputs), nn.ReLU()]
