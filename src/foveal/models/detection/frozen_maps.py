"""Maps of a data set's images by a network that does not learn: computed once, read in every step."""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Sample
from foveal.events import Callbacks, stage
from foveal.features import RegionsOnMaps, stack_images
from foveal.files import naming
from foveal.images import box_scale, read, working_image
from foveal.models.detection.image_regions import ImageRegions
from foveal.models.detection.roi.pooling import RoIPooling
from foveal.models.detection.roi.sampling import RoISampler, RoITargets

# Bytes of maps that stay in memory; those of further images go to a file.
_MEMORY = 1_200_000_000


def mirrored_boxes(boxes: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Boxes, (N, 4), in the mirror image of an image of that width."""
    moved = boxes.copy()
    moved[:, [0, 2]] = np.float32(width) - boxes[:, [2, 0]]
    return moved


@dataclass(frozen=True, eq=False)
class ImageMaps:
    """The maps of one image, or of its mirror image.

    Attributes
    ----------
    levels : list of ndarray of shape (1, H, W, C), float32
        The finest first.
    shape : (int, int)
        Rows and columns of the working image without its padding.
    scale : ndarray of shape (4,), float32
        Boxes of the image times this are boxes of the working image.
    mirrored : bool
    """

    levels: list[NDArray[np.float32]]
    shape: tuple[int, int]
    scale: NDArray[np.float32]
    mirrored: bool = False

    def to_working(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the image, (N, 4), in pixels of the working image, mirrored where it is."""
        moved = boxes * self.scale
        return mirrored_boxes(moved, self.shape[1]) if self.mirrored else moved

    def to_image(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The way back of :meth:`to_working`."""
        return (mirrored_boxes(boxes, self.shape[1]) if self.mirrored else boxes) / self.scale


def image_maps(features: RegionsOnMaps, image: NDArray[np.uint8], *, mirror: bool = False) -> list[ImageMaps]:
    """The maps of an image, (H, W, 3) uint8, and, where ``mirror`` is set, of its mirror image too."""
    small = working_image(image, features.longest)
    rows, columns = small.shape[:2]
    both = [small, np.ascontiguousarray(small[:, ::-1])] if mirror else [small]
    # Images are taken side by side by several threads.
    maps = features.backbone.maps(stack_images(both, features.backbone), features.levels, threads=1)
    scale = box_scale(image.shape, small.shape)
    return [
        ImageMaps(
            [maps[level][place : place + 1] for level in features.levels], (rows, columns), scale, bool(place)
        )
        for place in range(len(both))
    ]


class FrozenMaps:
    """Maps of every image of a data set and of its mirror image, in half precision.

    They are kept in memory up to a limit, and beyond it in a temporary file that ends with the process.

    Parameters
    ----------
    samples : sequence of Sample
    features : RegionsOnMaps
        The network, which of its maps, and the size of the images.
    mirror : bool, default=True
    memory : float
        Bytes to keep in memory.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        features: RegionsOnMaps,
        *,
        mirror: bool = True,
        memory: float = _MEMORY,
    ) -> None:
        self.samples, self.features, self.mirror = samples, features, mirror
        self._left = memory
        self._kept: dict[int, NDArray[np.float16] | int] = {}
        self._facts: dict[int, tuple[list[tuple[int, ...]], tuple[int, int], NDArray[np.float32]]] = {}
        self._file: Any = None
        self._lock = threading.Lock()
        self._next, self._stopped = 0, False

    def __len__(self) -> int:
        return len(self.samples)

    def work(self, done: Any = None) -> None:
        """Compute maps that are not computed yet, until none is left; several threads may work at a time."""
        while True:
            with self._lock:
                index = self._next
                if index >= len(self.samples) or self._stopped:
                    return
                self._next += 1
            try:
                views = image_maps(self.features, read(self.samples[index].path), mirror=self.mirror)
            except BaseException:
                # Whoever else works on it need not go on.
                self._stopped = True
                raise
            self._keep(index, views)
            if done is not None:
                done(len(self._kept))

    def stop(self) -> None:
        """Let whoever works on the maps leave off after the image in hand."""
        self._stopped = True

    def complete(self, callbacks: Callbacks = ()) -> None:
        """Compute all maps that are left, on every core."""
        with stage(callbacks, "feature maps", len(self.samples)) as progress:
            progress(len(self._kept))
            # Progress is told by one thread alone.
            workers = list(range(parallel.cores()))
            parallel.map(lambda worker: self.work(None if worker else progress), workers)
            progress(len(self.samples))

    def _keep(self, index: int, views: list[ImageMaps]) -> None:
        flat = np.concatenate([m.ravel() for view in views for m in view.levels]).astype(np.float16)
        shapes = [m.shape for m in views[0].levels]
        with self._lock:
            self._facts[index] = shapes, views[0].shape, views[0].scale
            if flat.nbytes <= self._left:
                self._left -= flat.nbytes
                self._kept[index] = flat
                return
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="foveal-maps-")  # noqa: SIM115 - lives as long as we
            self._file.seek(0, 2)
            self._kept[index] = self._file.tell()
            with naming(Path(tempfile.gettempdir()) / "foveal-maps"):
                flat.tofile(self._file)
                self._file.flush()

    def view(self, index: int, mirrored: bool = False) -> ImageMaps:
        """The maps of an image or of its mirror image."""
        shapes, shape, scale = self._facts[index]
        sizes = [prod(s) for s in shapes]
        start = sum(sizes) if mirrored else 0
        kept = self._kept[index]
        flat: NDArray[np.float16]
        if isinstance(kept, int):
            flat = np.memmap(self._file, np.float16, "r", offset=kept + 2 * start, shape=(sum(sizes),))
        else:
            flat = kept[start : start + sum(sizes)]
        ends = np.cumsum(sizes)
        levels = [
            np.asarray(flat[end - size : end], np.float32).reshape(s)
            for end, size, s in zip(ends, sizes, shapes, strict=True)
        ]
        return ImageMaps(levels, shape, scale, mirrored)


def channel_scaling(maps: FrozenMaps, most: int = 64) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What to bring every channel to mean 0 by, and every map to one energy, from the first images' maps.

    Every channel has the same deviation as the others of its map; maps with few channels have greater ones,
    so that all maps are of equal weight in a region's vector: c5 has eight times as many channels as c3, on
    which small objects are seen.

    Parameters
    ----------
    maps : FrozenMaps
    most : int
        How many images.

    Returns
    -------
    mean, scale : ndarray of shape (channels,), float32
        A channel that never changes counts as one of deviation 1.
    """
    total = square = count = np.zeros(maps.features.n_channels)
    widths: list[int] = []
    for index in range(min(most, len(maps))):
        flats = [m.reshape(-1, m.shape[3]).astype(np.float64) for m in maps.view(index).levels]
        widths = [flat.shape[1] for flat in flats]
        total = total + np.concatenate([flat.sum(axis=0) for flat in flats])
        square = square + np.concatenate([(flat * flat).sum(axis=0) for flat in flats])
        count = count + np.repeat([len(flat) for flat in flats], widths)
    mean = total / count
    deviation = np.sqrt(np.maximum(square / count - mean * mean, 0))
    deviation[deviation < 1e-3] = 1.0
    deviation *= np.sqrt(np.repeat(widths, widths) * len(widths) / len(mean))
    return mean.astype(np.float32), deviation.astype(np.float32)


@dataclass(frozen=True, eq=False)
class SeenRegions:
    """How regions are read off frozen maps: every channel of every map, standardised.

    Attributes
    ----------
    pooling : RoIPooling
    mean, scale : ndarray of shape (channels,), float32
        See :func:`channel_scaling`.
    """

    pooling: RoIPooling
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def __call__(self, maps: ImageMaps, rois: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is seen of regions, (R, 4) in pixels of the working image: (R, S, S, channels) float32."""
        cells = self.pooling(maps.levels, rois, np.zeros(len(rois), np.int64))
        cells -= self.mean
        cells /= self.scale
        return cells


@dataclass(frozen=True, eq=False)
class RoIBatches:
    """Draws the regions of images and reads them off their maps: the transform of the batches.

    Attributes
    ----------
    maps : FrozenMaps
    regions : list of ImageRegions
        The proposals and objects of the same images.
    sampler : RoISampler
    seen : SeenRegions
    """

    maps: FrozenMaps
    regions: list[ImageRegions]
    sampler: RoISampler
    seen: SeenRegions

    def __repr__(self) -> str:
        return f"RoIBatches({self.sampler}, {self.seen.pooling})"

    def __call__(
        self, places: NDArray[Any], _: NDArray[Any], generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], RoITargets]:
        """What is seen of the drawn regions of some images, and their targets in the working images."""
        cells, targets = [], []
        for place in places.tolist():
            image = self.regions[place]
            drawn = self.sampler(image.boxes, image.truth, generator)
            view = self.maps.view(place, bool(self.maps.mirror and generator.integers(2)))
            drawn = replace(drawn, rois=view.to_working(drawn.rois), objects=view.to_working(drawn.objects))
            cells.append(self.seen(view, drawn.rois))
            targets.append(drawn)
        return np.concatenate(cells), RoITargets.concatenated(targets)
