"""What every method of proposing regions gives."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from foveal.proposals.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class Proposals:
    """Boxes that may hold an object, whatever its class.

    Attributes
    ----------
    boxes : ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels of the image, within it, best first and without repetition.
    scores : ndarray of shape (N,), float32
        Falling; what they mean is the method's own affair.
    hierarchy : tuple of Hierarchy
        How selective search came to them: a tree of regions for each strategy. Empty for other methods.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    hierarchy: tuple[Hierarchy, ...] = ()

    def __len__(self) -> int:
        return len(self.boxes)

    def best(self, number: int | None) -> "Proposals":
        """The first ``number`` proposals; all of them for ``None``.

        The hierarchy, which takes most of the memory, is left behind.
        """
        return Proposals(self.boxes[:number], self.scores[:number])


@runtime_checkable
class Proposer(Protocol):
    """A method of proposing regions."""

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """Boxes in an image of shape (H, W, 3), uint8, RGB."""
        ...

    def get_config(self) -> dict[str, Any]:
        """Settings, as JSON values; see :func:`foveal.proposals.cached.proposer_from_config`."""
        ...
