"""A whole classifier as one ONNX graph: from the pixels of an image of any size to its probabilities.

It resizes as :func:`foveal.images.resize` does; see :mod:`foveal.nn.onnx.resizing`.
"""

from typing import TYPE_CHECKING

import numpy as np

from foveal.models.contracts import ClassifierModel
from foveal.nn.onnx import Graph, Value, convert
from foveal.nn.onnx.graph import Ends
from foveal.nn.onnx.resizing import resized
from foveal.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 17
# The weights of luma (ITU-R BT.601).
_LUMA = [[0.299], [0.587], [0.114]]


def to_classifier_onnx(model: ClassifierModel) -> "ModelProto":
    """The ONNX model of a fitted classifier, checked by ``onnx.checker`` but not run.

    Parameters
    ----------
    model : ClassifierModel

    Returns
    -------
    onnx.ModelProto
        Of a classifier of images, the input ``image`` is uint8 (H, W, 3), RGB, of any size, and the output
        ``probabilities`` float32 (K,). Of one of rows, the input ``rows`` is float32 (N, D) and the output
        ``probabilities`` (N, K). The metadata has ``classes``, the names as a JSON list, ``model`` and
        ``version``.

    Raises
    ------
    ExportError
        If the classifier is no network, or a layer has no counterpart in ONNX.
    """
    network, shape = model.as_network()
    graph = Graph()
    given: list[str | int]
    if model.sees_images:
        height, width, channels = shape
        # Grey values are made of colours.
        given = ["height", "width", 3 if channels == 1 else channels]
        pixels = graph.add("Cast", ["image"], "pixels", to=1)
        if channels == 1:
            pixels = graph.add("MatMul", [pixels, graph.constant(_LUMA)], "luma")
            pixels = graph.add("Round", [pixels], "grey")
        sides = [graph.constant([side], np.int64) for side in (height, width)]
        batch = resized(graph, pixels, sides, channels, "resized", enlarging=model.enlarging)
        start: dict[str, Ends] = {"image": (np.uint8, given)}
        end: list[str | int] = [len(model.classes_)]
    else:
        given, end = ["batch", int(np.prod(shape))], ["batch", len(model.classes_)]
        batch = "rows"
        if len(shape) == 3:
            folded = graph.add("Reshape", ["rows", graph.constant([-1, *shape], np.int64)], "folded")
            batch = graph.add("Transpose", [folded], "channels_first", perm=[0, 3, 1, 2])
        start = {"rows": (np.float32, given)}
    answer = convert(network, graph, Value(batch, shape), "network").name
    wanted = [-1] if model.sees_images else [-1, len(model.classes_)]
    graph.add("Reshape", [answer, graph.constant(wanted, np.int64)], "probabilities")
    return graph.model(
        "classifier",
        start,
        {"probabilities": (np.float32, end)},
        opset=OPSET,
        doc="image: RGB, 0 to 255." if model.sees_images else "",
        metadata={
            "classes": [str(c) for c in model.classes_],
            "model": model.name,
            "version": __version__,
        },
    )
