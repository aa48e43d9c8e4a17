"""The multi-layer perceptron."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from foveal import nn
from foveal.models.classifiers.network_classifier import NetworkClassifier
from foveal.nn import warm_ups as nn_kernels


@dataclass(kw_only=True, eq=False, repr=False)
class MLPClassifier(NetworkClassifier):
    """Multi-layer perceptron: linear layers with ReLU between them, on pixels or rows.

    Parameters
    ----------
    depth : int, default=2
        Hidden layers, from 0.
    width : int, default=256
        Units in each of them.
    dropout : float, default=0.2
        Probability that a hidden unit is left out of a step (Srivastava et al. 2014).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> model = MLPClassifier(width=64, epochs=10, random_state=0).fit(digits.data[:800], digits.target[:800])
    >>> model.score(digits.data[800:], digits.target[800:]) > 0.85
    True
    """

    name = "mlp"
    warm_ups = (*nn_kernels.DENSE, *nn_kernels.ADAMW)
    _default_side = 32
    _sizes: ClassVar[dict[str, str]] = {"depth": "depth", "width": "width"}

    depth: int = 2
    width: int = 256
    dropout: float = 0.2
    optimizer: str = "adamw"
    label_smoothing: float = 0.0

    def _make_layout(self, n_examples: int) -> dict[str, Any]:
        return {"depth": self.depth, "width": self.width, "dropout": self.dropout}

    def _take_layout(self, initial: Any) -> dict[str, Any]:
        return {**super()._take_layout(initial), "dropout": self.dropout}

    def _make_network(self, layout: dict[str, Any]) -> nn.Sequential:
        rng = np.random.default_rng(layout["seed"])
        layers: list[nn.Module] = [nn.Flatten()]
        size = int(np.prod(self.image_shape_))
        for _ in range(layout["depth"]):
            layers += [nn.Linear(size, layout["width"], random_state=rng), nn.ReLU()]
            if layout["dropout"]:
                layers.append(nn.Dropout(layout["dropout"]))
            size = layout["width"]
        layers.append(nn.Linear(size, len(self.classes_), random_state=rng))
        return nn.Sequential(*layers)
