"""The multi-layer perceptron."""

from typing import Any

import numpy as np

from foveal import nn
from foveal.models.network_classifier import NetworkClassifier
from foveal.models.network_settings import check_whole


class MLPClassifier(NetworkClassifier):
    _name = "mlp"
    _default_side = 32

    def __init__(
        self,
        *,
        depth: int = 2,
        width: int = 256,
        dropout: float = 0.2,
        epochs: int | None = None,
        minutes: float | None = None,
        learning_rate: float | None = None,
        batch_size: int = 64,
        optimizer: str = "adamw",
        momentum: float = 0.9,
        weight_decay: float | None = None,
        label_smoothing: float = 0.0,
        augmentation: str = "auto",
        early_stopping: bool = False,
        validation_size: float = 0.2,
        image_size: int | None = None,
        image_shape: tuple[int, int, int] | None = None,
        random_state: Any = None,
    ) -> None:
        self.depth = depth
        self.width = width
        self.dropout = dropout
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
        check_whole("width", self.width)
        return {"depth": self.depth, "width": self.width, "dropout": self.dropout}

    def _make_network(self, layout: dict[str, Any]) -> nn.Sequential:
        rng = np.random.default_rng(layout["seed"])
        layers: list[nn.Module] = [nn.Flatten()]
        size = int(np.prod(self.image_shape_))
        for _ in range(layout["depth"]):
            layers += [nn.Linear(size, layout["width"], random_state=rng), nn.ReLU()]
            size = layout["width"]
        layers.append(nn.Linear(size, len(self.classes_), random_state=rng))
        return nn.Sequential(*layers)
