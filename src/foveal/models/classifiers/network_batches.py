"""What the batches of a network go through before they reach it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from foveal.data import Augmentation


@dataclass(frozen=True)
class Preparation:
    """Random changes, where there are any, then every channel brought to mean 0 and variance 1.

    Parameters
    ----------
    mean, scale : tuple of float
        Of every channel.
    augmentation : Augmentation, optional
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    augmentation: Augmentation | None = None

    @classmethod
    def of(
        cls,
        mean: NDArray[np.float64],
        scale: NDArray[np.float64],
        augmentation: Augmentation | None = None,
    ) -> Self:
        """From arrays."""
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), augmentation)

    def __call__(
        self, x: NDArray[Any], y: NDArray[Any], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[Any]]:
        """A transform of :class:`foveal.nn.ArrayBatches`."""
        if self.augmentation is not None:
            x, y = self.augmentation(x, y, rng)
        return self.standardized(x), y

    def standardized(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """(N, H, W, C) numbers with their channels standardised, float32."""
        result = x.astype(np.float32)
        result -= np.asarray(self.mean, np.float32)
        result *= (1 / np.asarray(self.scale)).astype(np.float32)
        return result
