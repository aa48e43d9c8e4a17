"""Whether a detector's graph finds what the engine finds."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.detections import Detections
from foveal.errors import ExportError
from foveal.features.efficientnet_graph import CENTER, SCALE
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.graph import OPSET
from foveal.models.detection.onnx.pictures import fit_picture
from foveal.nn import no_grad
from foveal.nn.module import in_use
from foveal.nn.onnx import Graph, session

#: How far corners, in pixels of the picture, and probabilities may be from the engine's.
BOX_TOLERANCE, SCORE_TOLERANCE = 0.5, 1e-3
#: Suppression decides between boxes that overlap by just about the threshold; rounding may turn it.
TURNED = 0.02


def engine_detector(
    network: DetectionNetwork, backbone: Any, classes: Sequence[str]
) -> Callable[[NDArray[np.uint8]], Detections]:
    """A detector all of whose layers are computed by the training engine.

    Only the picture is fitted by ONNX Runtime: other resizing would be another picture.

    Parameters
    ----------
    network : DetectionNetwork
    backbone : EfficientNetLiteNetwork
    classes : sequence of str

    Returns
    -------
    callable
        From a picture, uint8 (H, W, 3), to its :class:`Detections`.
    """
    fit = _fitting(network.settings.size)
    levels = network.settings.levels

    def detect(image: NDArray[np.uint8]) -> Detections:
        batch, edges, factors = fit(image)
        x = np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
        with in_use([*network.modules(), *backbone.modules()]), no_grad():
            maps: dict[str, NDArray[Any]] = {}
            start = "image"
            for level in levels:
                x = maps[level] = backbone.stage(start, level)(x)
                start = level
            ((boxes, scores, labels),) = network.detect(maps, edges[None, 1::-1])
        return Detections(boxes * factors, scores, labels, tuple(classes))

    return detect


def check_agreement(
    found: Sequence[Detections],
    expected: Sequence[Detections],
    *,
    box_tolerance: float = BOX_TOLERANCE,
    score_tolerance: float = SCORE_TOLERANCE,
) -> int:
    """Refuse detections that are not those that were expected.

    Every detection needs a counterpart of its class in the other list whose corners and probability are as
    near as the tolerances. One in fifty may lack it, where suppression was a matter of rounding.

    Parameters
    ----------
    found, expected : sequence of Detections
        Of the same pictures.
    box_tolerance : float
        In pixels.
    score_tolerance : float

    Returns
    -------
    int
        How many were found.

    Raises
    ------
    ExportError
        If more lack a counterpart.
    """
    alone = total = 0
    for one, other in zip(found, expected, strict=True):
        for left, right in ((one, other), (other, one)):
            alone += int((~_has_counterpart(left, right, box_tolerance, score_tolerance)).sum())
            total += len(left)
    if alone > TURNED * total:
        raise ExportError(
            f"The ONNX graph does not find what the network finds: {alone} of {total} detections have no "
            f"counterpart within {box_tolerance:g} pixels and {score_tolerance:g} of probability."
        )
    return sum(map(len, found))


def _has_counterpart(
    left: Detections, right: Detections, box_tolerance: float, score_tolerance: float
) -> NDArray[np.bool_]:
    near = np.abs(left.boxes[:, None] - right.boxes).max(axis=2, initial=0) <= box_tolerance
    alike = np.abs(left.scores[:, None] - right.scores) <= score_tolerance
    same = left.labels[:, None] == right.labels
    return np.asarray((near & alike & same).any(axis=1))


def _fitting(longest: int) -> Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]:
    """What the graph makes of a picture first: the batch, its edges and the factors of its boxes."""
    from onnx import TensorProto, helper

    graph = Graph()
    fitted = fit_picture(graph, "image", "picture", longest=longest, mean=CENTER, scale=SCALE)
    names = [fitted.batch, fitted.edges, fitted.factors]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "picture", [image], ends, graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    model.ir_version = min(model.ir_version, helper.find_min_ir_version_for(model.opset_import))
    runner = session(model.SerializeToString())

    def fit(image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        result: list[NDArray[np.float32]] = runner.run(names, {"image": np.ascontiguousarray(image)})
        return result

    return fit
