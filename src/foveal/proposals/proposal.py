"""What every method of proposing regions gives."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Proposals:
    """Boxes that may hold an object, whatever its class.

    Attributes
    ----------
    boxes : ndarray of shape (N, 4), float32
        ``x1, y1, x2, y2`` in pixels of the image, within it, best first and without repetition.
    scores : ndarray of shape (N,), float32
        Falling; what they mean is the method's own affair.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.boxes)

    def best(self, number: int | None) -> "Proposals":
        """The first ``number`` proposals; all of them for ``None``."""
        return self if number is None else Proposals(self.boxes[:number], self.scores[:number])


@runtime_checkable
class Proposer(Protocol):
    """A method of proposing regions."""

    def propose(self, image: NDArray[np.uint8]) -> Proposals:
        """Boxes in an image of shape (H, W, 3), uint8, RGB."""
        ...

    def get_config(self) -> dict[str, Any]:
        """What :func:`proposer_from_config` makes the same method from, as JSON values."""
        ...
