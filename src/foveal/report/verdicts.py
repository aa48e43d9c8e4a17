"""What is right and what is wrong in one image."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Sample
from foveal.data.detections import Detections

RIGHT = "right"
IGNORED = "ignored"
WRONG_CLASS = "wrong class"
TWICE = "found twice"
BADLY_PLACED = "badly placed"
NOTHING_THERE = "nothing there"


@dataclass(frozen=True, eq=False)
class Verdict:
    """How the detections of one image fare against its objects.

    Attributes
    ----------
    detections : Detections
        Those that were judged, best first.
    kinds : tuple of str
        For each of them ``"right"``, ``"ignored"`` (it shows a difficult or crowd object), ``"wrong
        class"``, ``"found twice"``, ``"badly placed"`` or ``"nothing there"``.
    missed : ndarray of shape (M,), bool
        Which of the sample's objects nothing found. Difficult and crowd objects are never missed.
    """

    detections: Detections
    kinds: tuple[str, ...]
    missed: NDArray[np.bool_]

    @property
    def right(self) -> int:
        """The number of objects found."""
        return self.kinds.count(RIGHT)

    @property
    def false(self) -> int:
        """The number of false positives."""
        return len(self.kinds) - self.right - self.kinds.count(IGNORED)

    @property
    def f1(self) -> float:
        """The F1 score of this image; 1 where there is nothing to find and nothing was found."""
        errors = self.false + int(self.missed.sum())
        return 1.0 if not errors else 2 * self.right / (2 * self.right + errors)

    @property
    def certainty(self) -> float:
        """The summed scores of the right detections less those of the false ones."""
        sign = {RIGHT: 1.0, IGNORED: 0.0}
        return sum(
            sign.get(k, -1.0) * float(s) for k, s in zip(self.kinds, self.detections.scores, strict=True)
        )


# Below this overlap a box is about something else; TIDE's background threshold (Bolya et al. 2020).
_ABOUT_NOTHING = 0.1
# So many kinds of error are spelt out on each side.
_MOST_SPELT = 4


def judge(
    sample: Sample, detections: Detections, *, score_threshold: float = 0.5, iou_threshold: float = 0.5
) -> Verdict:
    """Match the detections of one image to its objects, and name the errors.

    The matching is Pascal VOC's, that of :func:`foveal.metrics.per_image`: detections are taken best
    first, and each looks at the one object of its class that it overlaps most.

    Parameters
    ----------
    sample : Sample
    detections : Detections
    score_threshold : float
        Detections with lower scores are left out.
    iou_threshold : float

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from pathlib import Path
    >>> from foveal.data.dataset import Sample
    >>> from foveal.data.detections import Detections
    >>> box = np.float32([[0, 0, 10, 10]])
    >>> flags = np.zeros(1, bool)
    >>> sample = Sample(Path("a.jpg"), 1, 20, 20, box, np.int64([0]), flags, flags)
    >>> judge(sample, Detections(box, np.float32([0.9]), np.int64([1]), ("cat", "dog"))).kinds
    ('wrong class',)
    """
    from foveal.boxes import iou

    kept = np.flatnonzero(detections.scores >= score_threshold)
    kept = kept[np.argsort(-detections.scores[kept], kind="stable")]
    found = detections[kept]
    ignorable = sample.difficult | sample.crowd
    overlaps = iou(found.boxes, sample.boxes)
    taken = np.zeros(len(sample.boxes), bool)
    kinds = []
    for row, label in zip(overlaps, found.labels, strict=True):
        same = sample.labels == label
        # As in foveal.metrics.per_image, a detection looks only at the object it overlaps best.
        best = int(np.argmax(np.where(same, row, -1.0))) if same.any() else -1
        if best >= 0 and row[best] >= iou_threshold:
            if ignorable[best]:
                kinds.append(IGNORED)
            else:
                kinds.append(TWICE if taken[best] else RIGHT)
                taken[best] = True
        elif (row >= iou_threshold).any():
            kinds.append(WRONG_CLASS)
        elif best >= 0 and row[best] >= _ABOUT_NOTHING:
            kinds.append(BADLY_PLACED)
        else:
            kinds.append(NOTHING_THERE)
    return Verdict(found, tuple(kinds), ~taken & ~ignorable)


def say_verdict(verdict: Verdict, sample: Sample, classes: Sequence[str]) -> str:
    """One or two sentences: what was missed and what is false.

    Parameters
    ----------
    verdict : Verdict
    sample : Sample
    classes : sequence of str
        Of the sample's labels.
    """
    objects = verdict.right + int(verdict.missed.sum())
    sentences = []
    if objects == 0:
        sentences.append("No object to find.")
    elif not verdict.missed.any():
        said = {1: "The one object is found.", 2: "Both objects are found."}
        sentences.append(said.get(objects, f"All {objects} objects are found."))
    else:
        sentences.append(f"{verdict.right} of {objects} found.")
        names = Counter(classes[int(k)] for k in sample.labels[verdict.missed])
        missed = [name if n == 1 else f"{n} × {name}" for name, n in names.most_common()]
        sentences.append(f"Missed: {_enumerate(missed)}.")
    found = verdict.detections
    wrong = [
        (found.classes[int(label)], float(score), kind)
        for label, score, kind in zip(found.labels, found.scores, verdict.kinds, strict=True)
        if kind not in (RIGHT, IGNORED)
    ]
    if wrong:
        spelt = [f"{name} {score:.2f} ({kind})" for name, score, kind in wrong]
        sentences.append(f"False: {_enumerate(spelt)}.")
    elif verdict.missed.any() or objects == 0:
        sentences.append("Nothing false.")
    return " ".join(sentences)


def _enumerate(items: Sequence[str]) -> str:
    more = len(items) - _MOST_SPELT
    return ", ".join(items[:_MOST_SPELT]) + (f" and {more} more" if more > 0 else "")
