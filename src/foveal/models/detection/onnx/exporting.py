"""A detector as one ONNX file, checked before it is there."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.errors import ExportError
from foveal.files import write_bytes
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.graph import to_detector_onnx
from foveal.models.detection.onnx.parity import check_agreement, engine_detector
from foveal.models.detection.onnx.runner import Detector


def export_detector(
    network: DetectionNetwork,
    backbone: Any,
    classes: Sequence[str],
    path: str | os.PathLike[str],
    pictures: Sequence[NDArray[np.uint8]],
    *,
    threshold: float = 0.5,
) -> int:
    """Write a detector as an ONNX file that has been found to detect the same as the training engine.

    Parameters
    ----------
    network : DetectionNetwork
    backbone : EfficientNetLiteNetwork
    classes : sequence of str
    path : path-like
        An existing file is replaced, if all goes well.
    pictures : sequence of ndarray of shape (H, W, 3), uint8
        What both are compared on; at least one.
    threshold : float, default=0.5
        See :func:`foveal.models.detection.onnx.graph.to_detector_onnx`.

    Returns
    -------
    int
        How many detections were compared; see :func:`foveal.models.detection.onnx.parity.check_agreement`.

    Raises
    ------
    ExportError
        If a layer has no counterpart in ONNX, or the detections differ. ``path`` is left as it was.
    """
    model = to_detector_onnx(network, backbone, classes, threshold=threshold)
    content = model.SerializeToString(deterministic=True)
    detect, expect = Detector(content), engine_detector(network, backbone, classes)
    with parallel.blas_threads(parallel.cores()):
        expected = [expect(picture) for picture in pictures]
    try:
        compared = check_agreement(detect.several(pictures), expected)
    except ExportError as error:
        raise ExportError(f"{error} {os.fspath(path)} was not written.") from error
    write_bytes(path, content)
    return compared
