"""How good proposals are: overlap and recall against their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import clip, iou
from foveal.data.dataset import Dataset
from foveal.errors import DataError
from foveal.events import Callbacks
from foveal.files import user_cache
from foveal.proposals import Proposer, propose_files


@dataclass(frozen=True, eq=False)
class ProposalQuality:
    """How well proposals cover the objects.

    The values for a number *n* are of the first *n* proposals of each image, or of all where it has fewer.

    Attributes
    ----------
    numbers : tuple of int or None
        Numbers of proposals; ``None`` stands for all.
    thresholds : tuple of float
    recall : ndarray of shape (T, N), float64
        For each threshold and number the share of objects that a proposal overlaps at least so much.
    labels : ndarray of shape (K,), int64
        The classes that have objects, in rising order.
    abo : ndarray of shape (K, N), float64
        Average best overlap of the objects of each class.
    mabo : ndarray of shape (N,), float64
        The mean of `abo` over the classes.
    mean_counts : ndarray of shape (N,), float64
        How many proposals an image had at each number, on average over the images.
    images, objects : int
        How many there were.
    curve_numbers : ndarray of shape (P,), int64
        Rising numbers of proposals, evenly spaced in their logarithm, up to the most that an image has.
    curve_recall : ndarray of shape (T, P), float64
        Recall at those, for a figure.
    curve_mabo : ndarray of shape (P,), float64
    """

    numbers: tuple[int | None, ...]
    thresholds: tuple[float, ...]
    recall: NDArray[np.float64]
    labels: NDArray[np.int64]
    abo: NDArray[np.float64]
    mabo: NDArray[np.float64]
    mean_counts: NDArray[np.float64]
    images: int
    objects: int
    curve_numbers: NDArray[np.int64]
    curve_recall: NDArray[np.float64]
    curve_mabo: NDArray[np.float64]


def proposal_recall(
    boxes_per_image: Sequence[ArrayLike],
    ground_truth_per_image: Sequence[ArrayLike],
    *,
    numbers: Sequence[int | None] = (100, 500, 1000, 2000, None),
    thresholds: Sequence[float] = (0.5, 0.7, 0.8),
    labels: Sequence[ArrayLike] | None = None,
) -> ProposalQuality:
    """Average best overlap and recall of proposals, against their number.

    The average best overlap of a class is the mean, over its objects in all images, of the largest IoU
    with a proposal of the object's image; MABO is its mean over the classes.

    Parameters
    ----------
    boxes_per_image : sequence of array-like of shape (N_i, 4)
        Proposals of each image, best first.
    ground_truth_per_image : sequence of array-like of shape (M_i, 4)
        Objects of each image; leave out those that need not be found (difficult, crowd).
    numbers : sequence of int or None
        Numbers of proposals to measure at; ``None`` is all of them.
    thresholds : sequence of float
        IoU thresholds of recall, in (0, 1]; an overlap equal to one is enough.
    labels : sequence of array-like of shape (M_i,), optional
        Classes of the objects. Without it all are of class 0, and MABO is plain average best overlap.

    Returns
    -------
    ProposalQuality
        An object in an image without proposals has the best overlap 0. Without objects, recall and
        MABO are NaN: there is nothing to measure.

    Raises
    ------
    ValueError
        If the sequences are not of the same length, or a number or a threshold is out of range.

    Notes
    -----
    One image's overlaps are held at a time; they are computed in float64.

    References
    ----------
    J. R. R. Uijlings et al., "Selective Search for Object Recognition", IJCV 104, 2013, section 5,
    equations 7 and 8.

    Examples
    --------
    >>> boxes = [[[0, 0, 10, 5], [0, 0, 10, 8]], []]
    >>> objects = [[[0, 0, 10, 10]], [[0, 0, 4, 4]]]
    >>> quality = proposal_recall(boxes, objects, numbers=(1, None), thresholds=(0.7,))
    >>> quality.mabo.round(3).tolist(), quality.recall.tolist()
    ([0.25, 0.4], [[0.0, 0.5]])
    """
    for number in numbers:
        if number is not None and number < 1:
            raise ValueError(f"numbers of proposals must be at least 1 (or None for all), not {number}")
    for threshold in thresholds:
        if not 0 < threshold <= 1:
            raise ValueError(f"thresholds must be above 0 and at most 1, not {threshold}")
    if len(boxes_per_image) != len(ground_truth_per_image):
        raise ValueError(
            f"there are proposals of {len(boxes_per_image)} images and objects of "
            f"{len(ground_truth_per_image)}: give both for every image"
        )
    if labels is not None and len(labels) != len(ground_truth_per_image):
        raise ValueError(f"there are labels for {len(labels)} images of {len(ground_truth_per_image)}")

    counts = np.array([len(np.asarray(boxes)) for boxes in boxes_per_image], np.int64)
    most = int(counts.max(initial=1))
    curve_numbers = np.unique(np.geomspace(1, most, 40).round().astype(np.int64))
    limits = np.array([most if n is None else min(n, most) for n in numbers], np.int64)
    cuts = np.union1d(curve_numbers, limits)

    best: list[NDArray[np.float64]] = [np.zeros((0, len(cuts)))]
    classes: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for i, (boxes, objects) in enumerate(zip(boxes_per_image, ground_truth_per_image, strict=True)):
        truth = np.asarray(objects, np.float64).reshape(-1, 4)
        own = np.zeros(len(truth), np.int64) if labels is None else np.asarray(labels[i], np.int64)
        if own.shape != (len(truth),):
            raise ValueError(f"image {i} has {len(truth)} objects and labels of shape {own.shape}")
        if len(truth):
            best.append(_best_overlaps(np.asarray(boxes, np.float64).reshape(-1, 4), truth, cuts))
            classes.append(own)
    overlaps, of_class = np.concatenate(best), np.concatenate(classes)

    known = np.unique(of_class)
    abo = np.array([overlaps[of_class == k].mean(axis=0) for k in known]).reshape(len(known), len(cuts))
    if len(known):
        mabo = abo.mean(axis=0)
        recall = np.array([(overlaps >= t).mean(axis=0) for t in thresholds])
    else:
        mabo = np.full(len(cuts), np.nan)
        recall = np.full((len(thresholds), len(cuts)), np.nan)
    recall = recall.reshape(len(thresholds), len(cuts))
    at, on_curve = np.searchsorted(cuts, limits), np.searchsorted(cuts, curve_numbers)
    means = np.minimum(counts[:, None], limits).mean(axis=0) if len(counts) else np.zeros(len(limits))
    return ProposalQuality(
        numbers=tuple(numbers),
        thresholds=tuple(thresholds),
        recall=recall[:, at],
        labels=known,
        abo=abo[:, at],
        mabo=mabo[at],
        mean_counts=means,
        images=len(counts),
        objects=len(of_class),
        curve_numbers=curve_numbers,
        curve_recall=recall[:, on_curve],
        curve_mabo=mabo[on_curve],
    )


def compare_proposers(
    proposers: Mapping[str, Proposer],
    dataset: Dataset,
    *,
    numbers: Sequence[int | None] = (10, 100, 300, 1000, None),
    thresholds: Sequence[float] = (0.5, 0.7, 0.8),
    callbacks: Callbacks = (),
) -> dict[str, ProposalQuality]:
    """Recall and average best overlap of several methods on one data set.

    Parameters
    ----------
    proposers : mapping of str to Proposer
        Methods by their names: a :class:`foveal.proposals.SelectiveSearch`, a trained
        :class:`foveal.models.RPN`, anything with ``propose``. They must not have been trained on these
        images.
    dataset : Dataset
        For detection. Difficult and crowd objects need not be found.
    numbers : sequence of int or None, default=(10, 100, 300, 1000, None)
        Numbers of proposals to measure at; ``None`` is all of them.
    thresholds : sequence of float, default=(0.5, 0.7, 0.8)
        IoU thresholds of recall.
    callbacks : sequence of callables
        Told of progress; a stage for each method. See :mod:`foveal.events`.

    Returns
    -------
    dict of str to ProposalQuality
        In the order of the methods; :func:`foveal.report.figures.draw_recall_of_methods` draws it.

    Raises
    ------
    DataError
        If the data set is not for detection.
    ImageError
        If an image cannot be read.

    Notes
    -----
    Proposals that are in the user's cache are taken from there.

    References
    ----------
    Hosang et al., "What Makes for Effective Detection Proposals?", TPAMI 2016, section 3.

    Examples
    --------
    >>> from foveal.data import Dataset
    >>> from foveal.proposals import SlidingWindow
    >>> nothing = Dataset(".", "voc", "detection", ("a",), ())
    >>> compare_proposers({"windows": SlidingWindow()}, nothing)["windows"].objects
    0
    """
    if dataset.task != "detection":
        raise DataError(f"{dataset.root} has no boxes: proposals are measured against boxes.")
    paths = [sample.path for sample in dataset]
    found = {}
    for name, proposer in proposers.items():
        proposed = propose_files(
            proposer, paths, cache=user_cache(), name=f"proposals of {name}", callbacks=callbacks
        )
        objects, labels = [], []
        for sample, answer in zip(dataset, proposed, strict=True):
            good = sample.trainable
            objects.append(clip(sample.boxes[good], answer.width, answer.height))
            labels.append(np.asarray(sample.labels[good]))
        found[name] = proposal_recall(
            [answer.proposals.boxes for answer in proposed],
            objects,
            numbers=numbers,
            thresholds=thresholds,
            labels=labels,
        )
    return found


def _best_overlaps(
    boxes: NDArray[np.float64], truth: NDArray[np.float64], cuts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The best overlap of each object with the first proposals up to each cut, of shape (M, cuts)."""
    best = np.zeros((len(truth), len(cuts)))
    if len(boxes):
        rising = np.maximum.accumulate(iou(boxes, truth), axis=0)
        best[:] = rising[np.minimum(cuts, len(boxes)) - 1].T
    return best
