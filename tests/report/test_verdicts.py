"""The errors named in the pictures are those that the metrics count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foveal.data import Dataset, Detections, Sample
from foveal.metrics import per_image
from foveal.report.verdicts import judge, say_verdict

CLASSES = ("cat", "dog")


def sample_of(boxes, labels, difficult=None) -> Sample:
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    hard = np.zeros(len(boxes), bool) if difficult is None else np.asarray(difficult, bool)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).astype(np.float64)
    labels = np.asarray(labels, np.int64)
    return Sample(Path("a.jpg"), 1, 100, 100, boxes, labels, hard, np.zeros(len(boxes), bool), areas)


def detections_of(boxes, scores, labels) -> Detections:
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    return Detections(boxes, np.asarray(scores, np.float32), np.asarray(labels, np.int64), CLASSES)


@pytest.mark.parametrize(
    ("box", "label", "kind"),
    [
        ((0, 0, 10, 10), 0, "right"),
        ((0, 0, 10, 10), 1, "wrong class"),
        ((0, 0, 10, 3), 0, "badly placed"),
        ((0, 0, 10, 3), 1, "nothing there"),
        ((50, 50, 60, 60), 0, "nothing there"),
    ],
)
def test_kinds_of_error(box, label, kind):
    sample = sample_of([(0, 0, 10, 10)], [0])
    assert judge(sample, detections_of([box], [0.9], [label])).kinds == (kind,)


def test_second_detection_of_one_object_and_low_scores():
    sample = sample_of([(0, 0, 10, 10)], [0])
    found = detections_of([(0, 0, 10, 9), (0, 0, 10, 10), (0, 0, 9, 9)], [0.6, 0.9, 0.2], [0, 0, 0])
    verdict = judge(sample, found)
    assert verdict.kinds == ("right", "found twice")
    assert verdict.detections.scores.tolist() == pytest.approx([0.9, 0.6])
    assert verdict.f1 == pytest.approx(2 / 3)


def test_difficult_objects_are_neither_found_nor_missed():
    sample = sample_of([(0, 0, 10, 10)], [0], [True])
    verdict = judge(sample, detections_of([(0, 0, 10, 10)], [0.9], [0]))
    assert verdict.kinds == ("ignored",)
    assert not verdict.missed.any()
    assert verdict.f1 == 1.0


def test_nothing_to_find_and_nothing_found():
    verdict = judge(sample_of([], []), Detections.empty(CLASSES))
    assert verdict.f1 == 1.0
    assert say_verdict(verdict, sample_of([], []), CLASSES) == "No object to find. Nothing false."


def test_sentences():
    sample = sample_of([(0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)], [0, 1, 1])
    verdict = judge(sample, detections_of([(0, 0, 10, 10), (70, 70, 90, 90)], [0.9, 0.7], [0, 1]))
    assert say_verdict(verdict, sample, CLASSES) == (
        "1 of 3 found. Missed: 2 × dog. False: dog 0.70 (nothing there)."
    )


BOX = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 40), st.integers(5, 40)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(
    st.lists(st.tuples(BOX, st.integers(0, 1), st.booleans()), max_size=6),
    st.lists(st.tuples(BOX, st.integers(0, 1), st.integers(1, 99)), max_size=8, unique_by=lambda d: d[2]),
)
def test_agrees_with_the_metrics(objects, found):
    sample = sample_of([o[0] for o in objects], [o[1] for o in objects], [o[2] for o in objects])
    detections = detections_of([d[0] for d in found], [d[2] / 100 for d in found], [d[1] for d in found])
    verdict = judge(sample, detections, score_threshold=0.305)
    data = Dataset(Path(), "voc", "detection", CLASSES, (sample,))
    truth, rows = data.to_coco(), detections.to_coco(1)
    (expected,) = per_image(truth, rows, min_score=0.305)
    assert verdict.right == expected.true_positives
    assert verdict.false == expected.false_positives
    assert verdict.missed.sum() == expected.misses
    assert verdict.f1 == pytest.approx(expected.quality)


def test_crowds_are_not_missed():
    sample = sample_of([(0, 0, 10, 10)], [0])
    sample = replace(sample, crowd=np.ones(1, bool))
    assert not judge(sample, Detections.empty(CLASSES)).missed.any()
