"""Objectness and box deltas of every anchor."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import Conv2d, Module, ReLU, Sequential


class RPNHead(Module):
    """The network of the region proposal network (Ren et al. 2015, section 3.1, figure 3).

    A 3×3 convolution with a rectifier slides over every map; two 1×1 convolutions tell, for each of the
    anchors at a place, how much it looks like an object (one logit) and how to move it (four deltas).

    Parameters
    ----------
    channels : int
        Of every map.
    anchors : sequence of int
        How many anchors a place of each map has. A map with none is not looked at.
    random_state : int

    Notes
    -----
    The 3×3 convolution is the same for all maps (Lin et al. 2017, section 4.1). The 1×1 convolutions are
    not: levels may have different numbers of anchors.

    Examples
    --------
    >>> head = RPNHead(4, (3,), random_state=0)
    >>> [out.shape for out in head.forward([np.zeros((1, 2, 5, 4), np.float32)])]
    [(1, 30), (1, 30, 4)]
    """

    shown = ("anchors",)

    def __init__(self, channels: int, anchors: Sequence[int], *, random_state: int = 0) -> None:
        self.anchors = tuple(anchors)
        seeds = np.random.SeedSequence(random_state).generate_state(1 + len(self.anchors)).tolist()
        self.trunk = Sequential(Conv2d(channels, channels, 3, padding=1, random_state=seeds[0]), ReLU())
        # One convolution computes logits and deltas of a level: the first A channels, and 4 A more.
        predictors = [
            Conv2d(channels, 5 * max(a, 1), 1, random_state=s)
            for a, s in zip(anchors, seeds[1:], strict=True)
        ]
        for predictor in predictors:
            predictor.weight.scale(0.1)
            assert predictor.bias is not None
            predictor.bias.scale(0)
        self.predictors = Sequential(*predictors)

    def forward(self, x: Any) -> Any:
        """Logits, (N, T), and deltas, (N, T, 4), of all anchors: level by level, row by row."""
        logits: list[NDArray[Any]] = []
        deltas: list[NDArray[Any]] = []
        # The last level first: the way back then adds the shared trunk's gradients from the first level on.
        for a, level, predictor in reversed(list(zip(self.anchors, x, self.predictors, strict=True))):
            if not a:
                continue
            out = predictor(self.trunk(level))
            n = len(out)
            logits.insert(0, out[..., :a].reshape(n, -1))
            deltas.insert(0, out[..., a:].reshape(n, -1, 4))
        self.save([level.shape for level in x])
        return np.concatenate(logits, axis=1), np.concatenate(deltas, axis=1)

    def backward(self, grad: Any, *, needs_input_grad: bool = True) -> Any:
        """Gradients by the maps from those by logits, (N, T), and deltas, (N, T, 4)."""
        grad_logits, grad_deltas = grad
        (shapes,) = self.saved()
        grad_maps: list[NDArray[Any] | None] = []
        start = 0
        for a, shape, predictor in zip(self.anchors, shapes, self.predictors, strict=True):
            if not a:
                grad_maps.append(None)
                continue
            n, rows, columns, _ = shape
            end = start + rows * columns * a
            grad_out = np.concatenate(
                [
                    grad_logits[:, start:end].reshape(n, rows, columns, a),
                    grad_deltas[:, start:end].reshape(n, rows, columns, 4 * a),
                ],
                axis=3,
            )
            start = end
            grad_trunk = predictor.backward(grad_out)
            assert grad_trunk is not None
            grad_maps.append(self.trunk.backward(grad_trunk))
        return grad_maps
