"""What is told of a detection network's steps is what the network does."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from foveal.boxes import iou
from foveal.data import Detections
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.rpn.network import RPNSettings
from foveal.models.detection.rpn.proposing import ProposalSelector
from foveal.models.detection.trace import DetectionTrace, trace_network
from foveal.models.explaining.attention import hidden_cells, with_attention
from foveal.nn import no_grad
from foveal.nn.module import in_use

CLASSES = ("cat", "dog")


def make_steps(**changes):
    boxes = np.float32([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    answers = Detections(boxes[[0, 2]], np.float32([0.9, 0.4]), np.int64([1, 0]), CLASSES)
    known = {
        "image": np.zeros((40, 60, 3), np.uint8),
        "classes": CLASSES,
        "detections": answers[[0]],
        "candidates": boxes,
        "candidate_scores": np.float32([0.8, 0.7, 0.5]),
        "kept": np.int64([0, 2]),
        "probabilities": np.full((2, 3), 1 / 3, np.float32),
        "moved": np.zeros((2, 2, 4), np.float32),
        "answers": answers,
        "answer_regions": np.int64([0, 1]),
        "answer_kept": np.int64([0]),
    }
    return DetectionTrace(**(known | changes))


def test_from_a_detection_back_to_its_proposal():
    steps = make_steps(answer_kept=np.int64([1]))
    assert steps.proposals.tolist() == [[0, 0, 10, 10], [20, 20, 30, 30]]
    assert steps.proposal_scores.tolist() == pytest.approx([0.8, 0.5])
    assert steps.detection_regions.tolist() == [1]
    assert steps.before_regression.tolist() == [[20, 20, 30, 30]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"probabilities": np.zeros((2, 4), np.float32)}, "probabilities have the shape"),
        ({"moved": np.zeros((2, 3, 4), np.float32)}, "moved has the shape"),
        ({"candidate_scores": np.zeros(2, np.float32)}, "3 candidates and 2 scores"),
        ({"answer_regions": np.zeros(3, np.int64)}, "2 answers of 3 regions"),
        ({"answer_kept": np.zeros(2, np.int64)}, "1 detections, 2 of the answers"),
        ({"attention": np.zeros((2, 5, 5), np.float32)}, "2 have maps"),
        ({"activity": (np.zeros((2, 2), np.float32),)}, "same levels"),
    ],
)
def test_parts_must_agree(changes, words):
    with pytest.raises(ValueError, match=words):
        make_steps(**changes)
    replace(make_steps())


class _Head:
    """Its answer for the first class is what it sees in one cell."""

    def __call__(self, seen):
        logits = np.zeros((len(seen), 3), np.float32)
        logits[:, 0] = 5 * seen[:, 1, 2, 0]
        return logits, np.zeros((len(seen), 2, 4), np.float32)


def test_hiding_the_cell_that_counts():
    seen = np.zeros((2, 3, 3, 4), np.float32)
    seen[0, 1, 2, 0] = 1
    lost = hidden_cells(_Head(), seen, np.int64([0, 0]), np.int64([0, 1]))
    assert lost.shape == (2, 3, 3)
    assert np.flatnonzero(lost[0]).tolist() == [5]
    # The cell is hidden by the mean of both regions, half of what there was.
    with_it, without = np.exp(5) / (np.exp(5) + 2), np.exp(2.5) / (np.exp(2.5) + 2)
    assert lost[0, 1, 2] == pytest.approx(with_it - without, abs=1e-6)
    assert lost[1, 1, 2] < 0
    assert hidden_cells(_Head(), seen, np.int64([]), np.int64([])).shape == (0, 3, 3)


def test_the_steps_end_in_the_networks_detections():
    strides = (8, 16)
    settings = RPNSettings(
        levels=("c3", "c4"),
        in_channels=(6, 8),
        channels=8,
        size=96,
        anchors=Anchors((((16.0, 16.0), (20.0, 10.0)), ((32.0, 32.0),)), strides),
        proposing=ProposalSelector(pre_nms=1000, post_nms=20, nms_threshold=0.8),
    )
    roi = RoISettings.faster_rcnn(2, strides, roi_size=3, hidden=16)
    network = DetectionNetwork(settings, roi, random_state=0)
    rng = np.random.default_rng(0)
    # Untrained, all is equally probable: larger weights tell the regions apart.
    for parameter in (*network.rpn.parameters(), *network.head.parameters()):
        parameter.data[...] = rng.normal(0, 0.2, parameter.data.shape)
    maps = {
        name: rng.normal(size=(1, 96 // stride, 96 // stride, channels)).astype(np.float32)
        for name, stride, channels in zip(settings.levels, strides, settings.in_channels, strict=True)
    }
    picture = rng.integers(0, 255, (80, 90, 3)).astype(np.uint8)
    objects = np.float32([[8, 8, 40, 40]])
    with in_use(network.modules()), no_grad():
        steps = trace_network(network, maps, picture, CLASSES, objects=objects)
        (found,) = network.trace(maps, np.float32([picture.shape[:2]]))
    assert len(found.detected.boxes) > 3
    np.testing.assert_array_equal(steps.detections.boxes, found.detected.boxes)
    np.testing.assert_array_equal(steps.detections.scores, found.detected.scores)
    assert steps.detections.labels.tolist() == found.detected.labels.tolist()
    assert [level.shape for level in steps.objectness] == [(12, 12, 2), (6, 6, 1)]
    assert [len(level) for level in steps.anchors] == [288, 36]
    assert len(steps.kept) == 20
    steps = with_attention(SimpleNamespace(box_head=network.head), steps)
    assert steps.attention.shape == (4, 3, 3)
    assert np.abs(steps.attention).max() > 0
    # The best anchor of the object, one that does not cross the border, is its foreground.
    anchors = np.concatenate(steps.anchors)
    assert len(steps.matches) == len(anchors)
    near = np.flatnonzero(steps.matches.foreground)
    assert iou(anchors[near], objects).max() == pytest.approx(1.0)
    assert (anchors[steps.matches.background].min() >= 0).all()
