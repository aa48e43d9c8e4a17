"""A pyramid of feature maps: the fine ones know what the coarse ones saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import Conv2d, Module, Sequential
from foveal.nn.functional import upsample_nearest, upsample_nearest_backward


def separable(channels: int, random_state: int) -> Sequential:
    """A 3×3 convolution of each channel by itself and a 1×1 convolution of all (Howard et al. 2017)."""
    first, second = np.random.SeedSequence(random_state).generate_state(2).tolist()
    return Sequential(
        Conv2d(channels, channels, 3, padding=1, groups=channels, random_state=first),
        Conv2d(channels, channels, 1, random_state=second),
    )


class FeaturePyramid(Module):
    """Feature pyramid network (Lin et al. 2017, section 3).

    Each map is brought to the same number of channels by a 1×1 convolution (lateral), the next coarser one is
    enlarged twofold and added (top-down), and a 3×3 convolution smooths the sum.

    Parameters
    ----------
    in_channels : sequence of int
        Of the maps, the finest first; each has half the rows and columns of the one before.
    channels : int, default=64
        Of every map that comes out.
    random_state : int

    Notes
    -----
    :meth:`forward` takes and returns lists of arrays of shape (N, H, W, C), the finest first; so do
    :meth:`backward` and its gradients.

    References
    ----------
    Lin, Dollár, Girshick, He, Hariharan and Belongie, "Feature Pyramid Networks for Object Detection", CVPR
    2017.

    Examples
    --------
    >>> pyramid = FeaturePyramid([4, 8], channels=6, random_state=0)
    >>> maps = [np.zeros((1, 8, 8, 4), np.float32), np.zeros((1, 4, 4, 8), np.float32)]
    >>> [level.shape for level in pyramid.forward(maps)]
    [(1, 8, 8, 6), (1, 4, 4, 6)]
    """

    shown = ("in_channels", "channels")

    def __init__(self, in_channels: Sequence[int], channels: int = 64, *, random_state: int = 0) -> None:
        self.in_channels, self.channels = tuple(in_channels), channels
        seeds = np.random.SeedSequence(random_state).generate_state(2 * len(self.in_channels))
        laterals = [
            Conv2d(c, channels, 1, random_state=int(s)) for c, s in zip(in_channels, seeds, strict=False)
        ]
        outputs = [separable(channels, int(s)) for s in seeds[len(laterals) :]]
        self.laterals, self.outputs = Sequential(*laterals), Sequential(*outputs)

    def standardize(self, maps: Sequence[NDArray[Any]]) -> None:
        """Let the laterals see every channel of some maps with mean 0 and variance 1.

        The channels of a pretrained network differ much in size; the standardisation is put into the
        untrained laterals' weights, so that nothing is computed for it.
        """
        for lateral, x in zip(self.laterals, maps, strict=True):
            assert isinstance(lateral, Conv2d)
            assert lateral.bias is not None
            flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
            deviation = flat.std(axis=0)
            deviation[deviation < 1e-6] = 1.0
            weight = lateral.weight.data[:, :, 0, 0]
            weight /= deviation.astype(weight.dtype)
            lateral.bias.data[...] = -(weight @ flat.mean(axis=0).astype(weight.dtype))

    def forward(self, x: Any) -> Any:
        """Maps of ``channels`` channels for maps of ``in_channels``."""
        merged = [lateral(level) for lateral, level in zip(self.laterals, x, strict=True)]
        for place in range(len(merged) - 2, -1, -1):
            merged[place] = merged[place] + upsample_nearest(merged[place + 1], 2)
        return [output(level) for output, level in zip(self.outputs, merged, strict=True)]

    def backward(self, grad: Any, *, needs_input_grad: bool | Sequence[bool] = True) -> Any:
        """Gradients by the maps; None for those that need none, where that is said of each map.

        A gradient that comes in may be None, where nothing looked at the map.
        """
        needed = [needs_input_grad] * len(grad) if isinstance(needs_input_grad, bool) else needs_input_grad
        passed: NDArray[Any] | None = None
        found = []
        for output, lateral, g, wanted in zip(self.outputs, self.laterals, grad, needed, strict=True):
            inner = None if g is None else output.backward(g)
            if passed is not None:
                from_finer = upsample_nearest_backward(passed, 2)
                inner = from_finer if inner is None else inner + from_finer
            passed = inner
            found.append(None if inner is None else lateral.backward(inner, needs_input_grad=wanted))
        return found
