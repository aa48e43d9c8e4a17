"""What a detector's SVMs learn from: regions that are positive or negative examples of each class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


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
    """Collects examples; a region asked for by several classes is stored once.

    Parameters
    ----------
    n_classes : int
    dtype : dtype-like, default=numpy.float32
        Half precision where vectors are long, and read off maps that are kept in it anyway.
    """

    def __init__(self, n_classes: int, dtype: DTypeLike = np.float32) -> None:
        self._features: list[NDArray[Any]] = []
        self._dtype = np.dtype(dtype)
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
        self._features.append(features.astype(self._dtype))
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
