"""Fast R-CNN as one ONNX graph: from an image of any size, and proposals in it, to its objects."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from foveal.features import RegionsOnMaps
from foveal.features.fitted_image import fit_image
from foveal.models.detection.frozen_maps import SeenRegions
from foveal.models.detection.onnx.detections import add_detections, detector_model
from foveal.models.detection.onnx.regions import head_answers, pooled_regions
from foveal.models.detection.roi.head import BoxHead
from foveal.models.detection.roi.postprocess import Postprocessor
from foveal.nn.onnx import Graph, Value, convert

if TYPE_CHECKING:
    from onnx import ModelProto


def to_fast_rcnn_onnx(
    head: BoxHead,
    seen: SeenRegions,
    features: RegionsOnMaps,
    postprocessing: Postprocessor,
    classes: Sequence[str],
    *,
    max_proposals: int,
    proposals: Mapping[str, Any],
    threshold: float = 0.5,
) -> "ModelProto":
    """The ONNX model of a detector that is told where to look, checked by ``onnx.checker`` but not run.

    Parameters
    ----------
    head : BoxHead
    seen : SeenRegions
        How regions are read off the maps.
    features : RegionsOnMaps
        Whose maps these are.
    postprocessing : Postprocessor
    classes : sequence of str
    max_proposals : int
        So many proposals are looked at, the first.
    proposals : mapping of str
        What the method of proposing that the head was trained on says of itself, as JSON values; for whoever
        reads the metadata.
    threshold : float, default=0.5
        The score from which a detection is taken for one; for whoever reads the metadata, too.

    Returns
    -------
    onnx.ModelProto
        Its input ``image`` is uint8 (H, W, 3), RGB, of any size, and ``proposals`` float32 (N, 4), in pixels
        of that image, the best first; N may be 0. Its outputs are those of
        :func:`foveal.models.detection.onnx.graph.to_detector_onnx`. Its metadata has ``classes``, the names
        as a JSON list, ``threshold``, ``model``, ``version``, ``proposals``, a JSON object, and
        ``max_proposals``.

    Raises
    ------
    ExportError
        If a layer has no counterpart in ONNX.
    """
    graph = Graph()
    # As the images were that the head has learned from.
    image = fit_image(
        graph, "image", "working", longest=features.longest, backbone=features.backbone, how="areas"
    )
    levels = _maps(graph, features, image.batch)
    first = [graph.constant([end], np.int64) for end in (0, max_proposals)]
    regions = graph.add("Slice", ["proposals", *first], "regions.best")
    regions = graph.add("Div", [regions, image.factors], "regions.boxes")
    # One number a channel, for arrays with the channels first.
    mean, scale = (
        graph.weight(f"channels.{name}", values[:, None, None])
        for name, values in (("mean", seen.mean), ("scale", seen.scale))
    )

    def look(boxes: str, name: str) -> tuple[str, str]:
        cells = pooled_regions(graph, seen.pooling, levels, boxes, f"{name}.cells")
        centred = graph.add("Sub", [cells.name, mean], f"{name}.centred")
        standard = graph.add("Div", [centred, scale], f"{name}.standardised")
        return head_answers(graph, head, Value(standard, cells.shape), f"{name}.head")

    logits, deltas = look(regions, "regions")
    add_detections(graph, postprocessing, logits, deltas, regions, image, head=look)
    return detector_model(
        graph,
        "fast-rcnn",
        classes,
        threshold=threshold,
        inputs={"proposals": (np.float32, ["proposals", 4])},
        doc=" proposals: likewise, the best first.",
        metadata={"proposals": json.dumps(proposals), "max_proposals": str(max_proposals)},
    )


def _maps(graph: Graph, features: RegionsOnMaps, batch: str) -> list[Value]:
    """The maps that regions are read off, in their order."""
    layers = features.backbone.network(folded=True)
    start, value, found = "image", Value(batch, (None, None, 3)), {}
    for level in sorted(set(features.levels), key=lambda level: features.strides[level]):
        value = found[level] = convert(layers.stage(start, level), graph, value, f"backbone.{level}")
        start = level
    return [found[level] for level in features.levels]
