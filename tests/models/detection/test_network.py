import json
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from foveal import nn
from foveal.boxes import BACKGROUND, IGNORE
from foveal.features import EfficientNetLite0
from foveal.files.plain import from_json
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.pyramid import FeaturePyramid
from foveal.models.detection.roi.sampling import RoISampler
from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings
from foveal.models.detection.rpn.proposing import ProposalSelector, Proposed
from foveal.models.detection.targets import AnchorSampler, GroundTruth, ViewBatch

SIDE = 64


SIZES = (((12.0, 12.0),), ((20.0, 30.0), (30.0, 20.0)), ())
STRIDES = (8, 16, 32)


def make_settings(*, sizes=SIZES, in_channels=(5, 6, 7)):
    return RPNSettings(
        levels=("c3", "c4", "c5"),
        in_channels=in_channels,
        channels=4,
        size=SIDE,
        anchors=Anchors(sizes, STRIDES),
        sampling=AnchorSampler(number=32),
        proposing=ProposalSelector(pre_nms=1000, post_nms=20, nms_threshold=0.8),
    )


def make_network(settings=None, **changes):
    sampling = RoISampler(number=16, background_floor=0.0)
    roi = RoISettings.faster_rcnn(2, STRIDES, roi_size=3, **{"hidden": 8, "sampling": sampling, **changes})
    return DetectionNetwork(make_settings() if settings is None else settings, roi, random_state=0)


def make_objects(boxes=((10, 10, 24, 24), (30, 20, 60, 40)), labels=(0, 1), ignored=(False, False)):
    return GroundTruth(np.float32(boxes).reshape(-1, 4), np.array(labels, np.int64), np.array(ignored, bool))


def make_batch(settings, number=2, finetunes=False, dtype=np.float64, objects=None):
    rng = np.random.default_rng(0)
    maps = {
        name: rng.normal(size=(number, SIDE // stride, SIDE // stride, channels)).astype(dtype)
        for name, stride, channels in zip(settings.levels, STRIDES, settings.in_channels, strict=True)
    }
    return ViewBatch(
        maps,
        np.full((number, 2), SIDE, np.float32),
        [make_objects()] * number if objects is None else objects,
        [[0, i] for i in range(number)],
        finetunes,
    )


def check_parameters(network, batch, part, *, per_parameter=3):
    """Gradients of one loss by some elements of every parameter, against central differences."""
    weights = np.zeros(len(network.losses))
    weights[part] = 1
    network.zero_grad()
    network(batch)
    network.backward(weights)
    rng = np.random.default_rng(1)
    seen = 0
    for name, parameter in network.named_parameters():
        gradient = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad
        for _ in range(per_parameter):
            place = tuple(rng.integers(n) for n in parameter.shape)
            before = parameter.data[place]
            values = []
            for step in (1e-6, -1e-6):
                parameter.data[place] = before + step
                values.append(network(batch)[part])
            parameter.data[place] = before
            expected = (values[0] - values[1]) / 2e-6
            assert gradient[place] == pytest.approx(expected, rel=1e-4, abs=1e-7), name
            seen += abs(expected) > 1e-6
    assert seen


@pytest.mark.parametrize("part", [0, 1])
def test_gradients_of_the_proposal_network(part):
    settings = make_settings()
    network = RegionProposalNetwork(settings, random_state=0).double()
    check_parameters(network, make_batch(settings), part)


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_gradients_of_the_detection_network(part, monkeypatch):
    settings = make_settings()
    network = make_network().double()
    # No gradient goes through the proposals' coordinates, which a change of the weights would move.
    fixed = np.float32([[8, 8, 30, 30], [28, 18, 62, 42], [0, 0, 64, 64], [40, 40, 60, 62]])
    monkeypatch.setattr(
        network, "proposals", lambda *given: [Proposed(fixed, np.zeros(4), np.arange(4))] * len(given[3])
    )
    check_parameters(network, make_batch(settings), part)


@pytest.mark.parametrize("sizes", [SIZES, ((), (), ((30.0, 20.0),))])
def test_gradients_reach_the_finetuned_stages(sizes):
    channels = (5, 6, 7)
    stages = [
        nn.Sequential(nn.Conv2d(a, b, 2, stride=2, random_state=i), nn.Tanh())
        for i, (a, b) in enumerate(pairwise(channels))
    ]
    settings = make_settings(sizes=sizes, in_channels=channels)
    network = RegionProposalNetwork(settings, stages, random_state=0).double()
    batch = make_batch(settings, finetunes=True)
    only = ViewBatch({"c3": batch.maps["c3"]}, batch.sizes, batch.objects, batch.seeds, True)
    check_parameters(network, only, 0)
    assert all(p.grad is not None for p in network.stages.parameters())
    assert network.finetuned


def test_frozen_stages_are_not_computed():
    settings = make_settings()
    network = RegionProposalNetwork(settings, [nn.Conv2d(6, 7, 2, stride=2, random_state=0)], random_state=0)
    network(make_batch(settings, dtype=np.float32))
    network.backward(np.ones(2))
    assert all(p.grad is None for p in network.stages.parameters())


def test_pictures_without_objects_teach_background():
    settings = make_settings()
    network = make_network()
    nothing = make_objects((), (), ())
    values = network(make_batch(settings, dtype=np.float32, objects=[nothing, nothing]))
    assert values[0] > 0
    assert values[2] > 0
    assert values[1] == values[3] == 0
    network.backward(np.ones(4))


def test_pyramid_standardizes_what_it_sees():
    maps = [np.random.default_rng(i).normal(3, 5 + i, (2, 8 >> i, 8 >> i, 4)) for i in range(2)]
    pyramid = FeaturePyramid([4, 4], 6, random_state=0).double()
    plain = FeaturePyramid([4, 4], 6, random_state=0).double()
    plain.laterals[0].bias.data[...] = plain.laterals[1].bias.data[...] = 0
    pyramid.standardize(maps)
    whitened = [(m - m.mean((0, 1, 2))) / m.std((0, 1, 2)) for m in maps]
    for ours, theirs in zip(pyramid.forward(maps), plain.forward(whitened), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_anchors_follow_the_levels():
    placed = Anchors(SIZES, STRIDES).over((SIDE, SIDE))
    assert [len(placed.boxes[level]) for level in placed.levels] == [64, 2 * 16, 0]
    assert placed.boxes[0].tolist() == [-2, -2, 10, 10]


def test_anchors_that_cross_the_border_are_ignored():
    anchors = np.float32([[-1, 0, 12, 12], [0, 0, 12, 12], [60, 60, 72, 72], [52, 52, 64, 64]])
    labels = AnchorSampler().label(anchors, make_objects([[0, 0, 12, 12]], [0], [False]), (SIDE, SIDE))
    assert labels.tolist() == [IGNORE, 0, IGNORE, BACKGROUND]


def test_each_objects_best_anchor_is_foreground():
    anchors = np.float32([[0, 0, 12, 12], [20, 20, 32, 32]])
    labels = AnchorSampler().label(anchors, make_objects([[4, 4, 20, 20]], [0], [False]), (SIDE, SIDE))
    assert labels.tolist() == [0, BACKGROUND]


def test_ignored_objects_are_neither():
    anchors = np.float32([[10, 10, 24, 24], [40, 40, 54, 54]])
    truth = make_objects([[10, 10, 24, 24]], [0], [True])
    assert AnchorSampler().label(anchors, truth, (SIDE, SIDE)).tolist() == [IGNORE, BACKGROUND]
    drawn = RoISampler()(anchors, truth, 0)
    assert drawn.rois.tolist() == [[40, 40, 54, 54]]
    assert drawn.labels.tolist() == [BACKGROUND]


def test_samples_are_balanced_and_seeded():
    anchors = Anchors((((12.0, 12.0),) * 9, (), ()), STRIDES).over((SIDE, SIDE)).boxes
    truth = make_objects([[8, 8, 20, 20]], [1], [False])
    one, other = (AnchorSampler(number=8)(anchors, truth, (SIDE, SIDE), 5) for _ in range(2))
    assert one.n_foreground == 4
    assert one.places.tolist() == other.places.tolist()
    np.testing.assert_allclose(one.deltas, one.deltas[:1].repeat(4, axis=0), atol=1)
    targets = RoISampler(number=8)(anchors, truth, 5)
    assert targets.labels.tolist() == [1, 1] + [BACKGROUND] * 6
    assert targets.objects[:2].tolist() == [[8, 8, 20, 20]] * 2
    assert targets.objects[2:].tolist() == targets.rois[2:].tolist()


def test_objects_are_among_the_regions():
    drawn = RoISampler()(np.zeros((0, 4), np.float32), make_objects(), 0)
    assert sorted(drawn.rois.tolist()) == sorted(make_objects().boxes.tolist())
    assert drawn.rois.tolist() == drawn.objects.tolist()


def test_proposals_are_clipped_suppressed_and_best_first():
    anchors = Anchors((((12.0, 12.0),), (), ()), STRIDES).over((SIDE, SIDE))
    logits = np.linspace(-1, 1, len(anchors.boxes)).astype(np.float32)
    deltas = np.zeros((len(anchors.boxes), 4), np.float32)
    found = ProposalSelector(post_nms=20)(logits, deltas, anchors, (60.0, 50.0))
    assert len(found.boxes) <= 20
    assert (np.diff(found.logits) <= 0).all()
    assert found.boxes[:, 2].max() <= 50
    assert found.boxes[:, 3].max() <= 60
    assert ((found.boxes[:, 2:] - found.boxes[:, :2]) >= 1).all()


def test_settings_are_json_and_back():
    network = make_network(dropout=0.25)
    for settings in (network.settings, network.roi):
        assert from_json(type(settings), json.loads(json.dumps(asdict(settings)))) == settings


def test_engine_detects_in_real_maps():
    backbone = EfficientNetLite0()
    network = make_network(make_settings(in_channels=(40, 112, 320))).eval()
    images = np.random.default_rng(0).integers(0, 255, (2, SIDE, SIDE, 3)).astype(np.uint8)
    sizes = np.full((2, 2), SIDE, np.float32)
    with nn.no_grad():
        together = network.trace(backbone.maps(images), sizes)
        (alone,) = network.trace(backbone.maps(images[:1]), sizes[:1])
    np.testing.assert_allclose(together[0].detected.boxes, alone.detected.boxes, atol=1e-3)
    for found in (trace.detected for trace in together):
        assert len(found.boxes) == len(found.scores) == len(found.labels) <= 100
        assert (np.diff(found.scores) <= 0).all()
        assert set(found.labels.tolist()) <= {0, 1}
