"""A detector's ONNX graph with whole numbers of eight bits, for processors that multiply them faster."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What stays in float: the numbers that boxes and classes are read off, where a step of eight bits is large.
KEPT = ("rpn.", "head", "regions", "proposals", "boxes", "scores")


def quantize(content: bytes, images: Sequence[NDArray[np.uint8]]) -> bytes:
    """A graph whose convolutions compute in int8: static, by ONNX Runtime's own tool.

    Weights are quantized by channel, activations by their range on the images. The backbone and the pyramid
    are; the heads, boxes and suppression stay in float, with what brings the image to its size.

    Parameters
    ----------
    content : bytes
        An ONNX model with one input, ``image``, such as ``foveal export`` writes of a ``faster-rcnn``.
    images : sequence of ndarray of shape (H, W, 3), uint8
        What ranges are taken from: some that it was trained on, at least one.

    Returns
    -------
    bytes

    References
    ----------
    B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", CVPR 2018, section 2.1.
    """
    import logging

    import onnx
    from onnxruntime import quantization

    if not images:
        raise ValueError("Ranges need at least one image.")

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc,unused-ignore]
        def __init__(self) -> None:
            self.left: Iterator[NDArray[np.uint8]] = iter(images)

        def get_next(self) -> dict[str, Any] | None:
            image = next(self.left, None)
            return None if image is None else {"image": np.ascontiguousarray(image)}

    model = onnx.load_from_string(content)
    some = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and not any(node.name.startswith(kept) for kept in KEPT)
    ]
    silent = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it recommends a preparation that changes the names of nodes
    try:
        with tempfile.TemporaryDirectory(prefix="foveal-") as folder:
            written = Path(folder) / "int8.onnx"
            quantization.quantize_static(
                model,
                os.fspath(written),
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                op_types_to_quantize=["Conv"],
                nodes_to_quantize=some,
                calibrate_method=quantization.CalibrationMethod.MinMax,
            )
            return written.read_bytes()
    finally:
        logging.disable(silent)
