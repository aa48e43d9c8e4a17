"""A whole detector as one ONNX graph: from the pixels of an image of any size to its objects."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from foveal.errors import ExportError
from foveal.features import Backbone
from foveal.features.fitted_image import FittedImage, fit_image
from foveal.models.detection.network import DetectionNetwork, RoISettings
from foveal.models.detection.roi.head import BOX_WEIGHTS
from foveal.nn.layers import Linear
from foveal.nn.onnx import Graph, Value, convert
from foveal.nn.onnx import boxes as onnx_boxes
from foveal.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

#: The first version of ONNX's operators whose ``Resize`` does not alias.
OPSET = 18
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
        If a layer, or a setting of the :class:`foveal.models.detection.Postprocessor`, has no counterpart in
        ONNX.
    """
    post = network.roi.postprocessing
    if post.refinements or post.vote_threshold < 1 or post.min_side > 0:
        raise ExportError(
            "The graph has no refinements, vote_threshold and min_side: leave them at 0, 1 and 0."
        )
    graph = Graph()
    image = fit_image(graph, "image", "working", longest=network.settings.size, backbone=backbone)
    levels = _pyramid(graph, network, _backbone_maps(graph, network, backbone, image.batch))
    regions = _proposals(graph, network, levels, image)
    logits, deltas = _head(graph, network, levels, regions)
    _detections(graph, network.roi, logits, deltas, regions, image)
    return graph.model(
        "detector",
        {"image": (np.uint8, ["height", "width", 3])},
        {
            "boxes": (np.float32, ["objects", 4]),
            "scores": (np.float32, ["objects"]),
            "labels": (np.int64, ["objects"]),
        },
        opset=OPSET,
        doc="image: RGB, 0 to 255. boxes: x1, y1, x2, y2 in its pixels, half-open.",
        metadata={
            "classes": classes,
            "model": "faster-rcnn",
            "version": __version__,
            "threshold": repr(float(threshold)),
        },
    )


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


def _head(graph: Graph, network: DetectionNetwork, levels: list[Value], regions: str) -> tuple[str, str]:
    """Logits, (R, K + 1), and deltas, (R, K, 4); see :class:`foveal.models.detection.BoxHead`."""
    pooling, grid = network.roi.pooling, network.roi.pooling.size
    seen = [
        onnx_boxes.roi_align(
            graph,
            level.name,
            regions,
            f"regions.{place}",
            stride=stride,
            output_size=grid,
            sampling_ratio=pooling.sampling_ratio,
        )
        for place, (level, stride) in enumerate(zip(levels, pooling.strides, strict=True))
    ]
    channels = network.settings.channels
    together = graph.add("Sum", seen, "regions")
    flat = graph.add("Flatten", [together], "regions.flat", axis=1)
    value = Value(flat, (grid * grid * channels,))
    for place, layer in enumerate(network.head.hidden):
        if place == 0:
            # In the graph the channels come first: the weights are put in that order, not the regions.
            assert isinstance(layer, Linear)
            layer = _channels_first(layer, grid, channels)
        value = convert(layer, graph, value, f"head.hidden.{place}")
    out = convert(network.head.predictor, graph, value, "head.predictor").name
    classes = network.roi.n_classes
    parts = graph.constant([classes + 1, 4 * classes], np.int64)
    logits, deltas = graph.add_several("Split", [out, parts], ["head.logits", "head.moves"], axis=1)
    shape = graph.constant([-1, classes, 4], np.int64)
    return logits, graph.add("Reshape", [deltas, shape], "head.deltas")


def _channels_first(layer: Linear, grid: int, channels: int) -> Linear:
    """The layer for regions of shape (C, S, S) instead of (S, S, C)."""
    weight = layer.weight.data.reshape(-1, grid, grid, channels).transpose(0, 3, 1, 2)
    moved = Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
    moved.weight.data = np.ascontiguousarray(weight.reshape(len(weight), -1))
    if layer.bias is not None and moved.bias is not None:
        moved.bias.data = layer.bias.data
    return moved


def _detections(
    graph: Graph,
    roi: RoISettings,
    logits: str,
    deltas: str,
    regions: str,
    image: FittedImage,
) -> None:
    """The three outputs; see :class:`foveal.models.detection.Postprocessor`."""
    post = roi.postprocessing
    probabilities = graph.add("Softmax", [logits], "classes.probabilities", axis=1)
    probabilities, _ = graph.add_several(
        "Split",
        [probabilities, graph.constant([roi.n_classes, 1], np.int64)],
        ["classes.objects", "classes.background"],
        axis=1,
    )
    scores = graph.add("Transpose", [probabilities], "classes.by_class", perm=[1, 0])
    deltas = graph.add("Transpose", [deltas], "classes.deltas", perm=[1, 0, 2])
    boxes = onnx_boxes.decode(graph, regions, deltas, "classes.moved", weights=BOX_WEIGHTS)
    boxes = onnx_boxes.clip(graph, boxes, image.edges, "classes.boxes")
    large = onnx_boxes.large_enough(graph, boxes, 0.0, "classes.large", equal=False)
    scores = graph.add("Where", [large, scores, graph.constant(-1)], "classes.scores")
    labels, indices = onnx_boxes.nms(
        graph,
        boxes,
        scores,
        "classes.nms",
        threshold=post.nms_threshold,
        # The operator wants more than that: a probability of just min_score is enough.
        above=float(np.nextafter(np.float32(post.min_score), np.float32(-1))),
    )
    axis = graph.constant([1], np.int64)
    pairs = [
        graph.add("Unsqueeze", [value, axis], f"classes.{end}")
        for value, end in ((labels, "label"), (indices, "index"))
    ]
    places = graph.add("Concat", pairs, "classes.places", axis=1)
    found = graph.add("GatherND", [scores, places], "classes.found")
    best, order = onnx_boxes.best(graph, found, post.max_detections, "classes.best")
    graph.add("Identity", [best], "scores")
    graph.add("Gather", [labels, order], "labels", axis=0)
    places = graph.add("Gather", [places, order], "classes.best_places", axis=0)
    chosen = graph.add("GatherND", [boxes, places], "classes.best_boxes")
    own = graph.add("Mul", [chosen, image.factors], "classes.own_boxes")
    onnx_boxes.clip(graph, own, image.own_edges, "boxes")
