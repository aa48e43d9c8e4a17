"""An image of any size brought to what a backbone takes, as nodes of an ONNX graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foveal.features.backbone import Backbone
from foveal.nn.onnx import Graph
from foveal.nn.onnx.resizing import resized


@dataclass(frozen=True)
class FittedImage:
    """Names of the values that :func:`fit_image` adds.

    Attributes
    ----------
    batch : str
        float32 (1, 3, rows, columns), rows and columns multiples of 32, zero outside the image.
    edges : str
        float32 (4,): width, height, width, height of the fitted image, without what was added.
    factors : str
        float32 (4,): what its boxes are multiplied by to be boxes in the image that was given.
    own_edges : str
        float32 (4,): width, height, width, height of the image that was given.
    """

    batch: str
    edges: str
    factors: str
    own_edges: str


def fit_image(
    graph: Graph,
    image: str,
    name: str,
    *,
    longest: int,
    backbone: Backbone,
    how: Literal["antialias", "areas"] = "antialias",
) -> FittedImage:
    """Resize an image, pad it and normalise its pixels.

    The longer side becomes ``longest``, larger or smaller. The backbone's value is added at the right and the
    bottom.

    Parameters
    ----------
    graph : Graph
    image : str
        uint8 (H, W, 3).
    name : str
    longest : int
        In pixels; see :func:`foveal.images.working_size`.
    backbone : Backbone
        Its normalisation and padding are meant.
    how : {"antialias", "areas"}, default="antialias"
        Linear interpolation, over a wider window where a side shrinks, so that nothing is aliased (ONNX's
        ``Resize`` with ``antialias``, opset 18); or as :func:`foveal.images.resize`, which averages areas and
        gives whole numbers: slower, for a network that has learned from such images.

    Returns
    -------
    FittedImage
    """

    def whole(*values: int) -> str:
        return graph.constant(values, np.int64)

    sides = graph.add("Shape", [image], f"{name}.given", end=2)
    exact = graph.add("Cast", [sides], f"{name}.exact", to=11)
    longer = graph.add("ReduceMax", [exact], f"{name}.longer", keepdims=1)
    wanted = graph.add("Mul", [exact, graph.constant(longest, np.float64)], f"{name}.times")
    wanted = graph.add("Round", [graph.add("Div", [wanted, longer], f"{name}.wanted")], f"{name}.round")
    wanted = graph.add("Max", [wanted, graph.constant(1, np.float64)], f"{name}.rounded")
    fitted = graph.add("Cast", [wanted], f"{name}.sides", to=7)
    ratio = graph.add("Cast", [graph.add("Div", [exact, wanted], f"{name}.ratio")], f"{name}.ratios", to=1)

    pixels = graph.add("Cast", [image], f"{name}.pixels", to=1)
    if how == "areas":
        size = graph.add_several("Split", [fitted], [f"{name}.rows", f"{name}.columns"], num_outputs=2)
        pixels = resized(graph, pixels, size, 3, f"{name}.resized")
    else:
        pixels = graph.add("Unsqueeze", [pixels, whole(0)], f"{name}.one")
        sizes = graph.add("Concat", [whole(1), fitted, whole(3)], f"{name}.sizes", axis=0)
        pixels = graph.add(
            "Resize",
            [pixels, "", "", sizes],
            f"{name}.resized",
            mode="linear",
            antialias=1,
            coordinate_transformation_mode="half_pixel",
        )
        pixels = graph.add("Transpose", [pixels], f"{name}.channels_first", perm=[0, 3, 1, 2])
    missing = graph.add(
        "Mod",
        [graph.add("Neg", [fitted], f"{name}.negative"), whole(backbone.size_divisibility)],
        f"{name}.missing",
    )
    pads = graph.add("Concat", [whole(0, 0, 0, 0, 0, 0), missing], f"{name}.pads", axis=0)
    pixels = graph.add("Pad", [pixels, pads, graph.constant(backbone.pad_value)], f"{name}.padded")
    pixels = graph.add("Sub", [pixels, graph.constant(_by_channel(backbone.pixel_mean))], f"{name}.centred")
    # Multiplied as the backbone's own graph does.
    factor = (1 / _by_channel(backbone.pixel_std)).astype(np.float32)
    batch = graph.add("Mul", [pixels, graph.constant(factor)], f"{name}.batch")

    def edges(value: str, end: str) -> str:
        reverse = whole(1, 0, 1, 0)
        return graph.add("Gather", [value, reverse], f"{name}.{end}", axis=0)

    return FittedImage(
        batch,
        graph.add("Cast", [edges(fitted, "fitted_edges")], f"{name}.edges", to=1),
        edges(ratio, "factors"),
        graph.add("Cast", [edges(sides, "given_edges")], f"{name}.own_edges", to=1),
    )


def _by_channel(values: float | Sequence[float]) -> NDArray[np.float64]:
    """One number, or one a channel, for arrays with the channels first."""
    return np.broadcast_to(np.asarray(values, np.float64), 3).reshape(3, 1, 1)
