"""From annotated images to labelled crops on disk: what a classifier of regions learns from."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.boxes import BACKGROUND, clip, nms
from foveal.data import Dataset, Sample, load, partition
from foveal.data.dataset import relative_name
from foveal.data.formats.crops import NEGATIVE, manifest_labels, safe_name
from foveal.errors import DataError, ImageError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.files import claimed, unique_names, user_cache, write_bytes, write_text
from foveal.files.tables import csv_text
from foveal.images import read, warp
from foveal.images.arrays import encode_png
from foveal.proposals.cached import FileProposer, close_stage
from foveal.proposals.labelling import DIFFICULT, label_proposals
from foveal.proposals.proposal import Proposer
from foveal.proposals.selective_search import SelectiveSearch
from foveal.wording import count

COLUMNS = ("file", "split", "source", "x1", "y1", "x2", "y2", "iou", "label")


@dataclass(frozen=True)
class Prepared:
    """What :func:`prepare` wrote.

    Attributes
    ----------
    folder : pathlib.Path
        Where the crops and ``manifest.csv`` are; :func:`foveal.data.load` reads it.
    counts : dict of str to dict of str to int
        For each split, ``"train"`` and ``"val"``, the number of crops of each label.
    images : dict of str to int
        For each split, the number of images that were looked at.
    skipped : dict of str to str
        The images that could not be read, each with the reason.
    origin : str
        One sentence that says how the images were divided.
    """

    folder: Path
    counts: dict[str, dict[str, int]]
    images: dict[str, int]
    skipped: dict[str, str]
    origin: str


@dataclass(frozen=True, eq=False)
class _Regions:
    """The regions of one image that may become crops: the positive ones, then the negative ones."""

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    ious: NDArray[np.float32]

    def negatives(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.labels == BACKGROUND)

    def positives(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.labels != BACKGROUND)


@dataclass
class _Image:
    """An image, its regions and the crops that were drawn from them."""

    sample: Sample
    split: str
    regions: _Regions
    chosen: NDArray[np.int64]
    files: list[str] = field(default_factory=list)


def prepare(
    dataset: Dataset | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    proposer: Proposer | None = None,
    positive: float = 0.7,
    negative: float = 0.3,
    difficult: bool = False,
    size: int = 128,
    negatives_per_positive: float = 1.0,
    duplicate: float = 0.9,
    with_objects: bool = True,
    max_proposals: int | None = 2000,
    random_state: int = 0,
    callbacks: Callbacks = (),
) -> Prepared:
    """Cut labelled crops out of the images of a detection data set.

    Regions are proposed in every training and every validation image (see
    :func:`foveal.data.partition`; the held-out images are not touched), labelled by their overlap with
    the annotated objects (:func:`label_proposals`), thinned out, and written as images of one size::

        OUT/positive/<class>/<source>-0001.png
        OUT/negative/<source>-0001.png
        OUT/manifest.csv     file,split,source,x1,y1,x2,y2,iou,label

    Parameters
    ----------
    dataset : Dataset or path-like
        For detection. A path is read by :func:`foveal.data.load`.
    out : path-like
        A folder that does not exist or is empty, or what the same call left there when it was broken off.
    proposer : Proposer, optional
        ``SelectiveSearch("fast")`` by default.
    positive, negative : float
        A proposal with an IoU of at least ``positive`` shows an object, one below ``negative`` shows none;
        those between are left out, and so are those that show objects marked difficult or crowd.
    difficult : bool, default=False
        Take the proposals that overlap an object by 20 to 50 % as the negatives, instead of all below
        ``negative`` (Uijlings et al. 2013, section 5).
    size : int, default=128
        Side of the crops in pixels; regions are stretched to it (:func:`foveal.images.warp`).
    negatives_per_positive : float, default=1.0
        So many negatives are drawn in each split for each positive in it, as evenly over the images as
        there are some.
    duplicate : float, default=0.9
        Of the regions of one image and label that overlap by more than this IoU one stays: of the positive
        ones that with the best overlap, of the negative ones the first proposed.
    with_objects : bool, default=True
        Also take the annotated boxes themselves as positives, with an IoU of 1.
    max_proposals : int or None, default=2000
        The best so many of each image; all for ``None``.
    random_state : int, default=0
        Seeds the division of the images and the draw. Neither depends on the number of threads.
    callbacks : sequence of callables
        See :mod:`foveal.events`; the stages are ``"proposals"`` and ``"crops"``.

    Returns
    -------
    Prepared

    Raises
    ------
    DataError
        If the data set is for classification, has no objects to learn from, or no training image can be
        read or shows a positive.
    SettingError
        If a setting is out of range or ``out`` holds something.

    Notes
    -----
    An image that cannot be read is left out, and is in ``skipped`` and in an event ``note``. Proposals are
    kept in the user's cache (:func:`foveal.files.user_cache`).

    File names are made of ASCII letters, digits and ``.``, ``_``, ``-``; the label in the manifest is the
    class's own name. Only a class called ``negative`` becomes ``negative (object)``, since
    ``negative`` is the label of the negatives. The manifest is written last: a folder without one is of a
    run that was interrupted.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> root = Path(tempfile.mkdtemp())
    >>> image = np.zeros((60, 80, 3), np.uint8)
    >>> image[20:40, 30:60] = (250, 200, 0)
    >>> Image.fromarray(image).save(root / "a.png")
    >>> sample = Sample(root / "a.png", 1, 80, 60, np.array([[30, 20, 60, 40]], np.float32), np.array([0]),
    ...                 np.array([False]), np.array([False]))
    >>> prepared = prepare(Dataset(root, "voc", "detection", ("card",), (sample,)), root / "crops")
    >>> sorted(prepared.counts["train"]), prepared.counts["val"]
    (['card', 'negative'], {})
    >>> load(prepared.folder).classes
    ('card', 'negative')
    """
    _check(size, negatives_per_positive, duplicate, max_proposals)
    negatives_between = DIFFICULT if difficult else None
    # Wrong thresholds are told before any work.
    label_proposals([], [], [], positive=positive, negative=negative, difficult=negatives_between)
    dataset = _objects_of(dataset)
    proposer = SelectiveSearch("fast") if proposer is None else proposer
    what = {
        "data": dataset.digest,
        "proposer": repr(proposer),
        "overlaps": [positive, negative, difficult, duplicate],
        "crops": [size, negatives_per_positive, with_objects, max_proposals],
        "seed": random_state,
    }
    with claimed(out, "prepare", what, leaves=("positive", "negative", "manifest.csv")) as folder:
        parts = partition(dataset, random_state=random_state)
        emit(callbacks, "note", text=parts.origin)
        skipped = {f.file: f.message for f in dataset.findings if f.kind == "unreadable-image"}

        cache = user_cache()
        files = FileProposer(proposer, cache)

        def regions_of(sample: Sample) -> tuple[_Regions, bool] | ImageError:
            try:
                proposed = files.propose(sample.path)
            except ImageError as error:
                return error
            boxes = proposed.proposals.best(max_proposals).boxes
            objects = clip(sample.boxes, proposed.width, proposed.height).astype(np.float32)
            trainable, ignored = sample.trainable, sample.difficult | sample.crowd
            counts = trainable | ignored
            labelled = label_proposals(
                boxes,
                objects[counts],
                sample.labels[counts],
                positive=positive,
                negative=negative,
                difficult=negatives_between,
                ignored=ignored[counts],
            )
            labels, ious = labelled.labels, labelled.ious
            if with_objects:
                boxes = np.concatenate([objects[trainable], boxes])
                labels = np.concatenate([sample.labels[trainable], labels])
                ious = np.concatenate([np.ones(int(trainable.sum()), np.float32), ious])
            return _thinned(boxes, labels, ious, duplicate), proposed.cached

        work = [("train", sample) for sample in parts.train] + [
            ("val", sample) for sample in parts.validation
        ]
        with stage(callbacks, "proposals", len(work)) as progress:
            answers = parallel.map(lambda item: regions_of(item[1]), work, done=progress)
        close_stage(cache, [a[1] for a in answers if not isinstance(a, ImageError)], callbacks)
        images = []
        for (split, sample), answer in zip(work, answers, strict=True):
            if isinstance(answer, ImageError):
                skipped[relative_name(sample.path, dataset.root)] = str(answer)
            else:
                regions, _ = answer
                images.append(_Image(sample, split, regions, regions.positives()))
        for reason in skipped.values():
            emit(callbacks, "note", text=f"Left out: {reason}")

        if not any(len(image.chosen) for image in images if image.split == "train"):
            raise DataError(
                f"No region of the {count(len(parts.train), 'training image')} of {dataset.root} shows an "
                "object: they cannot be read, or `positive` is too high for these proposals and the "
                "annotated boxes are not taken (`with_objects`)."
            )
        rng = np.random.default_rng(random_state)
        for split in ("train", "val"):
            short = _draw_negatives([i for i in images if i.split == split], negatives_per_positive, rng)
            if short:
                emit(
                    callbacks,
                    "note",
                    text=f"The {split} images have {count(short, 'negative')} fewer than asked for.",
                )

        labels_of_classes = manifest_labels(dataset.classes)
        _name_files(images, labels_of_classes)

        def cut(image: _Image) -> None:
            pixels = read(image.sample.path)
            crops = warp(pixels, image.regions.boxes[image.chosen], size)
            for name, crop in zip(image.files, crops, strict=True):
                write_bytes(folder / name, encode_png(crop), sync=False)

        with_crops = [image for image in images if len(image.chosen)]
        with stage(callbacks, "crops", len(with_crops)) as progress:
            parallel.map(cut, with_crops, done=progress)
        counts = _write_manifest(folder, dataset, images, labels_of_classes)
        used = Counter(image.split for image in images)
        return Prepared(folder, counts, {s: used[s] for s in ("train", "val")}, skipped, parts.origin)


def _check(size: int, negatives_per_positive: float, duplicate: float, max_proposals: int | None) -> None:
    if size < 1:
        raise SettingError(f"The size of crops is at least 1 pixel; got {size}.")
    if not 0 <= negatives_per_positive < float("inf"):
        raise SettingError(f"negatives_per_positive is a number from 0; got {negatives_per_positive}.")
    if not 0 < duplicate <= 1:
        raise SettingError(f"duplicate is an overlap above 0 and up to 1; got {duplicate}.")
    if max_proposals is not None and max_proposals < 1:
        raise SettingError(f"max_proposals is at least 1, or None for all; got {max_proposals}.")


def _objects_of(dataset: Dataset | str | os.PathLike[str]) -> Dataset:
    if not isinstance(dataset, Dataset):
        dataset = load(dataset)
    if dataset.task != "detection":
        raise DataError(
            f"{dataset.root} is a data set for classification: its pictures have no boxes to cut out. "
            "Train on it as it is, or give a data set with boxes, in any format that `foveal train` reads: "
            "Pascal VOC, COCO, YOLO, LabelMe, CVAT, VIA, Label Studio, a table and others."
        )
    if not any(sample.trainable.any() for sample in dataset):
        raise DataError(
            f"{dataset.root} has no object to learn from in its {count(len(dataset), 'image')}; "
            "`foveal doctor` tells what is wrong with its annotations."
        )
    return dataset


def _thinned(
    boxes: NDArray[np.float32], labels: NDArray[np.int64], ious: NDArray[np.float32], duplicate: float
) -> _Regions:
    """The regions that show an object or none, without near repetitions within a label."""
    kept: list[NDArray[np.int64]] = []
    for label in (*np.unique(labels[labels >= 0]), BACKGROUND):
        rows = np.flatnonzero(labels == label)
        # Equal scores leave the order as it is: annotated boxes first, then the best proposals.
        scores = np.zeros(len(rows), np.float32) if label == BACKGROUND else ious[rows]
        kept.append(rows[np.sort(nms(boxes[rows], scores, threshold=duplicate))])
    chosen = np.concatenate(kept)
    return _Regions(boxes[chosen], labels[chosen], ious[chosen])


def _draw_negatives(images: Sequence[_Image], per_positive: float, rng: np.random.Generator) -> int:
    """Add drawn negatives to the images' crops; gives how many are missing."""
    wanted = round(per_positive * sum(len(image.chosen) for image in images))
    quotas = spread([len(image.regions.negatives()) for image in images], wanted, rng)
    for image, quota in zip(images, quotas, strict=True):
        drawn = rng.choice(image.regions.negatives(), quota, replace=False)
        image.chosen = np.concatenate([image.chosen, np.sort(drawn)])
    return wanted - sum(quotas)


def spread(available: Sequence[int], wanted: int, rng: np.random.Generator) -> list[int]:
    """Share a number out as evenly as what is available allows; the seed decides on the rest.

    Examples
    --------
    >>> spread([1, 9, 9], 7, np.random.default_rng(0))
    [1, 3, 3]
    """
    quotas = np.zeros(len(available), np.int64)
    left = np.asarray(available, np.int64).copy()
    wanted = min(wanted, int(left.sum()))
    while wanted:
        not_empty = np.flatnonzero(left)
        share = wanted // len(not_empty)
        if share == 0:
            not_empty, share = rng.choice(not_empty, wanted, replace=False), 1
        given = np.minimum(left[not_empty], share)
        quotas[not_empty] += given
        left[not_empty] -= given
        wanted -= int(given.sum())
    return [int(quota) for quota in quotas]


def _name_files(images: Sequence[_Image], labels: Sequence[str]) -> None:
    folders = unique_names(safe_name(label) for label in labels)
    count: Counter[tuple[str, str]] = Counter()
    for image in images:
        stem = safe_name(image.sample.path.stem)
        for label in image.regions.labels[image.chosen]:
            folder = NEGATIVE if label == BACKGROUND else f"positive/{folders[int(label)]}"
            # Counted without regard to case, since some file systems have none.
            count[folder, stem.lower()] += 1
            image.files.append(f"{folder}/{stem}-{count[folder, stem.lower()]:04d}.png")


def _write_manifest(
    out: Path, dataset: Dataset, images: Sequence[_Image], labels: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Write the manifest; gives the number of crops of each label in each split."""
    counts: dict[str, Counter[str]] = {"train": Counter(), "val": Counter()}
    rows: list[Sequence[str]] = [COLUMNS]
    for image in images:
        source = relative_name(image.sample.path, dataset.root)
        for file, row in zip(image.files, image.chosen, strict=True):
            number = int(image.regions.labels[row])
            label = NEGATIVE if number == BACKGROUND else labels[number]
            corners = [np.format_float_positional(v, trim="-") for v in image.regions.boxes[row]]
            rows.append([file, image.split, source, *corners, f"{image.regions.ious[row]:.4f}", label])
            counts[image.split][label] += 1
    write_text(out / "manifest.csv", csv_text(rows))
    in_order = [*labels, NEGATIVE]
    return {
        split: {label: number[label] for label in in_order if number[label]}
        for split, number in counts.items()
    }
