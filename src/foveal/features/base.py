"""What every kind of features can do."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.errors import ModelFileError


@runtime_checkable
class RegionFeatures(Protocol):
    """Features of crops and of regions.

    A detector asks for ``extract`` alone: whether the regions are warped one by one or read off a map
    that the whole image shares is the features' own affair.
    """

    @property
    def n_features(self) -> int:
        """The length of a feature vector."""
        ...

    def transform(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of pictures: (N, H, W, 3) uint8 to (N, n_features) float32."""
        ...

    def extract(self, image: NDArray[np.uint8], boxes: ArrayLike) -> NDArray[np.float32]:
        """Features of the regions of one image: (N, 4) boxes to (N, n_features) float32."""
        ...

    def get_config(self) -> dict[str, Any]:
        """What :func:`features_from_config` makes the same features from, as JSON values."""
        ...


def features_from_config(config: Mapping[str, Any]) -> RegionFeatures:
    """Make features from what their ``get_config`` gave.

    Raises
    ------
    ModelFileError
        If the kind is unknown to this version.

    Examples
    --------
    >>> features_from_config({"kind": "pixels", "size": 8}).n_features
    192
    """
    from foveal.features.efficientnet import FAMILY
    from foveal.features.hog_color import HogColor
    from foveal.features.pixels import Pixels

    settings = dict(config)
    kind = settings.pop("kind", None)
    if kind == "hog-color":
        return HogColor(**settings)
    if kind == "pixels":
        return Pixels(**settings)
    if kind in FAMILY:
        return FAMILY[kind].from_config(settings)
    raise ModelFileError(f"The features {kind!r} are unknown to this version of Foveal.")
