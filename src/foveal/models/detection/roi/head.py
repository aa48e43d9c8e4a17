"""What is in a region and how its box has to move."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import Dropout, Linear, Module, ReLU, Sequential

#: What each box delta is multiplied by for the head (Girshick 2015, section 2.3: unit variance).
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


class BoxHead(Module):
    """The two outputs of Fast R-CNN over fully connected layers (Girshick 2015, section 2.1).

    Parameters
    ----------
    in_features : int
        Of a region: rows times columns times channels.
    n_classes : int
        K, without the background.
    hidden : int, default=4096
        Width of both hidden layers; the paper's, VGG-16's.
    dropout : float, default=0.5
        Behind each of them, in training; the paper's.
    random_state : int

    Notes
    -----
    :meth:`forward` gives logits of shape (R, K + 1), the background **last**, and deltas of shape
    (R, K, 4), one box for each class. At first every class is as likely as another, and no box is moved.

    Examples
    --------
    >>> head = BoxHead(3 * 3 * 8, 2, hidden=16, random_state=0)
    >>> [out.shape for out in head(np.zeros((5, 3, 3, 8), np.float32))]
    [(5, 3), (5, 2, 4)]
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        *,
        hidden: int = 4096,
        dropout: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.n_classes = n_classes
        seeds = np.random.SeedSequence(random_state).generate_state(3).tolist()
        layers: list[Module] = []
        for width, seed in ((in_features, seeds[0]), (hidden, seeds[1])):
            layers += [Linear(width, hidden, random_state=seed), ReLU()]
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
        out = self.predictor(self.hidden(x.reshape(len(x), prod(x.shape[1:]))))
        split = self.n_classes + 1
        return out[:, :split], out[:, split:].reshape(-1, self.n_classes, 4)

    def backward(self, grad: Any, *, needs_input_grad: bool = True) -> Any:
        """The gradient by the regions from those by logits and deltas."""
        (shape,) = self.saved()
        grad_logits, grad_deltas = grad
        out = np.concatenate([grad_logits, grad_deltas.reshape(len(grad_deltas), 4 * self.n_classes)], axis=1)
        inner = self.predictor.backward(out)
        assert inner is not None
        passed = self.hidden.backward(inner, needs_input_grad=needs_input_grad)
        return None if passed is None else passed.reshape(shape)
