"""How many objects went over a line or are in a zone; by the package ``supervision``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import SettingError
from foveal.tracking.byte_track import NO_TRACK, Tracked

_COLOR = (255, 196, 0)


class Counter:
    """Counts tracked objects by their centres.

    Parameters
    ----------
    line : sequence of 4 floats, optional
        ``x1, y1, x2, y2`` in pixels. For who walks from its first point to its second, *in* is from
        the right to the left and *out* from the left to the right. It ends where it ends.
    zone : sequence of floats, optional
        The corners of a polygon, ``x1, y1, x2, y2, x3, y3, ...``; three at least.

    Raises
    ------
    SettingError
        If a line or a zone has another number of values, a line has no length, or ``supervision`` is not
        installed.
    """

    def __init__(self, line: Sequence[float] | None = None, zone: Sequence[float] | None = None) -> None:
        if line is not None and (len(line) != 4 or tuple(line[:2]) == tuple(line[2:])):
            raise SettingError("A line to count at is x1,y1,x2,y2: two different points, in pixels.")
        if zone is not None and (len(zone) < 6 or len(zone) % 2):
            raise SettingError("A zone to count in is x1,y1,x2,y2,x3,y3,...: three corners at least.")
        self.line, self.zone = line, zone
        self._inside: set[int] = set()
        self._now = 0
        self._line: Any = None
        self._zone: Any = None
        if line is None and zone is None:
            return
        try:
            import supervision as sv
        except ImportError as error:
            raise SettingError(
                "Counting needs the package supervision: pip install 'foveal[track]'."
            ) from error
        centre = (sv.Position.CENTER,)
        if line is not None:
            self._line = sv.LineZone(sv.Point(*line[:2]), sv.Point(*line[2:]), triggering_anchors=centre)
        if zone is not None:
            corners = np.asarray(zone, float).reshape(-1, 2).round().astype(int)
            self._zone = sv.PolygonZone(corners, triggering_anchors=centre)

    def update(self, tracked: Tracked) -> dict[str, dict[str, int]]:
        """The counts after one more frame.

        Parameters
        ----------
        tracked : Tracked

        Returns
        -------
        dict
            ``line``: ``in`` and ``out``, since the beginning; ``zone``: ``now``, and ``all``, the number of
            different objects since the beginning. Only of what is counted.
        """
        if self._line is None and self._zone is None:
            return {}
        known = tracked.ids != NO_TRACK
        given = tracked.detections[known].to_supervision()
        ids = tracked.ids[known]
        given.tracker_id = ids
        if self._line is not None:
            self._line.trigger(given)
        if self._zone is not None:
            there = self._zone.trigger(given)
            self._now = int(there.sum())
            self._inside |= set(ids[there].tolist())
        return self.counts

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """What :meth:`update` said last."""
        counts = {}
        if self._line is not None:
            counts["line"] = {"in": int(self._line.in_count), "out": int(self._line.out_count)}
        if self._zone is not None:
            counts["zone"] = {"now": self._now, "all": len(self._inside)}
        return counts


def draw_counts(
    line: Sequence[float] | None,
    zone: Sequence[float] | None,
    counts: dict[str, dict[str, int]],
    image: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """A copy of an image, (H, W, 3) uint8, with the line, the zone and what :class:`Counter` said of them."""
    import cv2

    canvas = image.copy()
    longest = max(image.shape[:2])
    thick, size = max(2, round(longest / 400)), longest / 1200 + 0.25
    for points, closed in ((line, False), (zone, True)):
        if points is not None:
            corners = np.asarray(points, float).reshape(-1, 1, 2).round().astype(np.int32)
            cv2.polylines(canvas, [corners], closed, _COLOR, thick, cv2.LINE_AA)
    for row, (place, some) in enumerate(reversed(counts.items())):
        text = f"{place}: " + ", ".join(f"{key} {number}" for key, number in some.items())
        where = (round(14 * size), image.shape[0] - round((row * 34 + 14) * size))
        for color, width in (((0, 0, 0), 3 * thick), (_COLOR, thick)):
            cv2.putText(canvas, text, where, cv2.FONT_HERSHEY_SIMPLEX, size, color, width, cv2.LINE_AA)
    return canvas


def draw_tracked(tracked: Tracked, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of an image, (H, W, 3) uint8, with the detections; each object has its number and its color."""
    from foveal.images import draw_boxes

    found = tracked.detections
    names = [
        found.classes[int(label)] + (f" #{number}" if number != NO_TRACK else "") + f" {score:.2f}"
        for label, number, score in zip(found.labels, tracked.ids, found.scores, strict=True)
    ]
    return draw_boxes(image, found.boxes, names, colors=np.maximum(tracked.ids, 0))
