"""What is in a region and how its box has to move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import Dropout, Linear, Module, ReLU, Sequential


class BoxHead(Module):
    """The two outputs of Fast R-CNN over fully connected layers (Girshick 2015, section 2.1).

    Parameters
    ----------
    in_features : int
        Of a region: rows times columns times channels.
    n_classes : int
        K, without the background.
    hidden : int, default=256
        Width of both hidden layers.
    dropout : float, default=0.0
        Behind each of them, in training.
    random_state : int

    Notes
    -----
    :meth:`forward` gives logits of shape (R, K + 1), the background **last**, and deltas of shape
    (R, K, 4), one box for each class.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        hidden: int = 256,
        dropout: float = 0.0,
        random_state: int = 0,
    ) -> None:
        self.n_classes = n_classes
        seeds = np.random.SeedSequence(random_state).generate_state(4).tolist()
        layers: list[Module] = [Linear(in_features, hidden, random_state=seeds[0]), ReLU()]
        if dropout:
            layers.append(Dropout(dropout))
        layers += [Linear(hidden, hidden, random_state=seeds[1]), ReLU()]
        if dropout:
            layers.append(Dropout(dropout))
        self.hidden = Sequential(*layers)
        # One product computes both: K + 1 logits and then 4 K deltas.
        self.predictor = Linear(hidden, 5 * n_classes + 1, random_state=seeds[2])
        self.predictor.weight.data *= np.float32(0.1)
        assert self.predictor.bias is not None
        self.predictor.bias.data[...] = 0

    def forward(self, x: NDArray[Any]) -> Any:
        """Logits, (R, K + 1), and deltas, (R, K, 4), of regions of shape (R, S, S, C)."""
        self.save(x.shape)
        out = self.predictor(self.hidden(x.reshape(len(x), -1)))
        split = self.n_classes + 1
        return out[:, :split], out[:, split:].reshape(-1, self.n_classes, 4)

    def backward(self, grad: Any, *, needs_input_grad: bool = True) -> Any:
        """The gradient by the regions from those by logits and deltas."""
        (shape,) = self.saved()
        by_logits, by_deltas = grad
        out = np.concatenate([by_logits, by_deltas.reshape(len(by_deltas), -1)], axis=1)
        inner = self.predictor.backward(out)
        assert inner is not None
        passed = self.hidden.backward(inner, needs_input_grad=needs_input_grad)
        return None if passed is None else passed.reshape(shape)
