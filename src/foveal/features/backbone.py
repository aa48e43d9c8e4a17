"""What a pretrained network can do for a detector, and regions described by its maps."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.errors import ModelFileError, SettingError
from foveal.features.base import features_from_config
from foveal.images import box_scale, stack_padded, working_image
from foveal.nn.module import Module


@runtime_checkable
class BackboneNetwork(Protocol):
    """A backbone's layers, to be fine-tuned and exported."""

    def stage(self, start: str, end: str) -> Module:
        """The layers between two maps, sharing the weights; ``"image"`` is the normalised image."""
        ...

    def modules(self) -> Any:
        """All layers."""
        ...


@runtime_checkable
class Backbone(Protocol):
    """A pretrained network whose maps a detector looks at.

    Another network than those of :mod:`foveal.features` fits in if it has these attributes and methods;
    :func:`foveal.features.register_features` lets model files that hold it be loaded.

    Attributes
    ----------
    name : str
    channels : mapping of str to int
        Of each map, by its name: ``"c3"``, ``"c4"``, ``"c5"`` at least.
    strides : mapping of str to int
        Pixels of the image from one place of a map to the next; each map's is twice the one before.
    n_pooled : int
        The length of the vector of a whole image.
    pixel_mean, pixel_std : float or sequence of three floats
        The layers see ``(pixel - mean) / std``, for pixels from 0 to 255, RGB.
    pad_value : int
        The pixel value, from 0 to 255, that surrounds an image in a batch.
    size_divisibility : int
        The sides of a padded image are multiples of this.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def channels(self) -> Mapping[str, int]: ...  # noqa: D102

    @property
    def strides(self) -> Mapping[str, int]: ...  # noqa: D102

    @property
    def n_pooled(self) -> int: ...  # noqa: D102

    @property
    def pixel_mean(self) -> float | Sequence[float]: ...  # noqa: D102

    @property
    def pixel_std(self) -> float | Sequence[float]: ...  # noqa: D102

    @property
    def pad_value(self) -> int: ...  # noqa: D102

    @property
    def size_divisibility(self) -> int: ...  # noqa: D102

    def maps(
        self, images: NDArray[np.uint8], levels: Sequence[str] | None = None, *, threads: int | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Maps of padded images: (N, H, W, 3) uint8 to (N, H / stride, W / stride, channels) float32."""
        ...

    def pooled(self, images: NDArray[np.uint8], *, threads: int | None = None) -> NDArray[np.float32]:
        """Vectors of whole images: (N, H, W, 3) uint8 to (N, n_pooled) float32."""
        ...

    def network(self, *, folded: bool = False) -> Any:
        """The layers, a :class:`BackboneNetwork` with its own copy of the weights."""
        ...

    def get_config(self) -> dict[str, Any]:
        """What makes the same backbone again, as JSON values; ``kind`` is its registered name."""
        ...


def stack_images(images: Sequence[NDArray[np.uint8]], backbone: Backbone) -> NDArray[np.uint8]:
    """Images, each (H, W, 3) uint8, as the batch that a backbone takes: padded with its own value."""
    return stack_padded(images, multiple=backbone.size_divisibility, value=backbone.pad_value)


class RegionsOnMaps(ABC):
    """Regions of an image described by the maps that all of them share (He et al. 2015; He et al. 2017).

    The image goes through the network once; RoIAlign reads each region off every map, ``grid`` by ``grid``
    cells. A subclass has the attributes and is a :class:`foveal.features.RegionFeatures`.

    Attributes
    ----------
    levels : sequence of str
        The maps that regions are described by.
    grid : int
        Cells a side that a region is read in.
    longest : int
        The longer side of an image is brought to so many pixels.
    """

    levels: Sequence[str]
    grid: int
    longest: int

    @property
    def channels(self) -> Mapping[str, int]:
        """Channels of each map."""
        return self.backbone.channels

    @property
    def strides(self) -> Mapping[str, int]:
        """Pixels from one place of each map to the next."""
        return self.backbone.strides

    @property
    @abstractmethod
    def backbone(self) -> Backbone:
        """The network whose maps they are."""

    @property
    def n_channels(self) -> int:
        """Of a cell: those of all maps."""
        return sum(self.channels[level] for level in self.levels)

    @property
    def n_features(self) -> int:
        """The length of a region's vector, as :meth:`extract` gives it."""
        return self.grid**2 * self.n_channels

    def extract(self, image: NDArray[np.uint8], boxes: ArrayLike) -> NDArray[np.float32]:
        """Features of the regions of one image.

        Parameters
        ----------
        image : ndarray of shape (H, W, 3), uint8
        boxes : array-like of shape (P, 4)
            ``x1, y1, x2, y2`` in pixels.

        Returns
        -------
        ndarray of shape (P, n_features), float32
            For each map its cells row by row, the channels of each side by side.
        """
        boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
        if not len(boxes):
            return np.empty((0, self.n_features), np.float32)
        working = working_image(image, self.longest)
        scaled = boxes * box_scale(image.shape, working.shape)
        # Images are taken side by side by several threads.
        maps = self.backbone.maps(stack_images([working], self.backbone), self.levels, threads=1)
        return self.describe([maps[level] for level in self.levels], scaled)

    def describe(
        self, maps: Sequence[NDArray[np.float32]], boxes: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Features of regions, (P, 4) in pixels of the working image, from its maps, (1, h, w, C) each."""
        from foveal.nn.functional import roi_align

        indices = np.zeros(len(boxes), np.int64)
        cells = [
            roi_align(values, boxes, indices, self.grid, spatial_scale=1 / self.strides[level])
            for level, values in zip(self.levels, maps, strict=True)
        ]
        return np.concatenate([values.reshape(len(boxes), -1) for values in cells], axis=1)


@dataclass(frozen=True)
class BackboneRegions(RegionsOnMaps):
    """Any backbone's maps as features of regions.

    Parameters
    ----------
    network : Backbone
    levels : sequence of str, default=("c3", "c4", "c5")
    grid : int, default=3
    longest : int, default=512
        See :class:`RegionsOnMaps`.
    """

    network: Backbone
    levels: Sequence[str] = ("c3", "c4", "c5")
    grid: int = 3
    longest: int = 512

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        if not self.levels or not set(self.levels) <= set(self.network.channels) or self.grid < 1:
            raise SettingError(
                f"levels are some of {', '.join(self.network.channels)} and grid is at least 1; got "
                f"{self.levels} and {self.grid}."
            )

    @property
    def backbone(self) -> Backbone:
        """The network whose maps they are."""
        return self.network

    def transform(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Vectors of whole images, (N, H, W, 3) uint8 to (N, n_pooled) float32."""
        return self.network.pooled(stack_images(list(crops), self.network))

    def get_config(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {
            "kind": "backbone-regions",
            "network": self.network.get_config(),
            "levels": list(self.levels),
            "grid": self.grid,
            "longest": self.longest,
        }

    @classmethod
    def from_config(cls, network: Mapping[str, Any], **settings: Any) -> "BackboneRegions":
        """The features of :meth:`get_config`, without ``kind``."""
        return cls(backbone_from_config(network), **settings)


def regions_on_maps(features: object) -> RegionsOnMaps | None:
    """Features that are read off maps, or a backbone whose maps can be; None for all others."""
    if isinstance(features, RegionsOnMaps):
        return features
    return BackboneRegions(features) if isinstance(features, Backbone) else None


def backbone_from_config(config: Mapping[str, Any]) -> Backbone:
    """A backbone from what its ``get_config`` gave.

    Raises
    ------
    ModelFileError
        If the kind is unknown, or is of features that have no maps.
    """
    found: object = features_from_config(config)
    if not isinstance(found, Backbone):
        raise ModelFileError(f"its features are {config.get('kind')!r}, which have no maps.")
    return found
