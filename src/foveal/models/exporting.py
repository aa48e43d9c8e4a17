"""Trained models as ONNX files."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ExportError
from foveal.files import write_bytes
from foveal.images import working_image
from foveal.models.contracts import ClassifierModel, GuidedDetectorModel, Model, is_classifier, is_guided

#: How far a probability may be from the model's own: of an image in the size that is seen, or of a row; and
#: of one that the graph resizes, where a pixel may be rounded to the next number.
TOLERANCE, RESIZED_TOLERANCE = 1e-4, 1e-2


def export_model(
    model: Model, path: str | os.PathLike[str], *, images: Sequence[NDArray[np.uint8]] = ()
) -> str:
    """Write a trained model as an ONNX file that has been found to compute the same.

    A classifier's inputs and outputs are those of
    :func:`foveal.models.classifiers.onnx_graph.to_classifier_onnx`, a detector's those of
    :func:`foveal.models.detection.onnx.graph.to_detector_onnx` or, of one that is told where to look, of
    :func:`foveal.models.detection.onnx.fast_rcnn_graph.to_fast_rcnn_onnx`. The names of the classes are in
    the file's metadata: ``classes``, a JSON list, beside ``model`` and ``version``.

    Parameters
    ----------
    model : Model
        A classifier or a detector, fitted.
    path : path-like
        An existing file is replaced, if all goes well.
    images : sequence of ndarray of shape (H, W, 3), uint8
        What file and model are compared on; at least one, except for a classifier of rows, which is compared
        on random ones.

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
    if model.not_exportable is not None:
        raise ExportError(
            f"{model.name} cannot be exported: {model.not_exportable}. "
            f"What can: {', '.join(exportable_names())}."
        )
    if is_classifier(model):
        return _export_classifier(model, path, images)
    if is_guided(model):
        return _export_guided(model, path, images)
    from foveal.models.detection.onnx.parity import export_detector

    detector: Any = model
    compared = export_detector(
        detector.network_,
        detector.backbone_,
        detector.classes_,
        path,
        images,
        threshold=detector.threshold_,
    )
    return f"Checked on {_number(images)}: {compared} detections agree with the training engine's."


def _export_guided(
    model: GuidedDetectorModel, path: str | os.PathLike[str], images: Sequence[NDArray[np.uint8]]
) -> str:
    from foveal.models.detection.onnx import parity

    detector: Any = model

    def compared(detect: Any, some: Sequence[NDArray[np.uint8]], **tolerances: float) -> int:
        proposed = model.propose_all(some)
        found = [detect(image, proposals.boxes) for image, proposals in zip(some, proposed, strict=True)]
        return parity.check_agreement(found, model.predict(some), **tolerances)

    def check(detect: Any) -> int:
        compared(detect, [working_image(image, detector.features_.longest) for image in images])
        return compared(
            detect,
            images,
            box_tolerance=parity.RESIZED_BOX_TOLERANCE,
            score_tolerance=parity.RESIZED_SCORE_TOLERANCE,
            turned=parity.RESIZED_TURNED,
        )

    number = parity.write_checked(detector.to_onnx(), path, check)
    return f"Checked on {_number(images)}: {number} detections agree with the model's."


def _export_classifier(
    model: ClassifierModel, path: str | os.PathLike[str], images: Sequence[NDArray[np.uint8]]
) -> str:
    from foveal.models.classifiers.onnx_graph import to_classifier_onnx
    from foveal.nn.onnx import session

    graph = to_classifier_onnx(model)
    content = graph.SerializeToString(deterministic=True)
    runner = session(content)

    def probabilities(given: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(runner.run(None, {graph.graph.input[0].name: given})[0], np.float64)

    if not model.sees_images:
        width = graph.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        rows = np.random.default_rng(0).normal(size=(64, width)).astype(np.float32)
        difference = _difference(probabilities(rows), model.predict_proba(rows), TOLERANCE, path)
        write_bytes(path, content)
        return f"Checked on random rows: probabilities differ by at most {difference:.1g} from the model's."
    channels = graph.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    if channels != 3:
        # No file holds images of other channels.
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 256, (*side, channels), np.uint8) for side in ((90, 60), (200, 300))]
    seen = model.as_seen(list(images))
    differences = []
    for some, tolerance in ((list(seen), TOLERANCE), (list(images), RESIZED_TOLERANCE)):
        given = [np.repeat(x, 3, axis=2) if x.shape[2] == 1 else x for x in some]
        found = np.stack([probabilities(x) for x in given])
        differences.append(_difference(found, model.predict_proba(some), tolerance, path))
    write_bytes(path, content)
    return (
        f"Checked on {_number(images)}: probabilities differ from the model's by at most "
        f"{differences[1]:.1g}, by {differences[0]:.1g} where nothing is resized."
    )


def _difference(
    found: NDArray[np.float64], expected: NDArray[np.float64], tolerance: float, path: str | os.PathLike[str]
) -> float:
    """The largest of two lists of probabilities; refused where it is too large or decides on the class."""
    difference = float(np.abs(found - expected).max())
    chosen = np.take_along_axis(expected, found.argmax(1)[:, None], axis=1)[:, 0]
    # Of classes that are as probable either may be the first.
    if not difference <= tolerance or (expected.max(1) - chosen > tolerance).any():
        raise ExportError(
            f"The ONNX graph does not compute what the model does: probabilities differ by {difference:.2g}, "
            f"more than {tolerance:g}. {os.fspath(path)} was not written."
        )
    return difference


def _number(images: Sequence[Any]) -> str:
    return f"{len(images)} picture" + ("s" if len(images) != 1 else "")


def exportable_names() -> list[str]:
    """The names of the models that can be exported; one that chooses is exported as what it chose."""
    from foveal.models import MODELS, model_class

    kinds = {name: model_class(name) for name in MODELS}
    return [n for n, kind in kinds.items() if kind.not_exportable is None and not getattr(kind, "chooses", 0)]
