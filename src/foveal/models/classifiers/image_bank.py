"""What a pretrained network makes of images, each computed once."""

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import parallel
from foveal.events import Callbacks, stage
from foveal.features import EfficientNetLite
from foveal.models.classifiers.fine_tuning import START, Tail

#: Images that go through the network at a time, one such batch on every core.
BATCH = 8
# Images whose maps come back at a time.
_KEPT_BACK = 64 * BATCH


class ImageBank:
    """Vectors of images and of their mirror images, and the maps that a fine-tuning begins at.

    What was computed stays; rows are the places of the images in the list.

    Parameters
    ----------
    backbone : EfficientNetLite
    images : sequence
        Of N images or files.
    square : callable
        Makes of one of them what the network is shown, (side, side, 3) uint8.
    side : int
        A multiple of 32.
    mirror : bool
        Whether mirror images are described as well.
    keeps_maps : bool
        Whether the maps are kept too, in half precision.
    tail : Tail, optional
        Blocks that were fine-tuned, by which the vectors are computed.

    Attributes
    ----------
    copies : tuple of bool
        Whether each copy of an image is mirrored.
    """

    def __init__(
        self,
        backbone: EfficientNetLite,
        images: Sequence[Any],
        square: Callable[[Any], NDArray[np.uint8]],
        side: int,
        *,
        mirror: bool,
        keeps_maps: bool,
        tail: Tail | None = None,
    ) -> None:
        self.backbone, self.images, self.square, self.side = backbone, images, square, side
        self.copies = (False, True) if mirror else (False,)
        self.keeps_maps = keeps_maps
        n, cells = len(images), side // backbone.strides[START]
        self._known, self._seconds = np.zeros(n, bool), 0.0
        self._vectors = np.empty((len(self.copies), n, backbone.n_pooled), np.float32)
        shape = (len(self.copies), n, cells, cells, backbone.channels[START])
        # Memory that is not written to costs nothing.
        self._maps = np.empty(shape, np.float16) if keeps_maps else None
        self._tail = Tail(backbone) if keeps_maps and tail is None else tail

    @staticmethod
    def bytes_of_maps(backbone: EfficientNetLite, n_images: int, side: int, *, mirror: bool) -> int:
        """The memory that maps of so many images take."""
        cells = (side // backbone.strides[START]) ** 2
        return 2 * n_images * (1 + mirror) * cells * backbone.channels[START]

    def fill(self, rows: ArrayLike, callbacks: Callbacks = ()) -> None:
        """Compute what is not known yet of some images."""
        rows = np.asarray(rows, np.int64)
        missing = rows[~self._known[rows]]
        if not len(missing):
            return
        with stage(callbacks, "features", len(missing)) as progress:

            def done(before: int, batches: int) -> None:
                progress(min((before + batches) * BATCH, len(missing)))

            # In parts, so that what came back and what is kept are never both in memory.
            for first in range(0, len(missing), _KEPT_BACK):
                part = missing[first : first + _KEPT_BACK]
                began = perf_counter()
                found = parallel.map(
                    self._compute,
                    [part[start : start + BATCH] for start in range(0, len(part), BATCH)],
                    done=partial(done, first // BATCH),
                )
                self._seconds += perf_counter() - began
                self._put(part, found)

    def _compute(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.float32], NDArray[Any] | None]]:
        """Of each copy of a few images the vectors and the maps."""
        images = np.stack([self.square(self.images[int(row)]) for row in rows])
        found: list[tuple[NDArray[np.float32], NDArray[Any] | None]] = []
        for mirrored in self.copies:
            shown = images[:, :, ::-1] if mirrored else images
            if self._tail is None:
                found.append((self.backbone.pooled(shown, threads=1), None))
            else:
                maps = self.backbone.maps(shown, (START,), threads=1)[START]
                kept = maps.astype(np.float16) if self.keeps_maps else None
                found.append((self._tail.pooled(maps), kept))
        return found

    def _put(self, rows: NDArray[np.int64], found: list[Any]) -> None:
        for copy in range(len(self.copies)):
            self._vectors[copy, rows] = np.concatenate([batch[copy][0] for batch in found])
            if self._maps is not None:
                self._maps[copy, rows] = np.concatenate([batch[copy][1] for batch in found])
        self._known[rows] = True

    @property
    def seconds_an_image(self) -> float:
        """What one copy of an image took, on average; 0 where none was computed."""
        return self._seconds / max(1, len(self.copies) * int(self._known.sum()))

    def vectors(self, rows: ArrayLike) -> NDArray[np.float32]:
        """The vectors of images that are known, (copies, R, D)."""
        return self._vectors[:, np.asarray(rows, np.int64)]

    def maps(self, rows: ArrayLike) -> NDArray[Any]:
        """The maps of images that are known, (copies, R, h, w, C) float16."""
        if self._maps is None:
            raise ValueError("This bank keeps no maps.")
        return self._maps[:, np.asarray(rows, np.int64)]
