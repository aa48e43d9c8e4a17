"""Figures from answers that were made up, so that each can be worked out by hand."""

import numpy as np
import pytest

from foveal.benchmark.interleaving import Turn
from foveal.benchmark.methods import methods_for
from foveal.benchmark.photographs import Photograph
from foveal.benchmark.records import Records

OURS, OURS_2, PEER = methods_for(["single"])[:3]
SEGMENT, SEGMENT_PEER = methods_for([])[:2]
WHOLE, HALF = [0, 0, 10, 10], [0, 0, 10, 5]


def photographs(number=2):
    one = np.array([WHOLE], np.float32)
    label = np.zeros(1, np.int64)
    return [Photograph(f"{i}.png", lambda: np.zeros((10, 10, 3), np.uint8), (10, 10), one, label)
            for i in range(number)]  # fmt: skip


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def test_ratios_and_quality():
    records = Records({OURS: 2, OURS_2: 2, PEER: 2}, photographs(), 1)
    # The peer finds the object second; ours gives one box on the first image and two on the second.
    theirs = boxes(HALF, WHOLE)
    for i, (own, both, peer) in enumerate([(0.1, 0.05, 1.0), (0.3, 0.15, 5.0)]):
        found = boxes(WHOLE) if i == 0 else boxes(HALF, WHOLE)
        records.add(Turn(0, i, {OURS: (own, found), OURS_2: (both, found), PEER: (peer, theirs)}))
    speed = records.speed(PEER, "1", 2**20)
    assert (speed.seconds, speed.quartiles, speed.images, speed.failures) == (3.0, (2.0, 4.0), 2, 0)
    assert speed.ratio == pytest.approx(15)
    assert speed.ratio_threads == pytest.approx(30)
    assert records.speed(OURS_2, "1", None).ratio == pytest.approx(0.5)
    figures = records.proposals(speed)
    assert figures.boxes == 2
    assert figures.quality.mabo[-1] == 1
    # Cut to ours: 0.5 on the first image, 1 on the second.
    assert figures.mabo_at_ours == 0.75
    assert records.notes == []


def test_a_images_time_is_the_median_of_its_rounds_and_boxes_are_the_firsts():
    records = Records({OURS: 1}, photographs(1), 3)
    for number, seconds in enumerate((5.0, 1.0, 2.0)):
        records.add(Turn(number, 0, {OURS: (seconds, boxes(*[WHOLE] * (number + 1)))}))
    speed = records.speed(OURS, "1", None)
    assert speed.seconds == 2.0
    assert speed.ratio_threads is None
    assert records.proposals(speed).boxes == 1


def test_failures():
    records = Records({OURS: 2, PEER: 2}, photographs(), 1)
    records.add(Turn(0, 0, {OURS: (0.1, boxes(WHOLE)), PEER: (0.2, boxes(WHOLE))}))
    records.add(Turn(0, 1, {OURS: (100.0, boxes(WHOLE))}, {PEER: "ValueError: too wide."}))
    speed = records.speed(PEER, "1", None)
    assert (speed.images, speed.failures) == (1, 1)
    # Ours is only counted on the image that the peer answered for as well.
    assert speed.ratio == pytest.approx(2)
    figures = records.proposals(speed)
    assert figures.boxes == 1
    assert figures.quality.mabo[-1] == 0.5
    assert records.notes == ["OpenCV single failed on 1 picture, 1.png: ValueError: too wide."]


def test_nothing_but_failures():
    records = Records({OURS: 1, PEER: 1}, photographs(1), 1)
    records.add(Turn(0, 0, {OURS: (0.1, boxes(WHOLE))}, {PEER: "no"}))
    figures = records.proposals(records.speed(PEER, "1", None))
    said = figures.to_json()
    assert said["ratio"] is None
    assert said["seconds"] is None
    assert said["boxes"] is None
    assert said["mabo"]["all"] == 0


def test_boxes_that_depend_on_threads_are_told():
    records = Records({OURS: 2, OURS_2: 2}, photographs(), 1)
    records.add(Turn(0, 0, {OURS: (1.0, boxes(WHOLE)), OURS_2: (1.0, boxes(WHOLE))}))
    records.add(Turn(0, 1, {OURS: (1.0, boxes(WHOLE, HALF)), OURS_2: (1.0, boxes(HALF, WHOLE))}))
    (note,) = records.notes
    assert "Foveal single, 2 threads: other boxes than with one thread on 1 of 2 pictures" in note


def test_agreement_of_segmentations():
    records = Records({SEGMENT: 2, SEGMENT_PEER: 2}, photographs(), 1)
    halves = np.repeat([[0, 1]], 8, axis=0).repeat(4, axis=1)
    renamed, across = 7 - halves, halves.T
    records.add(Turn(0, 0, {SEGMENT_PEER: (1.0, renamed), SEGMENT: (0.5, halves)}))
    figures = records.segmentation(records.speed(SEGMENT_PEER, "1", None))
    assert (figures.segments, figures.agreement, figures.speed.ratio) == (2, 1, 2)
    records.add(Turn(0, 1, {SEGMENT: (0.5, halves), SEGMENT_PEER: (1.0, across)}))
    assert records.segmentation(records.speed(SEGMENT_PEER, "1", None)).agreement < 0.6
    assert records.segmentation(records.speed(SEGMENT, "1", None)).agreement is None


def test_without_objects_there_is_no_quality():
    bare = [Photograph("a.png", lambda: np.zeros((10, 10, 3), np.uint8), (10, 10))]
    records = Records({OURS: 1}, bare, 1)
    records.add(Turn(0, 0, {OURS: (0.1, boxes(WHOLE))}))
    figures = records.proposals(records.speed(OURS, "1", None))
    assert figures.quality is None
    assert figures.mabo_at_ours is None
    assert figures.to_json()["mabo"] is None
