import numpy as np
import pytest

from foveal.data import Detections
from foveal.errors import SettingError
from foveal.tracking import ByteTrack, Counter
from foveal.tracking.counting import draw_counts, draw_tracked


def frames():
    """Three objects go to the right, one to the left, and one stays."""
    for t in range(60):
        xs = [5 * t, 5 * t - 60, 5 * t - 120, 290 - 5 * t, 20]
        corners = np.array([[x, 50 * k] for k, x in enumerate(xs)], np.float32)
        boxes = np.hstack([corners, corners + 30])
        yield Detections(boxes, np.full(5, 0.9, np.float32), np.zeros(5, np.int64), ("a",))


def test_counts_over_a_line_and_in_a_zone():
    pytest.importorskip("supervision", reason="Counting needs the package supervision.")
    tracker = ByteTrack()
    counter = Counter(line=[150, 300, 150, 0], zone=[180, 0, 280, 0, 280, 130, 180, 130])
    assert counter.counts == {"line": {"in": 0, "out": 0}, "zone": {"now": 0, "all": 0}}
    for detections in frames():
        tracked = tracker.update(detections)
        counts = counter.update(tracked)
    assert sorted(counts["line"].values()) == [1, 3]
    # Who walks up the line has larger x on the right: that way is out.
    assert counts["line"] == {"in": 1, "out": 3}
    # Those three rows lie in the zone; the one that went left is below it.
    assert counts["zone"]["all"] == 3
    image = np.zeros((300, 300, 3), np.uint8)
    drawn = draw_counts(counter.line, counter.zone, counts, image)
    assert drawn[250, 150].max() > 100
    assert image.max() == 0
    assert draw_tracked(tracked, image).max() > 0


def test_lines_and_zones_that_are_none():
    for line in ([1, 2, 3], [1, 1, 1, 1]):
        with pytest.raises(SettingError, match="x1,y1,x2,y2"):
            Counter(line=line)
    for zone in ([1, 2, 3, 4], [1, 2, 3, 4, 5, 6, 7]):
        with pytest.raises(SettingError, match="three corners"):
            Counter(zone=zone)
