"""Which regions of an image a step learns from, and what it asks of them (Girshick 2015, section 2.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import BACKGROUND, IGNORE, match, sample
from foveal.models.detection.targets import GroundTruth
from foveal.models.parameter_checks import Range


@dataclass(frozen=True, eq=False)
class RoITargets:
    """Sampled regions: the foreground of an image first, then its background.

    Attributes
    ----------
    rois : ndarray of shape (S, 4), float32
    labels : ndarray of shape (S,), int64
        The class, or ``BACKGROUND``.
    objects : ndarray of shape (S, 4), float32
        The object's box that each stands for; of background the region again.
    """

    rois: NDArray[np.float32]
    labels: NDArray[np.int64]
    objects: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def concatenated(cls, parts: "Sequence[RoITargets]") -> "RoITargets":
        """Those of several images, one after the other."""
        return cls(
            np.concatenate([part.rois for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.objects for part in parts]),
        )


@dataclass(frozen=True)
class RoISampler:
    """Labels the proposals of an image by its objects and draws some; the defaults are the paper's.

    The objects' own boxes are among the proposals, so that there is foreground whatever was proposed.

    Parameters
    ----------
    number : int, default=64
        Regions of an image.
    fraction : float, default=0.25
        The most of them that are foreground; background fills up.
    foreground : float, default=0.5
        IoU with an object from which a region is foreground.
    background_floor : float, default=0.1
        From here to ``foreground`` a region is background; where there is too little of it, regions that
        overlap less fill up.
    jittered : int, default=0
        So many copies of every object, its sides moved at random, are drawn from as well.
    jitter : float, default=0.18
        By how much of its width and height at most.
    balanced : bool, default=False
        Draw foreground so that every object is as likely as another; else large ones, which have many more
        proposals, are.

    Examples
    --------
    >>> truth = GroundTruth(np.float32([[0, 0, 10, 10]]), np.array([1]), np.array([False]))
    >>> proposals = np.float32([[1, 0, 10, 10], [0, 0, 9, 30], [50, 50, 60, 60]])
    >>> targets = RoISampler(number=4, fraction=0.5)(proposals, truth, random_state=0)
    >>> targets.labels
    array([ 1,  1, -1, -1])
    """

    ranges: ClassVar[dict[str, Range]] = {
        "number": Range(1, 1_000_000, whole=True),
        **dict.fromkeys(("fraction", "foreground", "background_floor", "jitter"), Range(0, 1)),
        "jittered": Range(0, 1_000_000, whole=True),
    }

    number: int = 64
    fraction: float = 0.25
    foreground: float = 0.5
    background_floor: float = 0.1
    jittered: int = 0
    jitter: float = 0.18
    balanced: bool = False

    def __call__(
        self,
        proposals: NDArray[np.float32],
        truth: GroundTruth,
        random_state: int | np.random.Generator | None = None,
    ) -> RoITargets:
        """Draw regions to learn from.

        Parameters
        ----------
        proposals : ndarray of shape (P, 4), float32
        truth : GroundTruth
            Its ignored objects are neither foreground nor background.
        random_state : int, numpy.random.Generator or None

        Returns
        -------
        RoITargets
            At most ``number``.
        """
        rng = np.random.default_rng(random_state)
        own = truth.boxes[~truth.ignored]
        candidates = np.concatenate([proposals, own, *self._copies(own, rng)])
        matched = match(candidates, truth.boxes, foreground=self.foreground, ignore=truth.ignored)
        labels = matched.indices.copy()
        easy = (labels == BACKGROUND) & (matched.ious < self.background_floor)
        labels[easy] = IGNORE
        if self.balanced:
            self._thin_out(labels, rng)
        foreground, background = sample(
            labels, self.number, foreground_fraction=self.fraction, random_state=rng
        )
        missing = self.number - len(foreground) - len(background)
        if missing and easy.any():
            more = sample(np.where(easy, BACKGROUND, IGNORE), missing, random_state=rng)[1]
            background = np.concatenate([background, more])
        chosen = np.concatenate([foreground, background])
        rois, objects = candidates[chosen], candidates[chosen]
        objects[: len(foreground)] = truth.boxes[labels[foreground]]
        classes = np.full(len(chosen), BACKGROUND, np.int64)
        classes[: len(foreground)] = truth.labels[labels[foreground]]
        return RoITargets(rois, classes, objects)

    def _copies(self, objects: NDArray[np.float32], rng: np.random.Generator) -> list[NDArray[np.float32]]:
        if not self.jittered:
            return []
        sides = np.tile(objects[:, 2:] - objects[:, :2], 2)
        shifts = rng.uniform(-self.jitter, self.jitter, (self.jittered, *objects.shape))
        return list(objects + sides * shifts.astype(np.float32))

    def _thin_out(self, labels: NDArray[np.int64], rng: np.random.Generator) -> None:
        """Leave no more foreground than is wanted, each object as likely as another."""
        near = np.flatnonzero(labels >= 0)
        wanted = round(self.fraction * self.number)
        if 0 < wanted < len(near):
            share = 1 / np.bincount(labels[near])[labels[near]]
            kept = rng.choice(near, wanted, replace=False, p=share / share.sum())
            labels[np.setdiff1d(near, kept, assume_unique=True)] = IGNORE
