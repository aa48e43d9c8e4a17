"""One linear SVM a class, trained with hard negatives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.events import Callbacks, emit, stage
from foveal.models.regions import RegionBank


@dataclass(frozen=True, eq=False)
class LinearSVMs:
    """Several linear classifiers over the same features.

    Attributes
    ----------
    weights : ndarray of shape (D, K), float32
    biases : ndarray of shape (K,), float32
    """

    weights: NDArray[np.float32]
    biases: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Signed distances, (N, D) to (N, K)."""
        return np.asarray(features @ self.weights + self.biases, np.float32)


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled feature vectors that all classes share.

    Attributes
    ----------
    features : ndarray of shape (N, D), float32
    images : ndarray of shape (N,), int64
        Which image each comes from.
    positives, negatives : list of ndarray of int64
        For each class, rows of ``features``.
    """

    features: NDArray[np.float32]
    images: NDArray[np.int64]
    positives: list[NDArray[np.int64]]
    negatives: list[NDArray[np.int64]]

    @property
    def n_classes(self) -> int:
        """The number of classes."""
        return len(self.positives)


class ExamplePool:
    """Collects examples; a region asked for by several classes is stored once."""

    def __init__(self, n_classes: int) -> None:
        self._features: list[NDArray[np.float32]] = []
        self._images: list[int] = []
        self._rows: dict[tuple[int, int], int] = {}
        self._positives: list[list[int]] = [[] for _ in range(n_classes)]
        self._negatives: list[list[int]] = [[] for _ in range(n_classes)]
        self._objects: list[list[int]] = [[] for _ in range(n_classes)]
        self._taken: list[set[int]] = [set() for _ in range(n_classes)]

    def add_object(self, label: int, image: int, features: NDArray[np.float32]) -> None:
        """An object: a positive example of its class and a negative one of all others."""
        row = self._append(image, features)
        self._positives[label].append(row)
        self._objects[label].append(row)

    def add_positive(self, label: int, image: int, features: NDArray[np.float32]) -> None:
        """A further positive example of one class."""
        self._positives[label].append(self._append(image, features))

    def add_negatives(
        self, label: int, image: int, proposals: NDArray[np.int64], features: NDArray[np.float32]
    ) -> int:
        """Proposals of an image that are negatives of a class; gives the number that were new."""
        new = 0
        for proposal, values in zip(proposals.tolist(), features, strict=True):
            row = self._rows.get((image, proposal))
            if row is None:
                row = self._append(image, values)
                self._rows[image, proposal] = row
            if row not in self._taken[label]:
                self._taken[label].add(row)
                self._negatives[label].append(row)
                new += 1
        return new

    def _append(self, image: int, features: NDArray[np.float32]) -> int:
        # A copy: a view would keep the features of all the image's proposals alive.
        self._features.append(features.copy())
        self._images.append(image)
        return len(self._features) - 1

    def examples(self) -> Examples:
        """Everything collected so far; the objects of the other classes are negatives too."""
        n_classes = len(self._positives)
        negatives = []
        for label in range(n_classes):
            others = [row for other in range(n_classes) if other != label for row in self._objects[other]]
            negatives.append(np.array(self._negatives[label] + others, np.int64))
        return Examples(
            np.array(self._features, np.float32),
            np.array(self._images, np.int64),
            [np.array(rows, np.int64) for rows in self._positives],
            negatives,
        )


def fit_svms(
    examples: Examples,
    *,
    C: float,
    without: NDArray[np.int64] | None = None,
    callbacks: Callbacks = (),
) -> LinearSVMs:
    """Fit one linear SVM for each class against its negatives.

    Parameters
    ----------
    examples : Examples
    C : float
        Weight of the losses against the margin.
    without : ndarray of int64, optional
        Images whose examples are left out.
    callbacks : sequence of callables

    Returns
    -------
    LinearSVMs
        A class without positive examples scores -10 everywhere, so far behind the margin that it is
        never found; one without negative examples scores 1.
    """
    kept = np.ones(len(examples.images), bool)
    if without is not None:
        kept &= ~np.isin(examples.images, without)

    def one(label: int) -> tuple[NDArray[np.float32], float]:
        from sklearn.svm import LinearSVC

        positives = examples.positives[label][kept[examples.positives[label]]]
        negatives = examples.negatives[label][kept[examples.negatives[label]]]
        if not len(positives) or not len(negatives):
            return np.zeros(examples.features.shape[1], np.float32), 1.0 if len(positives) else -10.0
        rows = np.concatenate([positives, negatives])
        signs = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
        # The primal: liblinear's dual draws from one generator for the whole process, which threads would
        # take numbers from in an order that nothing fixes.
        svm = LinearSVC(C=C, intercept_scaling=10.0, dual=False, tol=1e-2, max_iter=200)
        svm.fit(examples.features[rows], signs)
        return svm.coef_[0].astype(np.float32), float(svm.intercept_[0])

    with stage(callbacks, "support vector machines", examples.n_classes) as progress:
        fitted = parallel.map(one, range(examples.n_classes), done=progress)
    return LinearSVMs(
        np.ascontiguousarray(np.stack([w for w, _ in fitted], axis=1)),
        np.array([b for _, b in fitted], np.float32),
    )


@dataclass(frozen=True)
class Mining:
    """How negatives are chosen (Uijlings et al. 2013, section 5.4; Felzenszwalb et al. 2010, section 4.4).

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
        if there:
            candidates = np.flatnonzero((beside >= mining.low) & (beside < mining.high) & ~unsure)
        else:
            candidates = np.flatnonzero(~unsure)
        number = mining.first if there else max(1, mining.first // 4)
        if len(candidates) > number:
            candidates = np.sort(generator.choice(candidates, number, replace=False))
        chosen[label] = candidates
    return chosen


def mine(
    bank: RegionBank,
    pool: ExamplePool,
    classes: Sequence[str],
    mining: Mining,
    *,
    C: float,
    callbacks: Callbacks = (),
) -> LinearSVMs:
    """Train, look for false positives in the training images, add them, and train again.

    The number of each round is told as ``mining_round`` events.

    Parameters
    ----------
    bank : RegionBank
    pool : ExamplePool
        Holds the positives and the first negatives; the hard negatives are added to it.
    classes : sequence of str
    mining : Mining
    C : float
    callbacks : sequence of callables

    Returns
    -------
    LinearSVMs
        Trained on everything in the pool.
    """
    n_classes = len(classes)
    examples = pool.examples()
    svms = fit_svms(examples, C=C, callbacks=callbacks)
    for turn in range(1, mining.rounds + 1):

        def hard(
            index: int, features: NDArray[np.float32], svms: LinearSVMs = svms
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
        before = [len(rows) for rows in examples.negatives]
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
        svms = fit_svms(examples, C=C, callbacks=callbacks)
        if all(new <= mining.enough * max(old, 1) for new, old in zip(added.tolist(), before, strict=True)):
            break
    return svms
