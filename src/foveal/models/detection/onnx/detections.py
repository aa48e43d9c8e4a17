"""From what the head says of regions to detections, as nodes of an ONNX graph, and the finished model."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from foveal.features.fitted_image import FittedImage
from foveal.models.detection.roi.head import BOX_WEIGHTS
from foveal.models.detection.roi.postprocess import Postprocessor
from foveal.nn.onnx import Graph
from foveal.nn.onnx import boxes as onnx_boxes
from foveal.nn.onnx.graph import Ends
from foveal.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

#: The first version of ONNX's operators whose ``Resize`` does not alias.
OPSET = 18

#: Adds what looks at regions: their name, float32 (R, 4), and a name for the nodes to logits and deltas.
Head = Callable[[str, str], tuple[str, str]]


def add_detections(
    graph: Graph,
    post: Postprocessor,
    logits: str,
    deltas: str,
    regions: str,
    image: FittedImage,
    *,
    head: Head | None = None,
) -> None:
    """The outputs ``boxes``, ``scores`` and ``labels``; see :class:`foveal.models.detection.Postprocessor`.

    A box that is too small or not probable enough stays in the arrays, with the score -1.

    Parameters
    ----------
    graph : Graph
    post : Postprocessor
    logits, deltas : str
        What the head says of the regions, float32 (R, K + 1) and (R, K, 4).
    regions : str
        float32 (R, 4), in pixels of the working image.
    image : FittedImage
    head : callable, optional
        What looks at moved boxes again, where there are ``refinements``.

    Raises
    ------
    ValueError
        If there are ``refinements`` and no ``head``.
    """
    scores = _probabilities(graph, logits, "classes")
    deltas = graph.add("Transpose", [deltas], "classes.deltas", perm=[1, 0, 2])
    boxes = _moved(graph, regions, deltas, image, "classes.boxes")
    enough = graph.add("GreaterOrEqual", [scores, graph.constant(post.min_score)], "classes.enough")
    for turn in range(post.refinements):
        if head is None:
            raise ValueError("refinements need a head that looks at the moved boxes again.")
        boxes, scores = _refined(graph, post, head, turn, boxes, scores, enough, image)
    large = _large(graph, post, boxes, "classes.large")
    there = graph.add("And", [enough, large], "classes.there")
    scores = graph.add("Where", [there, scores, graph.constant(-1)], "classes.scores")
    labels, indices = onnx_boxes.nms(
        graph, boxes, scores, "classes.nms", threshold=post.nms_threshold, above=-0.5
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
    chosen = graph.add("Gather", [labels, order], "labels", axis=0)
    places = graph.add("Gather", [places, order], "classes.best_places", axis=0)
    final = graph.add("GatherND", [boxes, places], "classes.best_boxes")
    if post.vote_threshold < 1:
        final = _voted(graph, final, chosen, boxes, scores, post.vote_threshold)
    own = graph.add("Mul", [final, image.factors], "classes.own_boxes")
    onnx_boxes.clip(graph, own, image.own_edges, "boxes")


def _probabilities(graph: Graph, logits: str, name: str) -> str:
    """Of each class but the background in each region, (K, R)."""
    every = graph.add("Softmax", [logits], f"{name}.probabilities", axis=1)
    every = graph.add("Transpose", [every], f"{name}.by_class", perm=[1, 0])
    first, last = graph.constant([0], np.int64), graph.constant([-1], np.int64)
    return graph.add("Slice", [every, first, last], f"{name}.objects")


def _moved(graph: Graph, boxes: str, deltas: str, image: FittedImage, name: str) -> str:
    moved = onnx_boxes.decode(graph, boxes, deltas, f"{name}.moved", weights=BOX_WEIGHTS)
    return onnx_boxes.clip(graph, moved, image.edges, name)


def _large(graph: Graph, post: Postprocessor, boxes: str, name: str) -> str:
    return onnx_boxes.large_enough(graph, boxes, post.min_side, name, equal=post.min_side > 0)


def _refined(
    graph: Graph,
    post: Postprocessor,
    head: Head,
    turn: int,
    boxes: str,
    scores: str,
    enough: str,
    image: FittedImage,
) -> tuple[str, str]:
    """Boxes, (K, R, 4), and scores, (K, R), after one more look at the probable ones."""
    name = f"again.{turn}"
    least = graph.constant(post.refined_from)
    probable = graph.add("GreaterOrEqual", [scores, least], f"{name}.probable")
    large = _large(graph, post, boxes, f"{name}.large")
    looked_at = graph.add("And", [probable, large], f"{name}.probable_and_large")
    looked_at = graph.add("And", [looked_at, enough], f"{name}.looked_at")
    places = graph.add("NonZero", [looked_at], f"{name}.found")
    places = graph.add("Transpose", [places], f"{name}.places", perm=[1, 0])
    labels = graph.add(
        "Slice",
        [places, *(graph.constant([end], np.int64) for end in (0, 1, 1))],
        f"{name}.labels",
    )
    old = graph.add("GatherND", [boxes, places], f"{name}.regions")
    logits, deltas = head(old, name)
    every = graph.add("Softmax", [logits], f"{name}.probabilities", axis=1)
    said = graph.add("GatherND", [every, labels], f"{name}.said", batch_dims=1)
    moves = graph.add("GatherND", [deltas, labels], f"{name}.own_deltas", batch_dims=1)
    moved = _moved(graph, old, moves, image, f"{name}.boxes")
    before = graph.add("GatherND", [scores, places], f"{name}.before")
    change = graph.add("Sub", [said, before], f"{name}.change")
    change = graph.add("Div", [change, graph.constant(turn + 2)], f"{name}.share")
    mean = graph.add("Add", [before, change], f"{name}.mean")
    return (
        graph.add("ScatterND", [boxes, places, moved], f"{name}.all_boxes"),
        graph.add("ScatterND", [scores, places, mean], f"{name}.all_scores"),
    )


def _voted(graph: Graph, chosen: str, labels: str, boxes: str, scores: str, least: float) -> str:
    """The chosen boxes, (D, 4), each the weighted mean of those of its class that overlap it by ``least``."""
    from onnx import TensorProto, helper

    voters = graph.add("Gather", [boxes, labels], "vote.boxes", axis=0)
    weights = graph.add("Gather", [scores, labels], "vote.scores", axis=0)
    own = graph.add("Unsqueeze", [chosen, graph.constant([1], np.int64)], "vote.chosen")
    overlaps = onnx_boxes.iou(graph, own, voters, "vote.overlaps")
    near = graph.add("GreaterOrEqual", [overlaps, graph.constant(least)], "vote.near")
    # Those that do not count have the score -1.
    weights = graph.add("Max", [weights, graph.constant(0)], "vote.of_those_there")
    weights = graph.add("Where", [near, weights, graph.constant(0)], "vote.weights")
    rows = graph.add("Unsqueeze", [weights, graph.constant([1], np.int64)], "vote.rows")
    total = graph.add("MatMul", [rows, voters], "vote.total")
    # A product with ones: the sum of nothing has another shape in older versions of ONNX Runtime.
    length = graph.add("Shape", [weights], "vote.length", start=1, end=2)
    shape = graph.add("Concat", [length, graph.constant([1], np.int64)], "vote.shape", axis=0)
    one = helper.make_tensor("value", TensorProto.FLOAT, [1], [1])
    ones = graph.add("ConstantOfShape", [shape], "vote.ones", value=one)
    number = graph.add("MatMul", [rows, ones], "vote.number")
    mean = graph.add("Div", [total, number], "vote.means")
    return graph.add("Squeeze", [mean, graph.constant([1], np.int64)], "vote.voted")


def detector_model(
    graph: Graph,
    model: str,
    classes: Sequence[str],
    *,
    threshold: float,
    inputs: Mapping[str, Ends] | None = None,
    doc: str = "",
    metadata: Mapping[str, str] | None = None,
) -> "ModelProto":
    """The finished model of a graph that has an input ``image`` and the outputs of :func:`add_detections`.

    Parameters
    ----------
    graph : Graph
    model : str
        The name of the kind of detector.
    classes : sequence of str
    threshold : float
    inputs : mapping of str to (dtype, sides), optional
        Those beside ``image``.
    doc : str, default=""
        About these.
    metadata : mapping of str to str, optional
        Beside ``classes``, ``model``, ``version`` and ``threshold``.

    Returns
    -------
    onnx.ModelProto
        Checked but not run.
    """
    return graph.model(
        "detector",
        {"image": (np.uint8, ["height", "width", 3]), **(inputs or {})},
        {
            "boxes": (np.float32, ["objects", 4]),
            "scores": (np.float32, ["objects"]),
            "labels": (np.int64, ["objects"]),
        },
        opset=OPSET,
        doc=f"image: RGB, 0 to 255. boxes: x1, y1, x2, y2 in its pixels, half-open.{doc}",
        metadata={
            "classes": classes,
            "model": model,
            "version": __version__,
            "threshold": repr(float(threshold)),
            **(metadata or {}),
        },
    )
