import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from onnx import TensorProto, helper

from foveal import nn, parallel
from foveal.data import Detections
from foveal.errors import ExportError
from foveal.features import EfficientNetLite0
from foveal.features.fitted_image import fit_image
from foveal.images import read, working_image
from foveal.models.detection.anchors import Anchors
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.onnx.detections import OPSET
from foveal.models.detection.onnx.graph import to_detector_onnx
from foveal.models.detection.onnx.parity import check_agreement, engine_detector
from foveal.models.detection.onnx.runner import Detector
from foveal.models.detection.roi.postprocess import Postprocessor
from foveal.models.detection.rpn.network import RPNSettings
from foveal.models.detection.rpn.proposing import ProposalSelector
from foveal.nn.module import in_use
from foveal.nn.onnx import Graph, session
from foveal.wording import visible

CLASSES = ("cat", "dög", "cow")
SIDE = 128


@pytest.fixture(scope="module")
def backbone():
    return EfficientNetLite0()


def make_network(*, finetuned=0, levels=("c3", "c4", "c5"), anchors=None, proposing=None, **post):
    """An untrained network whose answers are far from equal, as a trained one's are."""
    channels, strides = EfficientNetLite0().channels, EfficientNetLite0().strides
    anchors = anchors or [[(s, s), (s, 2 * s)] for s in (16, 32, 64)][-len(levels) :]
    strides = tuple(strides[name] for name in levels)
    settings = RPNSettings(
        levels=levels,
        in_channels=tuple(channels[name] for name in levels),
        channels=16,
        size=SIDE,
        anchors=Anchors(tuple(tuple(map(tuple, level)) for level in anchors), strides),
        proposing=ProposalSelector(**{"pre_nms": 1000, "post_nms": 250, **(proposing or {})}),
    )
    found = Postprocessor(**{"min_score": 0.01, "nms_threshold": 0.5, **post})
    roi = RoISettings.faster_rcnn(3, strides, roi_size=3, hidden=32, postprocessing=found)
    # The stages are the network's own, and were trained a little.
    own = EfficientNetLite0().network(folded=True)
    stages = [own.stage(*pair) for pair in pairwise(levels[-1 - finetuned :])]
    for parameter in (p for stage in stages for p in stage.parameters()):
        parameter.data *= np.float32(1.1)
    network = DetectionNetwork(settings, roi, stages, random_state=0)
    rng = np.random.default_rng(0)
    for layer in [*network.rpn.predictors, network.head.predictor]:
        layer.weight.data *= np.float32(30 if layer is network.head.predictor else 5)
        layer.bias.data[...] = rng.normal(0, 0.5, layer.bias.data.shape)
    network.finetuned = bool(finetuned)
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
        {"finetuned": 1},
        {"finetuned": 2},
        {
            "levels": ("c4", "c5"),
            "proposing": {"pre_nms": 20, "post_nms": 7, "nms_threshold": 0.8},
            "nms_threshold": 0.3,
            "max_detections": 5,
        },
        {"anchors": [[(16, 16)], [], [(64, 64), (90, 40), (128, 128)]], "min_score": 0.2},
        {"vote_threshold": 0.6, "min_side": 20.0},
    ],
    ids=["default", "one-stage-tuned", "two-stages-tuned", "two-levels", "no-anchors", "vote"],
)
def test_the_graph_finds_what_the_engine_finds(backbone, settings):
    network = make_network(**settings)
    detect, expect = detector_of(network, backbone), engine_detector(network, backbone, CLASSES)
    images = [working_image(image, SIDE) for image in pictures()]
    found = [detect(image) for image in images]
    assert check_agreement(found, [expect(image) for image in images], box_tolerance=0.05) >= 20
    for image, detections in zip(images, found, strict=True):
        assert detections.classes == CLASSES
        assert detections.boxes.dtype == detections.scores.dtype == np.float32
        assert detections.labels.dtype == np.int64
        assert 0 < len(detections) <= network.roi.postprocessing.max_detections
        assert (np.diff(detections.scores) <= 0).all()
        assert detections.scores.min() >= network.roi.postprocessing.min_score
        assert (detections.boxes >= 0).all()
        assert (detections.boxes <= [*image.shape[1::-1]] * 2).all()
        assert (detections.boxes[:, 2:] > detections.boxes[:, :2]).all()


def test_another_network_is_told_apart(backbone):
    network = make_network()
    images = [working_image(image, SIDE) for image in pictures()]
    found = [detector_of(network, backbone)(image) for image in images]
    network.head.predictor.weight.data *= np.float32(1.02)
    expect = engine_detector(network, backbone, CLASSES)
    with pytest.raises(ExportError, match="detections have no counterpart"):
        check_agreement(found, [expect(image) for image in images])


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


def fitted(image, backbone):
    """What the graph makes of an image first: the batch, its edges and the factors of its boxes."""
    graph = Graph()
    values = fit_image(graph, "image", "fit", longest=SIDE, backbone=backbone)
    names = [values.batch, values.edges, values.factors]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    start = helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "fit", [start], ends, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    model.ir_version = 9
    return session(model.SerializeToString()).run(names, {"image": image})


@pytest.mark.parametrize("finetuned", [0, 1])
def test_images_of_any_size(backbone, finetuned):
    """What is found in an image that the graph resizes is what the engine finds in the resized one."""
    network = make_network(finetuned=finetuned)
    detect, layers = detector_of(network, backbone), backbone.network(folded=True)
    for image in pictures():
        batch, edges, factors = fitted(image, backbone)
        x, start, maps = np.ascontiguousarray(batch.transpose(0, 2, 3, 1)), "image", {}
        with in_use([*network.modules(), *layers.modules()]), nn.no_grad():
            for level in network.settings.levels:
                x = maps[level] = layers.stage(start, level)(x)
                start = level
            (trace,) = network.trace(maps, edges[None, 1::-1])
        found = trace.detected
        expected = Detections(found.boxes * factors, found.scores, found.labels, CLASSES)
        check_agreement([detect(image)], [expected], box_tolerance=0.05)


class OtherNormalization:
    """A backbone that looks at images in another way than it says."""

    def __init__(self, backbone):
        self.own = backbone

    def __getattr__(self, name):
        return getattr(self.own, name)

    pixel_mean, pixel_std = 120.0, 60.0


def test_a_backbone_that_normalizes_otherwise_is_told_apart(backbone):
    network, images = make_network(), [working_image(image, SIDE) for image in pictures()]
    expect = engine_detector(network, backbone, CLASSES)
    found = [detector_of(network, OtherNormalization(backbone))(image) for image in images]
    with pytest.raises(ExportError, match="detections have no counterpart"):
        check_agreement(found, [expect(image) for image in images])


def test_classes_of_any_letters(backbone):
    names = ("\x1b[31mred", "a\u202e\u2028b", "caf\udce9")[: len(CLASSES)]
    model = to_detector_onnx(make_network(), backbone, names)
    (said,) = [p.value for p in model.metadata_props if p.key == "classes"]
    # Whoever shows it as it is shows no more than letters.
    assert visible(said) == said
    assert Detector(model.SerializeToString()).classes == names


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
    with pytest.raises(ValueError, match="the graph takes no proposals"):
        detect(pictures(1)[0], np.zeros((0, 4)))
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
    for found in (at_once, [detect(image, threads=1) for image in images], [copy(images[0])]):
        check_agreement(found, expected[: len(found)], box_tolerance=1e-2)
    assert set(detect._sessions) == {parallel.cores(), 1}
    # What is not contiguous in memory is a picture as well.
    flipped = detect(images[1][:, ::-1])
    check_agreement([flipped], [detect(np.ascontiguousarray(images[1][:, ::-1]))], box_tolerance=1e-3)


def test_photographs(backbone, test_data):
    network = make_network()
    files = sorted((test_data / "voc2012_100").rglob("*.jpg"))[:3]
    images = [working_image(read(file), SIDE) for file in files]
    assert len(images) == 3
    detect, expect = detector_of(network, backbone), engine_detector(network, backbone, CLASSES)
    assert check_agreement([detect(i) for i in images], [expect(i) for i in images]) > 20


def test_what_the_graph_cannot_do_is_told(backbone):
    network = make_network(refinements=1)
    with pytest.raises(ExportError, match="leave refinements at 0"):
        to_detector_onnx(network, backbone, CLASSES)
