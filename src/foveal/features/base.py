"""What every kind of features can do, and the kinds there are."""

from collections.abc import Callable, Mapping
from importlib import import_module
from operator import attrgetter
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
        """Features of images: (N, H, W, 3) uint8 to (N, n_features) float32."""
        ...

    def extract(self, image: NDArray[np.uint8], boxes: ArrayLike) -> NDArray[np.float32]:
        """Features of the regions of one image: (N, 4) boxes to (N, n_features) float32."""
        ...

    def get_config(self) -> dict[str, Any]:
        """What :func:`features_from_config` makes the same features from, as JSON values."""
        ...


# The kinds that come with Foveal: the module and what in it makes them, imported when it is asked for.
_KINDS: dict[str, tuple[str, str]] = {
    "pixels": ("foveal.features.pixels", "Pixels"),
    "hog-color": ("foveal.features.hog_color", "HogColor"),
    "efficientnet-lite0": ("foveal.features.efficientnet", "EfficientNetLite0.from_config"),
    "efficientnet-lite1": ("foveal.features.efficientnet", "EfficientNetLite1.from_config"),
    "efficientnet-lite2": ("foveal.features.efficientnet", "EfficientNetLite2.from_config"),
    "backbone-regions": ("foveal.features.backbone", "BackboneRegions.from_config"),
}
_registered: dict[str, Callable[..., Any]] = {}


def register_features(kind: str, make: Callable[..., Any]) -> None:
    """Let model files with features of another kind be loaded.

    Parameters
    ----------
    kind : str
        What their ``get_config`` calls ``kind``.
    make : callable
        Called with the rest of that configuration as keywords; returns the features or the backbone.

    Raises
    ------
    ValueError
        If there is such a kind among Foveal's own.

    Examples
    --------
    >>> from foveal.features import Pixels
    >>> register_features("small-pixels", lambda: Pixels(size=4))
    >>> features_from_config({"kind": "small-pixels"}).n_features
    48
    """
    if kind in _KINDS:
        raise ValueError(f"There is a kind {kind!r} among Foveal's own: choose another name.")
    _registered[kind] = make


def feature_kinds() -> list[str]:
    """The names of the kinds that a setting may be."""
    return [kind for kind in (*_KINDS, *_registered) if kind != "backbone-regions"]


def features_from_config(config: Mapping[str, Any]) -> Any:
    """Make features, or a backbone, from what their ``get_config`` gave.

    Raises
    ------
    ModelFileError
        If the kind is unknown: neither Foveal's own nor registered.

    Examples
    --------
    >>> features_from_config({"kind": "pixels", "size": 8}).n_features
    192
    """
    settings = dict(config)
    kind = settings.pop("kind", None)
    if kind in _registered:
        return _registered[kind](**settings)
    if kind not in _KINDS:
        raise ModelFileError(f"The features {kind!r} are unknown to this version of Foveal.")
    module, maker = _KINDS[kind]
    return attrgetter(maker)(import_module(module))(**settings)
