"""Views of a data set's pictures, and batches of them."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import clip
from foveal.data import BoxAugmentation, Dataset
from foveal.data.dataset import Sample
from foveal.images import read, resize
from foveal.models.detection.network import ViewBatch
from foveal.models.detection.targets import Objects
from foveal.nn.batches import made_ahead

#: The colour that surrounds a picture: 0 for the backbone.
PADDING = 127
# Streams of random numbers of one seed.
_ORDER, _VIEW, _SAMPLE = 0, 1, 2
# Pictures kept in memory, in bytes.
_KEPT = 1_000_000_000
# How much larger than the working picture they are kept: views enlarge some of them.
_KEPT_LARGER = 1.25
# Batches that are put in order of the pictures' shapes at a time.
_CHUNK = 8


class Maps(Protocol):
    """What a backbone does for the batches."""

    def maps(
        self, images: NDArray[np.uint8], levels: Sequence[str] = ..., *, threads: int | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Maps of some levels of pictures of one size."""
        ...


def working_size(shape: Sequence[int], size: int) -> tuple[int, int]:
    """Rows and columns of a picture whose longer side is brought to ``size``; at least 1."""
    longest = max(shape[:2])
    return max(1, round(shape[0] * size / longest)), max(1, round(shape[1] * size / longest))


def padded_size(shape: Sequence[int], multiple: int = 32) -> tuple[int, int]:
    """The next rows and columns that are multiples."""
    return -(-shape[0] // multiple) * multiple, -(-shape[1] // multiple) * multiple


def stacked(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures in the upper left corners of an array of one size, multiples of 32, (N, H, W, 3)."""
    rows, columns = padded_size(np.max([p.shape[:2] for p in pictures], axis=0).tolist())
    batch = np.full((len(pictures), rows, columns, 3), PADDING, np.uint8)
    for place, picture in enumerate(pictures):
        batch[place, : picture.shape[0], : picture.shape[1]] = picture
    return batch


class Pictures:
    """The pictures of a data set, read once and kept, as far as memory goes, not much larger than needed."""

    def __init__(self, samples: Sequence[Sample], size: int) -> None:
        self.samples, self._longest = list(samples), round(size * _KEPT_LARGER)
        self._kept: dict[int, tuple[NDArray[np.uint8], tuple[int, int]]] = {}
        self._free = _KEPT

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """A picture, perhaps made smaller, and the rows and columns of its file."""
        if index in self._kept:
            return self._kept[index]
        picture = read(self.samples[index].path)
        shape = (picture.shape[0], picture.shape[1])
        if max(shape) > self._longest:
            picture = resize(picture, working_size(shape, self._longest))
        if picture.nbytes <= self._free:
            self._free -= picture.nbytes
            self._kept[index] = picture, shape
        return picture, shape

    def objects(self, index: int, shape: tuple[int, int], to: tuple[int, int]) -> Objects:
        """The objects of a picture in another size of it, those that can neither be learnt nor ignored left out."""
        sample = self.samples[index]
        ignored = sample.difficult | sample.crowd
        counts = sample.trainable | ignored
        boxes = clip(sample.boxes[counts], shape[1], shape[0])
        scale = np.float32([to[1] / shape[1], to[0] / shape[0]] * 2)
        return Objects((boxes * scale).astype(np.float32), sample.labels[counts], ignored[counts])


class ViewBatches:
    """Batches of views, changed at random, with their frozen maps: :class:`foveal.nn.batches.Batches`.

    Parameters
    ----------
    dataset : Dataset
    backbone : Maps
    levels : sequence of str
    size : int
        The longer side of a view, in pixels.
    augmentation : BoxAugmentation
    batch_size : int
    least_steps : int
        An epoch passes over small data as often as it takes to make so many steps.
    tunes_from : int
        The step from which on the backbone's last stage learns too.
    seed : int
    """

    def __init__(
        self,
        dataset: Dataset,
        backbone: Maps,
        levels: Sequence[str],
        size: int,
        augmentation: BoxAugmentation,
        batch_size: int,
        *,
        least_steps: int = 1,
        tunes_from: int,
        seed: int,
    ) -> None:
        self.pictures = Pictures(dataset.samples, size)
        self.backbone, self.levels, self.size = backbone, tuple(levels), size
        self.augmentation, self.seed = augmentation, seed
        self.n_examples = len(dataset)
        self.batch_size = min(batch_size, self.n_examples)
        self.tunes_from = tunes_from
        per_pass = -(-self.n_examples // self.batch_size)
        self.passes = max(1, -(-least_steps // per_pass))
        self._per_pass = per_pass

    def __len__(self) -> int:
        return self._per_pass * self.passes

    def _order(self, number: int) -> list[NDArray[np.int64]]:
        """The pictures of every batch of a pass: at random, but neighbours of like shapes."""
        rng = np.random.default_rng([self.seed, _ORDER, number])
        order = rng.permutation(self.n_examples)
        shapes = np.array([_aspect(sample) for sample in self.pictures.samples])
        chunk = self.batch_size * _CHUNK
        parts = [order[start : start + chunk] for start in range(0, len(order), chunk)]
        ordered = np.concatenate([part[np.argsort(shapes[part], kind="stable")] for part in parts])
        batches = [
            ordered[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)
        ]
        return [batches[i] for i in rng.permutation(len(batches))]

    def epoch(self, number: int, *, start: int = 0) -> Iterator[tuple[ViewBatch, None]]:
        """The batches of an epoch, counted from 1, from one of them on."""
        chosen = [
            (number, place, batch)
            for place, batch in enumerate(
                batch
                for turn in range(self.passes)
                for batch in self._order((number - 1) * self.passes + turn)
            )
            if place >= start
        ]
        for batch in made_ahead(lambda i: self._make(*chosen[i]), range(len(chosen)), workers=1, ahead=2):
            yield batch, None

    def _make(self, number: int, place: int, indices: NDArray[np.int64]) -> ViewBatch:
        step = (number - 1) * len(self) + place
        made = [self.view(int(index), [self.seed, _VIEW, step, i]) for i, index in enumerate(indices)]
        tunes = step >= self.tunes_from
        levels = self.levels[:-1] if tunes else self.levels
        maps = self.backbone.maps(stacked([view for view, _ in made]), levels, threads=1)
        return ViewBatch(
            maps,
            np.array([view.shape[:2] for view, _ in made], np.float32),
            [objects for _, objects in made],
            [[self.seed, _SAMPLE, step, i] for i in range(len(made))],
            tunes,
        )

    def view(self, index: int, seed: list[int]) -> tuple[NDArray[np.uint8], Objects]:
        """A picture changed at random and the objects that are left in it."""
        picture, shape = self.pictures[index]
        objects = self.pictures.objects(index, shape, (picture.shape[0], picture.shape[1]))
        view, boxes, kept = self.augmentation(
            picture, objects.boxes, working_size(shape, self.size), np.random.default_rng(seed)
        )
        # Of an object that is nearly gone too little is left to learn, but it is not background either.
        ignored = objects.ignored | ~kept
        sides = boxes[:, 2:] - boxes[:, :2]
        there = (sides > 0).all(axis=1) & (ignored | (sides >= 2).all(axis=1))
        return view, Objects(boxes[there], objects.labels[there], ignored[there])

    def description(self) -> dict[str, Any]:
        """What a checkpoint knows the batches by."""
        return {
            "pictures": self.n_examples,
            "batch_size": self.batch_size,
            "seed of the batches": self.seed,
            "augmentation": repr(self.augmentation),
            "tunes from": self.tunes_from,
        }


def _aspect(sample: Sample) -> float:
    return sample.width / sample.height if sample.width and sample.height else 1.0


def working_picture(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A picture as the detector looks at it, its longer side of the given length."""
    return resize(picture, working_size(picture.shape, size), interpolation="linear")


def working_pictures(samples: Sequence[Sample], size: int) -> list[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """All pictures as the detector looks at them, with the rows and columns of their files."""

    def one(sample: Sample) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        picture = read(sample.path)
        return working_picture(picture, size), (picture.shape[0], picture.shape[1])

    return parallel.map(one, samples)
