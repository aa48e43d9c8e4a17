"""What a pretrained network can do for a detector."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from foveal.nn.module import Module


@runtime_checkable
class BackboneNetwork(Protocol):
    """A backbone's layers, to be learnt further."""

    def stage(self, start: str, end: str) -> Module:
        """The layers between two maps, sharing the weights; ``"image"`` is the preprocessed picture."""
        ...


@runtime_checkable
class Backbone(Protocol):
    """A pretrained network whose maps a detector looks at.

    Another network than those of :mod:`foveal.features` fits in if it has these attributes and methods.

    Attributes
    ----------
    name : str
    channels : mapping of str to int
        Of each map, by its name: ``"c2"``, ``"c3"``, ``"c4"``, ``"c5"``.
    strides : mapping of str to int
        Pixels of the picture from one place of a map to the next.
    n_pooled : int
        The length of the vector of a whole picture.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def channels(self) -> Mapping[str, int]: ...  # noqa: D102

    @property
    def strides(self) -> Mapping[str, int]: ...  # noqa: D102

    @property
    def n_pooled(self) -> int: ...  # noqa: D102

    def maps(
        self, images: NDArray[np.uint8], levels: Sequence[str] | None = None, *, threads: int | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Maps of pictures: (N, H, W, 3) uint8 to (N, H / stride, W / stride, channels) float32."""
        ...

    def pooled(self, images: NDArray[np.uint8], *, threads: int | None = None) -> NDArray[np.float32]:
        """Vectors of whole pictures: (N, H, W, 3) uint8 to (N, n_pooled) float32."""
        ...

    def network(self, *, folded: bool = False) -> Any:
        """The layers, a :class:`BackboneNetwork` with its own copy of the weights."""
        ...

    def get_config(self) -> dict[str, Any]:
        """What makes the same backbone again, as JSON values."""
        ...
