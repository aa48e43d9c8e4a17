"""Explanations of a model's answers, gathered for reports and pages."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.data import Dataset
from foveal.data.checks.images import is_blank
from foveal.errors import ImageError
from foveal.images import read
from foveal.models import contracts
from foveal.models.explaining.attention import with_attention

if TYPE_CHECKING:
    from foveal.report.records import ClassificationRecord, DetectionRecord, NetworkLook
    from foveal.runs.measuring import Record

# Mistakes that a report explains, and what the maps of them may take.
_MISTAKES = 12
_SECONDS = 4.0


def sees_images(model: contracts.ClassifierModel) -> bool:
    """Whether a classifier was trained on images, not on rows of numbers."""
    try:
        model.as_seen([np.zeros((8, 8, 3), np.uint8)])
    except ValueError:
        return False
    return True


def activation_map(
    model: contracts.NetworkModel, image: NDArray[np.uint8], label: int
) -> NDArray[np.float32]:
    """Grad-CAM of one image for a class, (h, w)."""
    from foveal.models import class_activation_maps

    return np.asarray(class_activation_maps(model, [image], [label])[0])


def look_inside(model: contracts.NetworkModel, name: str, image: NDArray[np.uint8]) -> "NetworkLook":
    """What a convolutional network makes of an image."""
    from foveal.models import first_layer_filters, stage_maps
    from foveal.report.records import NetworkLook

    stages = {place: maps[0] for place, maps in stage_maps(model, [image]).items()}
    return NetworkLook(name, image, first_layer_filters(model), stages)


def explained(record: "Record", model: contracts.Model) -> "Record":
    """A record with what explains the answers of its model.

    Of a classifier these are maps of its surest mistakes, and of a network what is inside; of a detector that
    proposes by itself the trace of one image.
    """
    from foveal.report.records import ClassificationRecord, DetectionRecord

    if contracts.is_classifier(model) and isinstance(record, ClassificationRecord):
        return _with_maps(record, model) if sees_images(model) else record
    if contracts.is_detector(model) and model.proposes_itself and isinstance(record, DetectionRecord):
        return _with_trace(record, model)
    return record


def _with_maps(record: "ClassificationRecord", model: contracts.ClassifierModel) -> "ClassificationRecord":
    """Grad-CAM where the layers keep places, else occlusion, as far as a few seconds allow."""
    from foveal.models import occlusion_map

    known = {name: i for i, name in enumerate(model.classes_.tolist())}
    maps: dict[int, NDArray[np.floating[Any]]] = {}
    start = time.perf_counter()
    for index, image in _readable(record.test, record.surest_mistakes(_MISTAKES)):
        label = known.get(record.test.classes[int(record.predictions[index])])
        if label is None:
            continue
        if contracts.is_convolutional(model):
            maps[index] = activation_map(model, image, label)
        else:
            maps[index] = occlusion_map(model, image, label)
        if time.perf_counter() - start > _SECONDS:
            break
    if not contracts.is_convolutional(model):
        return replace(record, explanations=maps, explained_by="occlusion")
    # Of an image of one colour there is nothing to be seen inside, unless there are no others.
    shown = _readable(record.test, range(len(record.test)))
    first = next(((i, image) for i, image in shown if not is_blank(image)), None)
    first = first or next(_readable(record.test, range(len(record.test))), None)
    look = None if first is None else look_inside(model, record.names[record.test[first[0]].path], first[1])
    return replace(record, explanations=maps, explained_by="Grad-CAM", look=look)


def _with_trace(record: "DetectionRecord", model: contracts.DetectorModel) -> "DetectionRecord":
    """The trace of one held-out image: one with objects, in which the detector is as good as in most."""
    from foveal.report.verdicts import judge

    with_objects = [i for i, sample in enumerate(record.test) if sample.trainable.any()]
    if not with_objects:
        return record
    good = [
        judge(record.test[i], record.detections[i], score_threshold=record.score_threshold).f1
        for i in with_objects
    ]
    order = np.argsort(-np.array(good), kind="stable").tolist()
    middle = len(order) // 2
    # The next ones stand in for an image that cannot be read, or is of one colour.
    ranked = [with_objects[place] for place in (*order[middle:], *reversed(order[:middle]))]
    for index, image in _readable(record.test, ranked):
        if is_blank(image):
            continue
        sample = record.test[index]
        known = sample.trainable
        names = [record.test.classes[int(label)] for label in sample.labels[known]]
        trace = with_attention(model, model.trace(image, sample.boxes[known], object_names=names))
        return replace(record, steps=trace, steps_of=record.names[sample.path])
    return record


def _readable(dataset: Dataset, indices: Iterable[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for index in indices:
        try:
            yield index, read(dataset[index].path)
        except (ImageError, OSError):
            continue
