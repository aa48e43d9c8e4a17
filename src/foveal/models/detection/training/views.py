"""Views of a data set's images, and batches of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import BoxAugmentation
from foveal.data.dataset import Sample
from foveal.features import Backbone, stack_images
from foveal.images import box_scale, padded_size, read, resize, stack_padded, working_size
from foveal.models.detection.targets import GroundTruth, ViewBatch
from foveal.nn.batches import made_ahead

#: More steps than any training has.
NEVER = 1 << 60
# Streams of random numbers of one seed.
_ORDER, _VIEW, _SAMPLE = 0, 1, 2
# Images kept in memory, in bytes.
_KEPT = 1_000_000_000
# How much larger than the working image they are kept: views enlarge some of them.
_KEPT_LARGER = 1.25
# Maps kept for the next pass that sees the same views, in bytes.
_KEPT_MAPS = 600_000_000
# Batches that are put in order of the images' shapes at a time.
_CHUNK = 8


class TrainingImages:
    """The images of a data set, read once and kept, as far as memory goes, not much larger than needed."""

    def __init__(self, samples: Sequence[Sample], size: int) -> None:
        self.samples, self._longest = list(samples), round(size * _KEPT_LARGER)
        self._kept: dict[int, tuple[NDArray[np.uint8], tuple[int, int]]] = {}
        self._free = _KEPT

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """An image, perhaps made smaller, and the rows and columns of its file."""
        if index in self._kept:
            return self._kept[index]
        image = read(self.samples[index].path)
        shape = (image.shape[0], image.shape[1])
        if max(shape) > self._longest:
            image = resize(image, working_size(shape, self._longest))
        if image.nbytes <= self._free:
            self._free -= image.nbytes
            self._kept[index] = image, shape
        return image, shape


@dataclass(frozen=True, eq=False)
class View:
    """An image changed at random.

    Attributes
    ----------
    size : (int, int)
        Rows and columns in pixels, without padding.
    objects : GroundTruth
    maps : dict of str to ndarray of shape (H, W, C), float32
        The backbone's, of the padded view.
    """

    size: tuple[int, int]
    objects: GroundTruth
    maps: dict[str, NDArray[np.float32]]

    @property
    def nbytes(self) -> int:
        """Of the maps."""
        return sum(values.nbytes for values in self.maps.values())


@dataclass(kw_only=True, eq=False, repr=False)
class ViewBatches:
    """Batches of views, changed at random, with their frozen maps: :class:`foveal.nn.batches.Batches`.

    Parameters
    ----------
    images : TrainingImages
    backbone : Backbone
    levels : tuple of str
    size, batch_size, passes_per_view : int
        See :class:`foveal.models.FasterRCNN`; a view's maps cost as much as learning from them.
    augmentation : BoxAugmentation
    finetunes_from : int, optional
        The step from which on the backbone's last stages are fine-tuned; never by default.
    n_finetuned : int, default=1
        How many stages are: so many of the last levels' maps are not made here then.
    seed : int
    """

    images: TrainingImages
    backbone: Backbone
    levels: tuple[str, ...]
    size: int
    augmentation: BoxAugmentation
    batch_size: int
    finetunes_from: int = NEVER
    n_finetuned: int = 1
    passes_per_view: int = 1
    seed: int

    def __post_init__(self) -> None:
        self.n_examples = len(self.images.samples)
        self.batch_size = min(self.batch_size, self.n_examples)
        self._kept: dict[tuple[int, int], View] = {}
        self._free = _KEPT_MAPS

    def __len__(self) -> int:
        return -(-self.n_examples // self.batch_size)

    def _order(self, number: int) -> list[NDArray[np.int64]]:
        """The images of every batch of a pass: at random, but neighbours of like shapes."""
        rng = np.random.default_rng([self.seed, _ORDER, number])
        order = rng.permutation(self.n_examples)
        sides = [(s.width, s.height) for s in self.images.samples]
        shapes = np.array([width / height if width and height else 1.0 for width, height in sides])
        chunk = self.batch_size * _CHUNK
        parts = [order[start : start + chunk] for start in range(0, len(order), chunk)]
        ordered = np.concatenate([part[np.argsort(shapes[part], kind="stable")] for part in parts])
        batches = [
            ordered[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)
        ]
        return [batches[i] for i in rng.permutation(len(batches))]

    def epoch(self, number: int, *, start: int = 0) -> Iterator[tuple[ViewBatch, None]]:
        """The batches of an epoch, counted from 1, from one of them on."""
        turn, chosen = number - 1, self._order(number - 1)
        step = turn * len(self)
        for batch in made_ahead(
            lambda i: self._make(step + i, turn, chosen[i]), range(start, len(chosen)), workers=1, ahead=2
        ):
            yield batch, None

    def _make(self, step: int, turn: int, indices: NDArray[np.int64]) -> ViewBatch:
        finetunes = step >= self.finetunes_from
        levels = self.levels[: -self.n_finetuned] if finetunes else self.levels
        if finetunes and self._kept:
            # Nothing is seen again from here on, and the rest of the training needs the memory.
            self._kept.clear()
            self._free = _KEPT_MAPS
        # What is saved by seeing a view again is little where most of the backbone's work is done anew.
        passes_per_view = 1 if finetunes else self.passes_per_view
        views = self.views([int(i) for i in indices], turn, levels, passes_per_view)
        return ViewBatch(
            {name: stack_padded([view.maps[name] for view in views]) for name in levels},
            np.array([view.size for view in views], np.float32),
            [view.objects for view in views],
            [[self.seed, _SAMPLE, step, i] for i in range(len(views))],
            finetunes,
        )

    def views(
        self, indices: list[int], turn: int, levels: tuple[str, ...], passes_per_view: int = 1
    ) -> list["View"]:
        """Views of some images, those of the last pass where it saw the same."""
        again = turn % passes_per_view
        # The pass in which the view was drawn.
        version = turn - again
        found = {i: self._kept[i, version] for i in indices if (i, version) in self._kept}
        missing = [i for i in indices if i not in found]
        if missing:
            made = [self.view(i, [self.seed, _VIEW, version, i]) for i in missing]
            maps = self.backbone.maps(
                stack_images([image for image, _ in made], self.backbone), levels, threads=1
            )
            for place, (i, (image, objects)) in enumerate(zip(missing, made, strict=True)):
                size = (image.shape[0], image.shape[1])
                rows, columns = padded_size(size, self.backbone.size_divisibility)
                strides = self.backbone.strides
                own = {
                    name: values[place, : rows // strides[name], : columns // strides[name]]
                    for name, values in maps.items()
                }
                found[i] = View(size, objects, own)
        for i in indices:
            if again == passes_per_view - 1:
                if self._kept.pop((i, version), None) is not None:
                    self._free += found[i].nbytes
            elif (i, version) not in self._kept and found[i].nbytes <= self._free:
                self._kept[i, version] = found[i]
                self._free -= found[i].nbytes
        return [found[i] for i in indices]

    def view(self, index: int, seed: list[int]) -> tuple[NDArray[np.uint8], GroundTruth]:
        """An image changed at random and the objects that are left in it."""
        image, shape = self.images[index]
        objects = GroundTruth.of(self.images.samples[index], shape)
        own = objects.boxes * box_scale(shape, image.shape)
        view, boxes, kept = self.augmentation(
            image, own, working_size(shape, self.size), np.random.default_rng(seed)
        )
        # Of an object that is nearly gone too little is left to learn, but it is not background either.
        ignored = objects.ignored | ~kept
        sides = boxes[:, 2:] - boxes[:, :2]
        there = (sides > 0).all(axis=1) & (ignored | (sides >= 2).all(axis=1))
        return view, GroundTruth(boxes[there], objects.labels[there], ignored[there])

    def description(self) -> dict[str, Any]:
        """What a checkpoint knows the batches by."""
        return {
            "images": self.n_examples,
            "batch_size": self.batch_size,
            "seed of the batches": self.seed,
            "augmentation": repr(self.augmentation),
            "finetunes from": self.finetunes_from,
            "passes_per_view": self.passes_per_view,
        }
