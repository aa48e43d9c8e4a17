"""Maps of a data set's pictures by a network that does not learn: computed once, read in every step."""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.dataset import Sample
from foveal.events import Callbacks, stage
from foveal.features.backbone import Backbone
from foveal.images import read, resize
from foveal.models.detection.training.views import stacked, working_size

# Bytes of maps that stay in memory; those of further pictures go to a file.
_MEMORY = 1_200_000_000


@dataclass(frozen=True, eq=False)
class PictureMaps:
    """The maps of one picture, or of its mirror image.

    Attributes
    ----------
    levels : list of ndarray of shape (1, H, W, C), float32
        The finest first.
    shape : (int, int)
        Rows and columns of the working picture without its padding.
    scale : ndarray of shape (4,), float32
        Boxes of the picture times this are boxes of the working picture.
    mirrored : bool
    """

    levels: list[NDArray[np.float32]]
    shape: tuple[int, int]
    scale: NDArray[np.float32]
    mirrored: bool = False

    def to_working(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the picture, (N, 4), in pixels of the working picture, mirrored where it is."""
        moved = boxes * self.scale
        if self.mirrored:
            moved[:, [0, 2]] = np.float32(self.shape[1]) - moved[:, [2, 0]]
        return moved

    def to_picture(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """The way back of :meth:`to_working`."""
        boxes = boxes.copy()
        if self.mirrored:
            boxes[:, [0, 2]] = np.float32(self.shape[1]) - boxes[:, [2, 0]]
        return boxes / self.scale


def picture_maps(
    backbone: Backbone, image: NDArray[np.uint8], levels: Sequence[str], longest: int, *, mirror: bool = False
) -> list[PictureMaps]:
    """The maps of a picture and, where ``mirror`` is set, of its mirror image too.

    Parameters
    ----------
    backbone : Backbone
    image : ndarray of shape (H, W, 3), uint8
    levels : sequence of str
    longest : int
        The longer side that the picture is brought to.
    mirror : bool, default=False

    Returns
    -------
    list of PictureMaps
    """
    rows, columns = working_size(image.shape, longest)
    small = resize(image, (rows, columns))
    both = [small, np.ascontiguousarray(small[:, ::-1])] if mirror else [small]
    # Pictures are taken side by side by several threads.
    maps = backbone.maps(stacked(both), levels, threads=1)
    scale = np.array([columns / image.shape[1], rows / image.shape[0]] * 2, np.float32)
    return [
        PictureMaps([maps[level][place : place + 1] for level in levels], (rows, columns), scale, bool(place))
        for place in range(len(both))
    ]


class FrozenMaps:
    """Maps of every picture of a data set and of its mirror image, in half precision.

    They are kept in memory up to a limit, and beyond it in a temporary file that ends with the process.

    Parameters
    ----------
    samples : sequence of Sample
    backbone : Backbone
    levels : sequence of str
    longest : int
    mirror : bool, default=True
    memory : float
        Bytes to keep in memory.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        backbone: Backbone,
        levels: Sequence[str],
        longest: int,
        *,
        mirror: bool = True,
        memory: float = _MEMORY,
    ) -> None:
        self.samples, self.backbone = samples, backbone
        self.levels, self.longest, self.mirror = tuple(levels), longest, mirror
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
                views = picture_maps(
                    self.backbone,
                    read(self.samples[index].path),
                    self.levels,
                    self.longest,
                    mirror=self.mirror,
                )
            except BaseException:
                # Whoever else works on it need not go on.
                self._stopped = True
                raise
            self._keep(index, views)
            if done is not None:
                done(len(self._kept))

    def stop(self) -> None:
        """Let whoever works on the maps leave off after the picture in hand."""
        self._stopped = True

    def complete(self, callbacks: Callbacks = ()) -> None:
        """Compute all maps that are left, on every core."""
        with stage(callbacks, "feature maps", len(self.samples)) as progress:
            progress(len(self._kept))
            # Progress is told by one thread alone.
            workers = list(range(parallel.cores()))
            parallel.map(lambda worker: self.work(None if worker else progress), workers)
            progress(len(self.samples))

    def _keep(self, index: int, views: list[PictureMaps]) -> None:
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
            flat.tofile(self._file)
            self._file.flush()

    def view(self, index: int, mirrored: bool = False) -> PictureMaps:
        """The maps of a picture or of its mirror image."""
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
        return PictureMaps(levels, shape, scale, mirrored)


def region_cells(
    maps: PictureMaps, boxes: NDArray[np.float32], strides: Sequence[int], grid: int
) -> NDArray[np.float32]:
    """What the maps show of regions, by RoIAlign (He et al. 2017): the channels of all maps side by side.

    Parameters
    ----------
    maps : PictureMaps
    boxes : ndarray of shape (R, 4), float32
        In pixels of the working picture.
    strides : sequence of int
        Of the maps.
    grid : int
        Rows and columns that a region is divided into.

    Returns
    -------
    ndarray of shape (R, grid, grid, channels), float32
    """
    from foveal.nn.functional import roi_align

    indices = np.zeros(len(boxes), np.int64)
    seen = [
        roi_align(level, boxes, indices, grid, spatial_scale=1 / stride)
        for level, stride in zip(maps.levels, strides, strict=True)
    ]
    return np.concatenate(seen, axis=3)


def region_vectors(
    maps: PictureMaps, boxes: NDArray[np.float32], strides: Sequence[int], grid: int
) -> NDArray[np.float32]:
    """What the maps show of regions as :meth:`foveal.features.EfficientNetLite.extract` orders it.

    Parameters
    ----------
    maps, boxes, strides, grid
        See :func:`region_cells`.

    Returns
    -------
    ndarray of shape (R, grid * grid * channels), float32
        Map by map, cell by cell.
    """
    from foveal.nn.functional import roi_align

    indices = np.zeros(len(boxes), np.int64)
    seen = [
        roi_align(level, boxes, indices, grid, spatial_scale=1 / stride).reshape(len(boxes), -1)
        for level, stride in zip(maps.levels, strides, strict=True)
    ]
    return np.concatenate(seen, axis=1)
