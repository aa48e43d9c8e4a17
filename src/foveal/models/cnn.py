"""A small residual convolutional network, sized from the data."""

from math import log2
from typing import Any

import numpy as np

from foveal import nn
from foveal.models.network_classifier import NetworkClassifier
from foveal.models.network_settings import check_whole

# Images are halved until their shorter side would be below this.
_SMALLEST_SIDE = 4
# A larger shorter side is halved by the first convolution already.
_LARGEST_STEM = 48
# Stages beyond this many keep the width of the last.
_WIDENINGS = 3


class CNNClassifier(NetworkClassifier):
    _name = "cnn"
    _default_side = 64

    def __init__(
        self,
        *,
        depth: int = 1,
        width: int | None = None,
        epochs: int | None = None,
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
        width = 16 if self.width is None else self.width
        return {
            "kernel_size": 3 if shorter > 1 else 1,
            "stem_stride": stride,
            "stem_width": width,
            "pooling": [True] * stages or [False],
            "widths": [width * 2 ** min(i + 1, _WIDENINGS) for i in range(max(stages, 1))],
            "depth": self.depth,
        }

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
