"""A whole detector as one ONNX graph: from the pixels of an image of any size to its objects."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from foveal.errors import ExportError
from foveal.features import Backbone
from foveal.features.fitted_image import FittedImage, fit_image
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.detections import add_detections, detector_model
from foveal.models.detection.onnx.regions import head_answers, pooled_regions
from foveal.nn.onnx import Graph, Value, convert
from foveal.nn.onnx import boxes as onnx_boxes

if TYPE_CHECKING:
    from onnx import ModelProto

_LOWEST = float(np.finfo(np.float32).min)


def to_detector_onnx(
    network: DetectionNetwork, backbone: Backbone, classes: Sequence[str], *, threshold: float = 0.5
) -> "ModelProto":
    """The ONNX model of a detector, checked by ``onnx.checker`` but not run.

    Parameters
    ----------
    network : DetectionNetwork
    backbone : Backbone
        Whose maps the network was trained on.
    classes : sequence of str
    threshold : float, default=0.5
        The score from which a detection is taken for one; for whoever reads the metadata, the outputs hold
        less probable ones too.

    Returns
    -------
    onnx.ModelProto
        Its input ``image`` is uint8 (H, W, 3), RGB, of any size. Its outputs are ``boxes``, float32 (N, 4),
        in pixels of that image, ``scores``, float32 (N,), falling, and ``labels``, int64 (N,). Its metadata
        has ``classes``, the names as a JSON list, ``threshold``, ``model`` and ``version``.

    Raises
    ------
    ExportError
        If a layer has no counterpart in ONNX, or the :class:`foveal.models.detection.Postprocessor` refines
        boxes.
    """
    if network.roi.postprocessing.refinements:
        raise ExportError("The network looks at its boxes once: leave refinements at 0.")
    graph = Graph()
    image = fit_image(graph, "image", "working", longest=network.settings.size, backbone=backbone)
    levels = _pyramid(graph, network, _backbone_maps(graph, network, backbone, image.batch))
    regions = _proposals(graph, network, levels, image)
    cells = pooled_regions(graph, network.roi.pooling, levels, regions, "regions")
    logits, deltas = head_answers(graph, network.head, cells, "head")
    add_detections(graph, network.roi.postprocessing, logits, deltas, regions, image)
    return detector_model(graph, "faster-rcnn", classes, threshold=threshold)


def _backbone_maps(graph: Graph, network: DetectionNetwork, backbone: Backbone, batch: str) -> list[Value]:
    """The maps that the pyramid stands on, the finest first."""
    levels = network.settings.levels
    layers = backbone.network(folded=True)
    stages = [layers.stage(*pair) for pair in pairwise(("image", *levels))]
    if network.finetuned:
        # The last ones were fine-tuned: the network has its own.
        stages[len(levels) - len(network.stages) :] = network.stages
    value, maps = Value(batch, (None, None, 3)), []
    for level, stage in zip(levels, stages, strict=True):
        value = convert(stage, graph, value, f"backbone.{level}")
        maps.append(value)
    return maps


def _pyramid(graph: Graph, network: DetectionNetwork, maps: list[Value]) -> list[Value]:
    """See :class:`foveal.models.detection.FeaturePyramid`."""
    pyramid = network.pyramid
    merged = [
        convert(lateral, graph, value, f"pyramid.laterals.{place}")
        for place, (lateral, value) in enumerate(zip(pyramid.laterals, maps, strict=True))
    ]
    for place in range(len(merged) - 2, -1, -1):
        enlarged = graph.add(
            "Resize",
            [merged[place + 1].name, "", graph.constant([1, 1, 2, 2])],
            f"pyramid.enlarged.{place}",
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        total = graph.add("Add", [merged[place].name, enlarged], f"pyramid.merged.{place}")
        merged[place] = Value(total, merged[place].shape)
    return [
        convert(output, graph, value, f"pyramid.outputs.{place}")
        for place, (output, value) in enumerate(zip(pyramid.outputs, merged, strict=True))
    ]


def _proposals(graph: Graph, network: DetectionNetwork, levels: list[Value], image: FittedImage) -> str:
    """Boxes, float32 (R, 4), of the best proposals; see :class:`foveal.models.detection.ProposalSelector`."""
    anchors, proposing = network.settings.anchors, network.settings.proposing
    all_boxes, all_scores = [], []
    for place, (level, sizes) in enumerate(zip(levels, anchors.sizes, strict=True)):
        if not len(sizes):
            continue
        name = f"rpn.{place}"
        trunk = convert(network.rpn.trunk, graph, level, f"{name}.trunk")
        out = convert(network.rpn.predictors[place], graph, trunk, f"{name}.predictor").name
        out = graph.add("Transpose", [out], f"{name}.last", perm=[0, 2, 3, 1])
        parts = graph.constant([len(sizes), 4 * len(sizes)], np.int64)
        logits, deltas = graph.add_several(
            "Split", [out, parts], [f"{name}.logits", f"{name}.deltas"], axis=3
        )
        logits = graph.add("Reshape", [logits, graph.constant([-1], np.int64)], f"{name}.logit")
        deltas = graph.add("Reshape", [deltas, graph.constant([-1, 4], np.int64)], f"{name}.delta")
        scores, cells = onnx_boxes.best(graph, logits, proposing.pre_nms, f"{name}.best")
        columns = graph.add("Shape", [level.name], f"{name}.columns", start=3, end=4)
        placed = onnx_boxes.grid_anchors(
            graph, cells, columns, sizes, anchors.strides[place], f"{name}.anchors"
        )
        moves = graph.add("Gather", [deltas, cells], f"{name}.moves", axis=0)
        all_boxes.append(onnx_boxes.decode(graph, placed, moves, f"{name}.moved"))
        all_scores.append(scores)
    boxes = graph.add("Concat", all_boxes, "proposals.moved", axis=0)
    scores = graph.add("Concat", all_scores, "proposals.logits", axis=0)
    boxes = onnx_boxes.clip(graph, boxes, image.edges, "proposals.inside")
    large = onnx_boxes.large_enough(graph, boxes, proposing.min_side, "proposals.large", equal=True)
    scores = graph.add("Where", [large, scores, graph.constant(-np.inf)], "proposals.scores")
    first = graph.constant([0], np.int64)
    _, kept = onnx_boxes.nms(
        graph,
        graph.add("Unsqueeze", [boxes, first], "proposals.group"),
        graph.add("Unsqueeze", [scores, first], "proposals.group_scores"),
        "proposals.nms",
        threshold=proposing.nms_threshold,
        above=_LOWEST,
        number=proposing.post_nms,
    )
    return graph.add("Gather", [boxes, kept], "proposals", axis=0)
