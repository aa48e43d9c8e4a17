"""ByteTrack: identities over frames, weak detections included."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.boxes import iou
from foveal.data.detections import Detections
from foveal.tracking.kalman import KalmanBox

#: The identity of a detection that has none yet.
NO_TRACK = -1

# Overlaps that are asked for: of strong detections, of weak ones, and of what was seen only once.
_STRONG, _WEAK, _ONCE = 0.2, 0.5, 0.3


@dataclass(frozen=True, eq=False)
class Tracked:
    """Detections of a frame and which object each is.

    Attributes
    ----------
    detections : Detections
        The strong ones, and the weak ones that belong to a known object.
    ids : ndarray of shape (N,), int64
        Counted from 1; -1 where an object has been seen only once.
    """

    detections: Detections
    ids: NDArray[np.int64]

    def to_rows(self) -> list[dict[str, Any]]:
        """The rows of the detections, each with its ``track``, which is None where it has none yet."""
        return [
            row | {"track": None if number == NO_TRACK else int(number)}
            for row, number in zip(self.detections.to_rows(), self.ids, strict=True)
        ]


@dataclass(eq=False)
class _Track:
    filter: KalmanBox
    label: int
    id: int
    last: int
    box: NDArray[np.float32] = field(default_factory=lambda: np.zeros(4, np.float32))


class ByteTrack:
    """Follows objects through the frames of a video, one after the other.

    Parameters
    ----------
    strong : float, default=0.5
        Detections of this score or more may begin a track; the paper's tau.
    weak : float, default=0.1
        Those between both keep a track going, which is the idea of the method: an object that is half
        hidden is found with a low score, where it was expected.
    patience : int, default=30
        Frames that an object may be out of sight and still be the same one.

    References
    ----------
    Y. Zhang, P. Sun, Y. Jiang, D. Yu, F. Weng, Z. Yuan, P. Luo, W. Liu and X. Wang, "ByteTrack:
    Multi-object tracking by associating every detection box", ECCV 2022, algorithm 1.

    Notes
    -----
    With the tracks ``T`` moved on by their Kalman filters, detections of the frame are divided: ``D_high``
    and ``D_low``. First ``T`` is matched with ``D_high``, then those that are left over and were seen in the
    frame before with ``D_low``, each by the assignment that has the largest sum of IoU. What is left of
    ``D_high`` begins tracks, which get their identity when they are seen again in the next frame; those of
    the first frame have it at once. Unlike in the paper, a match is of one class.

    Examples
    --------
    >>> def seen(x):
    ...     return Detections(np.float32([[x, 0, x + 10, 10]]), np.float32([0.9]), np.int64([0]), ("dog",))
    >>> tracker = ByteTrack()
    >>> [int(tracker.update(seen(x)).ids[0]) for x in (0, 2, 4)]
    [1, 1, 1]
    """

    def __init__(self, strong: float = 0.5, weak: float = 0.1, patience: int = 30) -> None:
        if not 0 <= weak <= strong <= 1:
            raise ValueError(f"0 <= weak <= strong <= 1 is asked for; got {weak:g} and {strong:g}.")
        self.strong, self.weak, self.patience = strong, weak, patience
        self._tracks: list[_Track] = []
        self._frame = self._given = 0

    def update(self, detections: Detections) -> Tracked:
        """Which objects the detections of the next frame are.

        Parameters
        ----------
        detections : Detections
            All that a detector found, weak ones too; there may be none.

        Returns
        -------
        Tracked
        """
        self._frame += 1
        boxes, labels, scores = detections.boxes, detections.labels, detections.scores
        ids = np.full(len(detections), NO_TRACK, np.int64)
        strong = np.flatnonzero(scores >= self.strong)
        weak = np.flatnonzero((scores >= self.weak) & (scores < self.strong))
        for track in self._tracks:
            track.box = track.filter.predict()

        def matched(tracks: list[_Track], some: NDArray[np.intp], least: float) -> NDArray[np.intp]:
            """Go on with the tracks that some detections belong to; the detections that are left."""
            rest = np.ones(len(some), bool)
            for t, d in _assigned(tracks, boxes[some], labels[some], least):
                track, rest[d] = tracks[t], False
                track.filter.update(boxes[some[d]])
                track.last = self._frame
                if track.id == NO_TRACK:
                    track.id = self._new_id()
                ids[some[d]] = track.id
            return some[rest]

        known = [track for track in self._tracks if track.id != NO_TRACK]
        left = matched(known, strong, _STRONG)
        # Objects that were lost before are not looked for among weak detections: those are mostly background.
        just_now = [track for track in known if track.last == self._frame - 1]
        matched(just_now, weak, _WEAK)
        left = matched([track for track in self._tracks if track.id == NO_TRACK], left, _ONCE)
        for d in left:
            first = self._new_id() if self._frame == 1 else NO_TRACK
            ids[d] = first
            self._tracks.append(_Track(KalmanBox(boxes[d]), int(labels[d]), first, self._frame))
        self._tracks = [track for track in self._tracks if self._goes_on(track)]
        kept = (scores >= self.strong) | (ids != NO_TRACK)
        return Tracked(detections[kept], ids[kept])

    def _new_id(self) -> int:
        self._given += 1
        return self._given

    def _goes_on(self, track: _Track) -> bool:
        return self._frame - track.last <= (0 if track.id == NO_TRACK else self.patience)


def _assigned(
    tracks: list[_Track], boxes: NDArray[np.float32], labels: NDArray[np.int64], least: float
) -> list[tuple[int, int]]:
    """Pairs of a track and a detection of its class that overlap by ``least`` or more."""
    if not tracks or not len(boxes):
        return []
    from scipy.optimize import linear_sum_assignment

    overlap = np.asarray(iou(np.stack([track.box for track in tracks]), boxes), np.float64)
    other_class = np.array([track.label for track in tracks])[:, None] != labels
    overlap[other_class | (overlap < least)] = 0
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if overlap[r, c] > 0]
