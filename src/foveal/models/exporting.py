"""Trained models as ONNX files."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import nn
from foveal.errors import ExportError
from foveal.models.contracts import is_detector
from foveal.models.file_metadata import metadata_of


def export_model(
    model: Any, path: str | os.PathLike[str], *, pictures: Sequence[NDArray[np.uint8]] = ()
) -> str:
    """Write a trained model as an ONNX file that has been found to compute the same.

    A classifier's input is ``input``, float32 (N, rows, columns, channels), pixels from 0 to 255 in the size
    that it was trained on, and its output ``output``, float32 (N, K), the probabilities. A detector's are
    those of :func:`foveal.models.detection.onnx.graph.to_detector_onnx`. The names of the classes are in the
    file's metadata: ``classes``, a JSON list, beside ``model`` and ``version``.

    Parameters
    ----------
    model : estimator
        A classifier with a method ``as_network``, or a detector with a method ``to_onnx``.
    path : path-like
        An existing file is replaced, if all goes well.
    pictures : sequence of ndarray of shape (H, W, 3), uint8
        What a detector is compared on; classifiers are compared on random pixels.

    Returns
    -------
    str
        What was compared, as a sentence.

    Raises
    ------
    ExportError
        If the model cannot be written, or the file would compute something else. ``path`` is left as it
        was.
    """
    name = model.name
    if is_detector(model) and model.not_exportable is None:
        from foveal.models.detection.onnx.parity import export_detector

        detector: Any = model
        compared = export_detector(
            detector.network_,
            detector.backbone_,
            model.classes_,
            path,
            pictures,
            threshold=model.threshold_,
        )
        return (
            f"Checked on {len(pictures)} {'picture' if len(pictures) == 1 else 'pictures'}: {compared} "
            "detections agree with the training engine's."
        )
    if model.not_exportable is not None:
        raise ExportError(
            f"{name} cannot be exported: {model.not_exportable}. What can: {', '.join(exportable_names())}."
        )
    network, shape = model.as_network()
    example = np.random.default_rng(0).integers(0, 256, (4, *shape)).astype(np.float32)
    difference = nn.export(
        network,
        path,
        input_shape=shape,
        example=example,
        # A deep network's sums differ in more than the last bits.
        tolerance=1e-4,
        layout="NHWC",
        metadata=metadata_of(name, [str(c) for c in model.classes_]),
    )
    return f"Checked on random pixels: probabilities differ by {difference:.1g} from the training engine's."


def exportable_names() -> list[str]:
    """The names of the models that can be exported."""
    from foveal.models import MODELS, model_class

    return [name for name in MODELS if model_class(name).not_exportable is None]
