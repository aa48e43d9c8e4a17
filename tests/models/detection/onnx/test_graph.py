import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from foveal import parallel
from foveal.data import Detections
from foveal.errors import ExportError
from foveal.features import EfficientNetLite0
from foveal.images import read
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.graph import to_detector_onnx
from foveal.models.detection.onnx.parity import check_agreement, engine_detector
from foveal.models.detection.onnx.runner import Detector
from foveal.models.detection.settings import DetectionSettings

CLASSES = ("cat", "dög", "cow")
SIDE = 128


@pytest.fixture(scope="module")
def backbone():
    return EfficientNetLite0().network(folded=True)


def make_network(*, tuned=0, levels=("c3", "c4", "c5"), anchors=None, **settings):
    """An untrained network whose answers are far from equal, as a trained one's are."""
    channels, strides = EfficientNetLite0().channels, EfficientNetLite0().strides
    anchors = anchors or [[(s, s), (s, 2 * s)] for s in (16, 32, 64)][-len(levels) :]
    settings = DetectionSettings(
        n_classes=3,
        levels=levels,
        in_channels=tuple(channels[name] for name in levels),
        strides=tuple(strides[name] for name in levels),
        anchors=tuple(tuple(map(tuple, level)) for level in anchors),
        size=SIDE,
        channels=16,
        hidden=32,
        roi_size=3,
        **settings,
    )
    # The stages are the network's own, and have learnt something.
    own = EfficientNetLite0().network(folded=True)
    stages = [own.stage(*pair) for pair in pairwise(levels[-1 - tuned :])]
    for parameter in (p for stage in stages for p in stage.parameters()):
        parameter.data *= np.float32(1.1)
    network = DetectionNetwork(settings, stages, random_state=0)
    rng = np.random.default_rng(0)
    for layer in [*network.rpn.predictors, network.head.predictor]:
        layer.weight.data *= np.float32(30 if layer is network.head.predictor else 5)
        layer.bias.data[...] = rng.normal(0, 0.5, layer.bias.data.shape)
    network.tuned = bool(tuned)
    return network.eval()


def pictures(number=4):
    rng = np.random.default_rng(3)
    shapes = [(97, 128), (300, 200), (40, 61), (128, 128), (64, 512)][:number]
    return [np.repeat(np.repeat(rng.integers(0, 256, (h // 8 + 1, w // 8 + 1, 3)), 8, 0), 8, 1)[:h, :w]
            .astype(np.uint8) for h, w in shapes]  # fmt: skip


def detector_of(network, backbone):
    return Detector(to_detector_onnx(network, backbone, CLASSES).SerializeToString())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"tuned": 1},
        {"tuned": 2},
        {"levels": ("c4", "c5"), "pre_nms": 20, "post_nms": 7, "nms": 0.3, "max_detections": 5},
        {"anchors": [[(16, 16)], [], [(64, 64), (90, 40), (128, 128)]], "min_score": 0.2},
    ],
    ids=["default", "one-stage-tuned", "two-stages-tuned", "two-levels", "no-anchors"],
)
def test_the_graph_finds_what_the_engine_finds(backbone, settings):
    network = make_network(**settings)
    detect, expect = detector_of(network, backbone), engine_detector(network, backbone, CLASSES)
    found = [detect(image) for image in pictures()]
    assert check_agreement(found, [expect(image) for image in pictures()], box_tolerance=0.05) >= 20
    for image, detections in zip(pictures(), found, strict=True):
        assert detections.classes == CLASSES
        assert detections.boxes.dtype == detections.scores.dtype == np.float32
        assert detections.labels.dtype == np.int64
        assert 0 < len(detections) <= network.settings.max_detections
        assert (np.diff(detections.scores) <= 0).all()
        assert detections.scores.min() >= network.settings.min_score
        assert (detections.boxes >= 0).all()
        assert (detections.boxes <= [*image.shape[1::-1]] * 2).all()
        assert (detections.boxes[:, 2:] > detections.boxes[:, :2]).all()


def test_another_network_is_told_apart(backbone):
    network = make_network()
    found = [detector_of(network, backbone)(image) for image in pictures()]
    network.head.predictor.weight.data *= np.float32(1.02)
    expect = engine_detector(network, backbone, CLASSES)
    with pytest.raises(ExportError, match="detections have no counterpart"):
        check_agreement(found, [expect(image) for image in pictures()])


def test_check_agreement():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 50, (200, 2))
    boxes = np.concatenate([low, low + 20], 1).astype(np.float32)
    one = Detections(boxes, rng.uniform(0, 1, 200).astype(np.float32), rng.integers(0, 2, 200), ("a", "b"))
    none = Detections.empty(("a", "b"))
    assert check_agreement([one, none], [one[::-1], none]) == 200
    near = Detections(boxes + np.float32(0.4), one.scores + np.float32(9e-4), one.labels, one.classes)
    check_agreement([one], [near])
    check_agreement([one], [one[2:]])
    for other in (
        Detections(boxes + np.float32(0.6), one.scores, one.labels, one.classes),
        Detections(boxes, one.scores + np.float32(2e-3), one.labels, one.classes),
        Detections(boxes, one.scores, 1 - one.labels, one.classes),
        one[10:],
        none,
    ):
        for pair in ((one, other), (other, one)):
            with pytest.raises(ExportError):
                check_agreement([pair[0]], [pair[1]])


def test_what_the_file_says_of_itself(backbone):
    network = make_network()
    model = to_detector_onnx(network, backbone, CLASSES)
    assert {p.key for p in model.metadata_props} == {"classes", "threshold", "model", "version"}
    session = Detector(model.SerializeToString())._session(1)
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(CLASSES)
    (image,) = session.get_inputs()
    assert (image.name, image.type, image.shape[2]) == ("image", "tensor(uint8)", 3)
    assert all(isinstance(side, str) for side in image.shape[:2])
    assert [(o.name, o.type) for o in session.get_outputs()] == [
        ("boxes", "tensor(float)"),
        ("scores", "tensor(float)"),
        ("labels", "tensor(int64)"),
    ]
    again = to_detector_onnx(network, backbone, CLASSES)
    assert again.SerializeToString(deterministic=True) == model.SerializeToString(deterministic=True)


def test_nothing_found_and_odd_pictures(backbone):
    network = make_network(min_score=0.99)
    network.head.predictor.weight.data[...] = 0
    detect = detector_of(network, backbone)
    for shape in [(1, 1), (1, 700), (700, 1), (33, 31)]:
        found = detect(np.full((*shape, 3), 9, np.uint8))
        assert found.boxes.shape == (0, 4)
        assert found.scores.shape == found.labels.shape == (0,)
    detect = detector_of(make_network(), backbone)
    for wrong in (np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 5, 3), np.uint8)):
        with pytest.raises(ValueError, match=r"image must be uint8 of shape \(H, W, 3\) with pixels"):
            detect(wrong)
    for shape in [(1, 1), (2, 700), (700, 2)]:
        found = detect(np.full((*shape, 3), 9, np.uint8))
        assert np.isfinite(found.boxes).all()
        assert (found.boxes <= [*shape[::-1]] * 2).all()


def test_threads_and_copies(backbone):
    import pickle

    detect = detector_of(make_network(), backbone)
    images = pictures() * 3
    expected = [detect(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(detect, images))
    copy = pickle.loads(pickle.dumps(detect))
    for found in (at_once, detect.several(images), detect.several(images[:1]), [copy(images[0])]):
        check_agreement(found, expected[: len(found)], box_tolerance=1e-2)
    assert set(detect._sessions) == {parallel.cores(), 1}
    # What is not contiguous in memory is a picture as well.
    flipped = detect(images[1][:, ::-1])
    check_agreement([flipped], [detect(np.ascontiguousarray(images[1][:, ::-1]))], box_tolerance=1e-3)


def test_photographs(backbone, test_data):
    network = make_network()
    images = [read(p) for p in sorted((test_data / "voc2012_100").rglob("*.jpg"))[:3]]
    assert len(images) == 3
    detect, expect = detector_of(network, backbone), engine_detector(network, backbone, CLASSES)
    assert check_agreement([detect(i) for i in images], [expect(i) for i in images]) > 20
