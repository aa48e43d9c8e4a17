"""A detector as one ONNX file, found to detect what the training engine detects before it is there."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.data.detections import Detections
from foveal.errors import ExportError
from foveal.features import Backbone, stack_images
from foveal.files import write_bytes
from foveal.images import working_image
from foveal.models.detection.network import DetectionNetwork
from foveal.models.detection.onnx.graph import to_detector_onnx
from foveal.models.detection.onnx.runner import Detector

if TYPE_CHECKING:
    from onnx import ModelProto

#: How far corners, in pixels of the image, and probabilities may be from the engine's.
BOX_TOLERANCE, SCORE_TOLERANCE = 0.5, 1e-3
#: Suppression decides between boxes that overlap by just about the threshold; rounding may turn it.
TURNED = 0.02
#: All three of images that the graph resizes, where a pixel may be rounded to the next number: most of a
#: hundred detections are so weak that it turns some.
RESIZED_BOX_TOLERANCE, RESIZED_SCORE_TOLERANCE, RESIZED_TURNED = 1.0, 1e-2, 0.1


def export_detector(
    network: DetectionNetwork,
    backbone: Backbone,
    classes: Sequence[str],
    path: str | os.PathLike[str],
    images: Sequence[NDArray[np.uint8]],
    *,
    threshold: float = 0.5,
) -> int:
    """Write a detector as an ONNX file that has been found to detect the same as the training engine.

    Both are given the images as the network was trained on them, brought to its working size by
    :func:`foveal.images.resize`: the engine's maps are the backbone's own.

    Parameters
    ----------
    network : DetectionNetwork
    backbone : Backbone
    classes : sequence of str
    path : path-like
        An existing file is replaced, if all goes well.
    images : sequence of ndarray of shape (H, W, 3), uint8
        What both are compared on; at least one.
    threshold : float, default=0.5
        See :func:`foveal.models.detection.onnx.graph.to_detector_onnx`.

    Returns
    -------
    int
        How many detections were compared; see :func:`check_agreement`.

    Raises
    ------
    ExportError
        If a layer has no counterpart in ONNX, or the detections differ. ``path`` is left as it was.
    """
    expect = engine_detector(network, backbone, classes)
    working = [working_image(image, network.settings.size) for image in images]

    def check(detect: Detector) -> int:
        with parallel.blas_threads(parallel.cores()):
            expected = [expect(image) for image in working]
        return check_agreement([detect(image) for image in working], expected)

    return write_checked(to_detector_onnx(network, backbone, classes, threshold=threshold), path, check)


def write_checked(model: "ModelProto", path: str | os.PathLike[str], check: Callable[[Detector], int]) -> int:
    """Write a detector's ONNX model, unless what it finds is refused.

    Parameters
    ----------
    model : onnx.ModelProto
    path : path-like
        An existing file is replaced, if all goes well.
    check : callable
        Lets the model detect and says how many detections were compared; raises ExportError where they are
        not those that were expected.

    Returns
    -------
    int
        What ``check`` said.

    Raises
    ------
    ExportError
        If ``check`` does. ``path`` is left as it was.
    """
    content = model.SerializeToString(deterministic=True)
    try:
        compared = check(Detector(content))
    except ExportError as error:
        raise ExportError(f"{error} {os.fspath(path)} was not written.") from error
    write_bytes(path, content)
    return compared


def engine_detector(
    network: DetectionNetwork, backbone: Backbone, classes: Sequence[str]
) -> Callable[[NDArray[np.uint8]], Detections]:
    """What the training engine finds in an image of the working size, on :meth:`Backbone.maps` themselves.

    Parameters
    ----------
    network : DetectionNetwork
    backbone : Backbone
    classes : sequence of str

    Returns
    -------
    callable
        From an image, uint8 (H, W, 3), its longer side the network's ``size``, to its :class:`Detections`.
    """

    def detect(image: NDArray[np.uint8]) -> Detections:
        maps = backbone.maps(stack_images([image], backbone), network.settings.levels)
        (trace,) = network.trace(maps, np.array([image.shape[:2]], np.float32))
        found = trace.detected
        return Detections(found.boxes, found.scores, found.labels, tuple(classes))

    return detect


def check_agreement(
    found: Sequence[Detections],
    expected: Sequence[Detections],
    *,
    box_tolerance: float = BOX_TOLERANCE,
    score_tolerance: float = SCORE_TOLERANCE,
    turned: float = TURNED,
) -> int:
    """Refuse detections that are not those that were expected.

    Every detection needs a counterpart of its class in the other list whose corners and probability are as
    near as the tolerances. A few may lack it, where suppression was a matter of rounding.

    Parameters
    ----------
    found, expected : sequence of Detections
        Of the same images.
    box_tolerance : float
        In pixels.
    score_tolerance : float
    turned : float, default=0.02
        The share that may lack a counterpart.

    Returns
    -------
    int
        How many were found.

    Raises
    ------
    ExportError
        If more lack a counterpart, or there is nothing to compare.
    """
    alone = total = 0
    for one, other in zip(found, expected, strict=True):
        for left, right in ((one, other), (other, one)):
            alone += int((~_has_counterpart(left, right, box_tolerance, score_tolerance)).sum())
            total += len(left)
    if not total:
        raise ExportError(
            "Neither the ONNX graph nor the network finds anything in these pictures, so that nothing was "
            "compared: check it on pictures with objects, or train longer."
        )
    if alone > turned * total:
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
