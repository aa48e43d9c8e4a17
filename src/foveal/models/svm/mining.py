"""Hard negatives: train, look for what is wrongly found, and train again with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.events import Callbacks, emit, stage
from foveal.models.detection.region_bank import RegionBank
from foveal.models.svm.examples import ExamplePool
from foveal.models.svm.region_svms import FitSVMs, RegionSVMs

#: Proposals that overlap an object this much teach the box regression (Girshick et al. 2014, appendix C).
REGRESSION_OVERLAP = 0.6


@dataclass(frozen=True)
class Mining:
    """How negatives are chosen (Uijlings et al. 2013, section 4; Felzenszwalb et al. 2010, section 4.4).

    Parameters
    ----------
    low, high : float, default=0.2, 0.5
        The first negatives of a class are proposals whose best IoU with one of its objects lies in
        ``[low, high)``. A proposal below ``high`` is background to the class.
    first : int, default=20
        First negatives an image and class, at most.
    hard : int, default=20
        Hard negatives an image, class and round, at most: those with the highest scores.
    margin : float, default=-1.0
        A background proposal that scores above this is a false positive of the round.
    rounds : int, default=4
        At most so many rounds over the training images.
    enough : float, default=0.02
        The rounds end when one adds fewer than this share of the negatives that a class has.
    """

    low: float = 0.2
    high: float = 0.5
    first: int = 20
    hard: int = 20
    margin: float = -1.0
    rounds: int = 4
    enough: float = 0.02


def first_negatives(
    overlaps: NDArray[np.float32],
    unsure: NDArray[np.bool_],
    mining: Mining,
    generator: np.random.Generator,
) -> dict[int, NDArray[np.int64]]:
    """The first negatives of one image: for each class, which proposals.

    Parameters
    ----------
    overlaps : ndarray of shape (P, K), float32
    unsure : ndarray of shape (P,), bool
    mining : Mining
    generator : numpy.random.Generator

    Returns
    -------
    dict
        Class to rising indices. Classes without an object in the image draw background at random.
    """
    chosen = {}
    for label in range(overlaps.shape[1]):
        beside = overlaps[:, label]
        there = bool((beside > 0).any())
        suits = (beside >= mining.low) & (beside < mining.high) | (not there)
        candidates = np.flatnonzero(suits & ~unsure)
        number = mining.first if there else max(1, mining.first // 4)
        if len(candidates) > number:
            candidates = np.sort(generator.choice(candidates, number, replace=False))
        chosen[label] = candidates
    return chosen


def collect_objects(bank: RegionBank, pool: ExamplePool, *, flip: bool, callbacks: Callbacks) -> None:
    """Every object, and its mirror image where ``flip`` is set, is a positive of its class."""

    def describe(index: int) -> NDArray[np.float32]:
        views = (False, True) if flip else (False,)
        objects = bank.images[index].objects
        return np.concatenate([bank.describe(index, objects, mirrored=mirrored) for mirrored in views])

    with stage(callbacks, "objects", len(bank.images)) as progress:
        described = parallel.map(describe, range(len(bank.images)), done=progress)
    for index, features in enumerate(described):
        labels = np.tile(bank.images[index].labels, 2 if flip else 1)
        for label, values in zip(labels.tolist(), features, strict=True):
            pool.add_object(label, index, values)


def collect_proposals(
    bank: RegionBank,
    pool: ExamplePool,
    mining: Mining,
    n_classes: int,
    *,
    positive_overlap: float,
    random_state: int,
    per_object: int = 10,
) -> tuple[list[NDArray[np.float32]], ...]:
    """One walk over all proposals.

    First negatives go to the pool, and so do proposals that overlap an object by ``positive_overlap`` or
    more, as positives. Those that overlap one by ``REGRESSION_OVERLAP`` or more, the best ``per_object`` of
    each object, teach the box regression.

    Returns
    -------
    features, boxes, targets : list of ndarray of shape (N, D), (N, 4) and (N, 4), float32
        What the box regression learns from: for each class, proposals near an object and its box.
    """
    seeds = np.random.default_rng(random_state).integers(0, 2**63, len(bank.images))

    def collect(index: int, features: NDArray[np.float32]) -> tuple[Any, ...]:
        regions = bank.images[index]
        generator = np.random.default_rng(seeds[index])
        chosen = first_negatives(regions.overlaps(n_classes), regions.unsure(mining.high), mining, generator)
        negatives = {label: (rows, features[rows]) for label, rows in chosen.items()}
        matched, best = regions.matched()
        near = [np.zeros(0, np.int64)]
        for m in range(len(regions.objects)):
            rows = np.flatnonzero((matched == m) & (best >= REGRESSION_OVERLAP))
            near.append(rows[np.argsort(-best[rows], kind="stable")[:per_object]])
        rows = np.concatenate(near)
        return negatives, rows, features[rows], matched[rows], best[rows]

    described: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    boxes: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    targets: list[list[NDArray[np.float32]]] = [[] for _ in range(n_classes)]
    for index, (negatives, rows, features, matched, best) in enumerate(bank.visit(collect, "features")):
        regions = bank.images[index]
        for label, (proposals, values) in negatives.items():
            pool.add_negatives(label, index, proposals, values)
        for row, values, m, overlap in zip(rows, features, matched, best, strict=True):
            label = int(regions.labels[m])
            described[label].append(values)
            boxes[label].append(regions.boxes[row])
            targets[label].append(regions.objects[m])
            if overlap >= positive_overlap:
                pool.add_positive(label, index, values)
    length = bank.features.n_features
    return (
        [np.array(d, np.float32).reshape(-1, length) for d in described],
        [np.array(b, np.float32).reshape(-1, 4) for b in boxes],
        [np.array(t, np.float32).reshape(-1, 4) for t in targets],
    )


def mine(
    bank: RegionBank,
    pool: ExamplePool,
    classes: Sequence[str],
    mining: Mining,
    fit_svms: FitSVMs,
    *,
    callbacks: Callbacks = (),
) -> RegionSVMs:
    """Train, look for false positives in the training images, add them, and train again.

    The number of each round is told as ``mining_round`` events.

    Parameters
    ----------
    bank : RegionBank
    pool : ExamplePool
        Holds the positives and the first negatives; the hard negatives are added to it.
    classes : sequence of str
    mining : Mining
    fit_svms : FitSVMs
    callbacks : sequence of callables

    Returns
    -------
    RegionSVMs
        Trained on everything in the pool.
    """
    n_classes = len(classes)
    examples = pool.examples()
    before = [len(rows) for rows in examples.negatives]
    svms = fit_svms(examples, callbacks=callbacks)
    # The largest array of all: not kept while the images are looked through.
    del examples
    for turn in range(1, mining.rounds + 1):

        def hard(
            index: int, features: NDArray[np.float32], svms: RegionSVMs = svms
        ) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]]:
            regions = bank.images[index]
            overlaps = regions.overlaps(n_classes)
            unsure = regions.unsure(mining.high)
            scores = svms(features)
            found = {}
            for label in range(n_classes):
                wrong = np.flatnonzero(
                    (scores[:, label] > mining.margin) & (overlaps[:, label] < mining.high) & ~unsure
                )
                worst = wrong[np.argsort(-scores[wrong, label], kind="stable")[: mining.hard]]
                found[label] = (worst, features[worst])
            return found

        added = np.zeros(n_classes, np.int64)
        for index, found in enumerate(bank.visit(hard, f"hard negatives, round {turn}")):
            for label, (proposals, features) in found.items():
                added[label] += pool.add_negatives(label, index, proposals, features)
        examples = pool.examples()
        for label, name in enumerate(classes):
            emit(
                callbacks,
                "mining_round",
                label=name,
                round=turn,
                positives=len(examples.positives[label]),
                negatives=len(examples.negatives[label]),
                added=int(added[label]),
            )
        if not added.any():
            break
        svms = fit_svms(examples, callbacks=callbacks)
        if all(new <= mining.enough * max(old, 1) for new, old in zip(added.tolist(), before, strict=True)):
            break
        before = [len(rows) for rows in examples.negatives]
        del examples
    return svms
