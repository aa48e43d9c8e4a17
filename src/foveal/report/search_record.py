"""What the page about a search is written from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foveal.proposals import Proposals


@dataclass(frozen=True, eq=False)
class SearchRecord:
    """A picture, and what selective search found in it.

    Attributes
    ----------
    name : str
        The file's name.
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    proposals : Proposals
        With their hierarchies.
    method : str
        The search in few words: ``"fast"``.
    objects : ndarray of shape (M, 4), float32, or None
        Ground truth; ``None`` where it is not known.
    object_names : sequence of str
        What the objects are.
    learned : bool
        Whether the order of the proposals was learned.
    """

    name: str
    image: NDArray[np.uint8]
    proposals: Proposals
    method: str = ""
    objects: NDArray[np.float32] | None = None
    object_names: Sequence[str] = field(default=())
    learned: bool = False

    def __post_init__(self) -> None:
        if not self.proposals.hierarchy:
            raise ValueError("The proposals have no hierarchy: they must come from SelectiveSearch.propose.")
        if self.objects is not None and len(self.objects) != len(self.object_names):
            raise ValueError(f"{len(self.objects)} objects but {len(self.object_names)} names.")
