"""From objectness and deltas of all anchors to proposals (Ren et al. 2015, section 3.3)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import clip, nms
from foveal.models.detection.anchors import PlacedAnchors
from foveal.models.detection.moving import check_finite, moved
from foveal.models.parameter_checks import Range


@dataclass(frozen=True, eq=False)
class Proposed:
    """What became of the anchors of one image.

    Attributes
    ----------
    candidates : ndarray of shape (P, 4)
        The best anchors of each level, moved and clipped, in pixels of the working image.
    candidate_logits : ndarray of shape (P,)
        Their objectness.
    kept : ndarray of shape (R,), int64
        The candidates that suppression left: the proposals, best first.
    """

    candidates: NDArray[Any]
    candidate_logits: NDArray[Any]
    kept: NDArray[np.int64]

    @property
    def boxes(self) -> NDArray[np.float32]:
        """The proposals, (R, 4)."""
        return self.candidates[self.kept].astype(np.float32, copy=False)

    @property
    def logits(self) -> NDArray[np.float32]:
        """Their objectness, (R,)."""
        return self.candidate_logits[self.kept].astype(np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class ProposalTrace:
    """One image on its way through a region proposal network; its end are the proposals.

    Attributes
    ----------
    levels : list of ndarray of shape (h, w, C)
        The pyramid's maps.
    logits : ndarray of shape (T,)
        Objectness of all anchors, level after level.
    proposed : Proposed
    """

    levels: list[NDArray[Any]]
    logits: NDArray[Any]
    proposed: Proposed


@dataclass(frozen=True)
class ProposalSelector:
    """Chooses proposals: the best anchors of each level, moved by their deltas, suppressed.

    Parameters
    ----------
    pre_nms : int, default=6000
        Anchors of each level that come to suppression.
    post_nms : int, default=300
        Proposals that are left of it; both are the paper's, for use.
    nms_threshold : float, default=0.7
        IoU above which the lesser of two is dropped.
    min_side : float, default=1.0
        Proposals narrower or lower than this, in pixels of the working image, are dropped.

    Examples
    --------
    >>> from foveal.models.detection import Anchors
    >>> anchors = Anchors((((8.0, 8.0),),), (8,)).over((8, 16))
    >>> ProposalSelector()(np.float32([0, 1]), np.zeros((2, 4), np.float32), anchors, (8, 16)).boxes
    array([[ 8.,  0., 16.,  8.],
           [ 0.,  0.,  8.,  8.]], dtype=float32)
    """

    ranges: ClassVar[dict[str, Range]] = {
        **dict.fromkeys(("pre_nms", "post_nms"), Range(1, 1_000_000, whole=True)),
        "nms_threshold": Range(0, 1),
        "min_side": Range(0, 1e6),
    }

    pre_nms: int = 6000
    post_nms: int = 300
    nms_threshold: float = 0.7
    min_side: float = 1.0

    def __call__(
        self,
        logits: NDArray[Any],
        deltas: NDArray[Any],
        anchors: PlacedAnchors,
        size: tuple[float, float],
    ) -> Proposed:
        """The proposals of one image.

        Parameters
        ----------
        logits : ndarray of shape (T,)
            Objectness of all anchors.
        deltas : ndarray of shape (T, 4)
        anchors : PlacedAnchors
        size : (float, float)
            Rows and columns of the image without its padding.

        Returns
        -------
        Proposed
            Of equal logits the earlier anchor comes first; there may be none.
        """
        chosen = np.concatenate(
            [level.start + _best(logits[level], self.pre_nms) for level in anchors.levels]
        )
        check_finite(logits)
        boxes = clip(moved(anchors.boxes[chosen], deltas[chosen]), size[1], size[0])
        large = ((boxes[:, 2:] - boxes[:, :2]) >= self.min_side).all(axis=1)
        boxes, scores = boxes[large], logits[chosen][large]
        return Proposed(boxes, scores, nms(boxes, scores, self.nms_threshold)[: self.post_nms])


def _best(values: NDArray[Any], number: int) -> NDArray[np.int64]:
    """Places of the largest values, the largest first; of equal ones the first."""
    some = np.arange(len(values))
    if len(values) > number:
        # Equal values at the border are told apart by their places as well.
        border = np.partition(values, len(values) - number)[len(values) - number]
        some = np.flatnonzero(values >= border)
    return some[np.argsort(-values[some], kind="stable")[:number]]
