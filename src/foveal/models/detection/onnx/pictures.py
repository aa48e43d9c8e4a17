"""A picture of any size brought to what a backbone takes, as nodes of an ONNX graph."""

from dataclasses import dataclass

import numpy as np

from foveal.nn.onnx import Graph


@dataclass(frozen=True)
class FittedPicture:
    """Names of the values that :func:`fit_picture` adds.

    Attributes
    ----------
    batch : str
        float32 (1, 3, rows, columns), rows and columns multiples of 32, zero outside the picture.
    edges : str
        float32 (4,): width, height, width, height of the fitted picture, without what was added.
    factors : str
        float32 (4,): what its boxes are multiplied by to be boxes in the picture that was given.
    own_edges : str
        float32 (4,): width, height, width, height of the picture that was given.
    """

    batch: str
    edges: str
    factors: str
    own_edges: str


def fit_picture(
    graph: Graph, image: str, name: str, *, longest: int, multiple: int = 32, mean: float, scale: float
) -> FittedPicture:
    """Resize a picture, bring its pixels to ``(x - mean) / scale`` and pad it.

    The longer side becomes ``longest``, larger or smaller; interpolation is linear, over a wider window where
    a side shrinks, so that nothing is aliased (ONNX's ``Resize`` with ``antialias``, opset 18). Zeros are
    added at the right and the bottom.

    Parameters
    ----------
    graph : Graph
    image : str
        uint8 (H, W, 3).
    name : str
    longest : int
        In pixels; see :func:`foveal.models.detection.training.views.working_size`.
    multiple : int, default=32
        What the sides are padded to multiples of.
    mean, scale : float

    Returns
    -------
    FittedPicture
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
    pixels = graph.add("Sub", [pixels, graph.constant(mean)], f"{name}.centred")
    pixels = graph.add("Mul", [pixels, graph.constant(1 / scale)], f"{name}.scaled")
    missing = graph.add(
        "Mod", [graph.add("Neg", [fitted], f"{name}.negative"), whole(multiple)], f"{name}.missing"
    )
    pads = graph.add("Concat", [whole(0, 0, 0, 0, 0, 0), missing], f"{name}.pads", axis=0)
    batch = graph.add("Pad", [pixels, pads, graph.constant(0)], f"{name}.batch")

    def edges(value: str, end: str) -> str:
        reverse = whole(1, 0, 1, 0)
        return graph.add("Gather", [value, reverse], f"{name}.{end}", axis=0)

    return FittedPicture(
        batch,
        graph.add("Cast", [edges(fitted, "fitted_edges")], f"{name}.edges", to=1),
        edges(ratio, "factors"),
        graph.add("Cast", [edges(sides, "given_edges")], f"{name}.own_edges", to=1),
    )
