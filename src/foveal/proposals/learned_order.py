"""An order of proposals that is learned: how likely is it that a box holds an object, of any class?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import ModelFileError
from foveal.proposals.objectness import MEASURES

# A measure counts at most so many standard deviations from its mean: what was never seen says little.
_FARTHEST = 4.0
_RIDGE = 10.0
_ARRAYS = ("mean", "scale", "weights")
# Estimates may be below 0; scores must not, since near copies keep a share of theirs.
_SHARPNESS = 10.0
#: So many proposals of an image that overlap no object by half are learned from, drawn at random.
NEGATIVES_PER_IMAGE = 400


@dataclass(frozen=True, eq=False)
class LearnedOrder:
    """A linear score of a proposal's standardised measures.

    Attributes
    ----------
    mean, scale : ndarray of shape (D,), float32
        Of the measures of the proposals that it was learned from.
    weights : ndarray of shape (D,), float32
        What a standard deviation of each measure adds to the score; the measures are named in
        ``foveal.proposals.objectness.MEASURES``.
    bias : float
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LearnedOrder) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((self.weights.tobytes(), self.bias))

    def scores(self, measured: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores of proposals: the higher, the better they are thought to overlap some object.

        Parameters
        ----------
        measured : ndarray of shape (N, D), float32
            See :func:`foveal.proposals.objectness.measures`; there may be none.

        Returns
        -------
        ndarray of shape (N,), float64
            ``log(1 + exp(10 t)) / 10``, a smooth positive version of the linear estimate t of
            :func:`target`.
        """
        standard = np.clip((measured - self.mean) / self.scale, -_FARTHEST, _FARTHEST)
        # A sum in float64 over few columns: the same whatever BLAS and its threads.
        total = np.einsum("ij,j->i", standard, self.weights, dtype=np.float64) + self.bias
        return np.asarray(np.logaddexp(0, _SHARPNESS * total) / _SHARPNESS)

    def get_config(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {name: getattr(self, name).tolist() for name in _ARRAYS} | {"bias": self.bias}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "LearnedOrder":
        """Make the same order from what :meth:`get_config` gave.

        Raises
        ------
        ModelFileError
            If it does not have a number for each measure of this version.
        """
        arrays = [np.asarray(config[name], np.float32) for name in _ARRAYS]
        if any(array.shape != (len(MEASURES),) for array in arrays):
            raise ModelFileError("its order of proposals was learned by a version with other measures.")
        mean, scale, weights = arrays
        return cls(mean, scale, weights, float(config["bias"]))


def target(overlaps: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """What a proposal is worth by its best IoU with an object: 0 up to 0.5, rising to 1 at 0.9.

    Examples
    --------
    >>> target(np.array([0.3, 0.7, 0.95])).round(2)
    array([0. , 0.5, 1. ])
    """
    return np.clip((np.asarray(overlaps, np.float64) - 0.5) / 0.4, 0, 1)


def drawn(overlaps: NDArray[np.floating[Any]], generator: np.random.Generator) -> NDArray[np.int64]:
    """Which proposals of an image to learn from: those that overlap an object by half, and some others.

    Parameters
    ----------
    overlaps : ndarray of shape (N,)
        The best IoU of each proposal with an object.
    generator : numpy.random.Generator
        Draws at most ``NEGATIVES_PER_IMAGE`` of the others.

    Returns
    -------
    ndarray of int64
        Rising indices.
    """
    near = np.flatnonzero(overlaps > 0.5)
    far = np.flatnonzero(overlaps <= 0.5)
    number = min(len(far), NEGATIVES_PER_IMAGE)
    return np.sort(np.concatenate([near, generator.choice(far, number, replace=False)]))


def learn_order(
    measured: Sequence[NDArray[np.float32]], overlaps: Sequence[NDArray[np.floating[Any]]]
) -> LearnedOrder:
    """Learn an order by ridge regression.

    Parameters
    ----------
    measured : sequence of ndarray of shape (N, D), float32
        The measures of the proposals of each image.
    overlaps : sequence of ndarray of shape (N,)
        Their best IoU with an object.

    Returns
    -------
    LearnedOrder
    """
    from sklearn.linear_model import Ridge

    x, y = np.concatenate(measured).astype(np.float64), target(np.concatenate(overlaps))
    mean, scale = x.mean(axis=0), x.std(axis=0)
    # A measure that never changes has nothing to say.
    scale[scale < 1e-6] = 1e6
    mean, scale = mean.astype(np.float32).astype(np.float64), scale.astype(np.float32).astype(np.float64)
    with parallel.blas_threads(1):
        ridge = Ridge(alpha=_RIDGE, solver="cholesky").fit(
            np.clip((x - mean) / scale, -_FARTHEST, _FARTHEST), y
        )
    mean32, scale32, weights = (array.astype(np.float32) for array in (mean, scale, ridge.coef_))
    return LearnedOrder(mean32, scale32, weights, float(ridge.intercept_))
