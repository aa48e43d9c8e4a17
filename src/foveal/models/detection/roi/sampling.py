"""Mini-batches of regions: what is drawn of a picture's proposals, and what the head is to say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.models.detection.frozen_maps import FrozenMaps, region_cells
from foveal.models.detection.image_regions import ImageRegions

# Copies of every object that are moved at random, and by how much of its sides at most.
_COPIES, _SHIFT = 4, 0.18


@dataclass(frozen=True)
class Sampling:
    """Which regions of a picture a step learns from (Girshick 2015, section 2.3).

    Attributes
    ----------
    number : int
        Regions of a picture.
    fraction : float
        The most of them that are foreground.
    foreground : float
        Least IoU of foreground with an object.
    floor : float
        From here to ``foreground`` a region is background; where there is too little of it, regions that
        overlap less fill up.
    objects : bool
        Whether the objects themselves, and copies of them that are moved a little, are drawn too.
    """

    number: int = 64
    fraction: float = 0.25
    foreground: float = 0.5
    floor: float = 0.1
    objects: bool = True


class RegionSampler:
    """Draws the regions of pictures and reads them off frozen maps: the transform of the batches.

    Parameters
    ----------
    maps : FrozenMaps
    regions : sequence of ImageRegions
        The proposals and objects of the same pictures.
    sampling : Sampling
    n_classes : int
    grid : int
    mean, scale : ndarray of shape (channels,), float32
        Every channel is standardised by them.
    """

    def __init__(
        self,
        maps: FrozenMaps,
        regions: Sequence[ImageRegions],
        sampling: Sampling,
        n_classes: int,
        grid: int,
        mean: NDArray[np.float32],
        scale: NDArray[np.float32],
    ) -> None:
        self.maps, self.sampling, self.n_classes, self.grid = maps, sampling, n_classes, grid
        self.mean, self.scale = mean, scale
        self.strides = [maps.backbone.strides[level] for level in maps.levels]
        self._regions = [_sound(image) for image in regions]
        self._overlaps = [image.matched() for image in self._regions]

    def __repr__(self) -> str:
        return f"RegionSampler({self.sampling}, grid={self.grid}, levels={self.maps.levels})"

    def __call__(
        self, places: NDArray[Any], _: NDArray[Any], generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The regions of some pictures.

        Parameters
        ----------
        places : ndarray of shape (B,), int
        generator : numpy.random.Generator

        Returns
        -------
        x : ndarray of shape (R, grid, grid, channels), float32
            Standardised.
        y : ndarray of shape (R, 9), float32
            The class, the number of classes for background; the region; the object that it stands for, or
            for background the region again. Both in pixels of the working picture.
        """
        drawn = [self._draw(int(place), generator) for place in places]
        return np.concatenate([x for x, _ in drawn]), np.concatenate([y for _, y in drawn])

    def _draw(
        self, place: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        image = self._regions[place]
        boxes, matched, best = image.boxes, *self._overlaps[place]
        if self.sampling.objects and len(image.objects):
            more = _copies(image.objects, generator)
            every = iou(more, image.objects)
            boxes = np.concatenate([boxes, more])
            matched = np.concatenate([matched, every.argmax(axis=1)])
            best = np.concatenate([best, every.max(axis=1)])
        chosen, n_foreground = self._choose(image, boxes, matched, best, generator)
        labels = np.full(len(chosen), self.n_classes, np.float32)
        targets = boxes[chosen].copy()
        front = matched[chosen[:n_foreground]]
        labels[:n_foreground], targets[:n_foreground] = image.labels[front], image.objects[front]
        view = self.maps.view(place, bool(self.maps.mirror and generator.integers(2)))
        regions, targets = view.to_working(boxes[chosen]), view.to_working(targets)
        x = standardized(region_cells(view, regions, self.strides, self.grid), self.mean, self.scale)
        return x, np.concatenate([labels[:, None], regions, targets], axis=1)

    def _choose(
        self,
        image: ImageRegions,
        boxes: NDArray[np.float32],
        matched: NDArray[np.int64],
        best: NDArray[np.float32],
        generator: np.random.Generator,
    ) -> tuple[NDArray[np.int64], int]:
        """Places of the regions drawn, the foreground first, and how many of these there are."""
        plan = self.sampling
        near = np.flatnonzero(best >= plan.foreground)
        number = min(len(near), round(plan.fraction * plan.number))
        if 0 < number < len(near):
            # Every object is as likely as another: large ones have many more proposals than small ones.
            share = 1 / np.bincount(matched[near])[matched[near]]
            near = np.sort(generator.choice(near, number, replace=False, p=share / share.sum()))
        front = near[:number]
        back = (best < plan.foreground) & ~ImageRegions(
            boxes, image.objects, image.labels, image.ignored
        ).unsure(plan.foreground)
        hard = _some(np.flatnonzero(back & (best >= plan.floor)), plan.number - len(front), generator)
        left = plan.number - len(front) - len(hard)
        easy = _some(np.flatnonzero(back & (best < plan.floor)), left, generator)
        return np.concatenate([front, hard, easy]), len(front)


def standardized(
    cells: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Regions with every channel brought to mean 0 and deviation 1, in place."""
    cells -= mean
    cells /= scale
    return cells


def channel_scaling(maps: FrozenMaps, most: int = 64) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What to bring every channel to mean 0 by, and every map to one energy, from the first pictures' maps.

    Every channel has the same deviation as the others of its map; maps with few channels have greater ones,
    so that all maps are of equal weight in a region's vector: c5 has eight times as many channels as c3, on
    which small objects are seen.

    Parameters
    ----------
    maps : FrozenMaps
    most : int
        How many pictures.

    Returns
    -------
    mean, scale : ndarray of shape (channels,), float32
        A channel that never changes counts as one of deviation 1.
    """
    sums: list[Any] = [0.0] * len(maps.levels)
    squares: list[Any] = [0.0] * len(maps.levels)
    counts = [0] * len(maps.levels)
    for index in range(min(most, len(maps))):
        for place, level in enumerate(maps.view(index).levels):
            flat = level.reshape(-1, level.shape[3]).astype(np.float64)
            sums[place] = sums[place] + flat.sum(axis=0)
            squares[place] = squares[place] + (flat * flat).sum(axis=0)
            counts[place] += len(flat)
    means = [total / count for total, count in zip(sums, counts, strict=True)]
    spread = [
        np.sqrt(np.maximum(square / count - mean * mean, 0))
        for square, count, mean in zip(squares, counts, means, strict=True)
    ]
    for deviation in spread:
        deviation[deviation < 1e-3] = 1.0
    channels = sum(map(len, spread))
    deviation = np.concatenate([d * np.sqrt(len(d) * len(spread) / channels) for d in spread])
    return np.concatenate(means).astype(np.float32), deviation.astype(np.float32)


def _copies(objects: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """The objects, and copies whose sides are moved."""
    sides = np.tile(objects[:, 2:] - objects[:, :2], 2)
    shifts = generator.uniform(-_SHIFT, _SHIFT, (_COPIES, *objects.shape)).astype(np.float32)
    return np.concatenate([objects[None], objects + sides * shifts]).reshape(-1, 4)


def _some(places: NDArray[np.int64], number: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """At most so many of the places."""
    return places if len(places) <= number else np.sort(generator.choice(places, number, replace=False))


def _sound(image: ImageRegions) -> ImageRegions:
    """The regions without proposals and objects that have no area."""
    large = (image.boxes[:, 2:] > image.boxes[:, :2]).all(axis=1)
    there = (image.objects[:, 2:] > image.objects[:, :2]).all(axis=1)
    return ImageRegions(image.boxes[large], image.objects[there], image.labels[there], image.ignored)
