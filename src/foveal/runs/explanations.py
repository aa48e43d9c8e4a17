"""Explanations of a model's answers, gathered for reports and pages."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError, SettingError
from foveal.images import read

if TYPE_CHECKING:
    from foveal.report import ClassificationRecord, DetectionRecord, NetworkLook

# Mistakes that a report explains, and what occlusion may take for them.
_MISTAKES = 12
_SECONDS = 4.0


def has_maps(estimator: Any) -> bool:
    """Whether a classifier is a network whose layers keep places, as Grad-CAM needs."""
    from foveal import nn

    network = getattr(estimator, "network_", None)
    return network is not None and any(isinstance(module, nn.Conv2d) for module in network.modules())


def activation_map(estimator: Any, image: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
    """Grad-CAM of one picture for a class, (h, w)."""
    from foveal.models import class_activation_maps

    return np.asarray(class_activation_maps(estimator, [image], [label])[0])


def look_inside(estimator: Any, name: str, image: NDArray[np.uint8]) -> "NetworkLook":
    """What a convolutional network makes of a picture."""
    from foveal.models import first_layer_filters, stage_maps
    from foveal.report import NetworkLook

    stages = {place: maps[0] for place, maps in stage_maps(estimator, [image]).items()}
    return NetworkLook(name, image, first_layer_filters(estimator), stages)


def with_explanations(record: "ClassificationRecord", estimator: Any) -> "ClassificationRecord":
    """A record with the maps of its surest mistakes, and of a network what is inside.

    Networks with convolutions are explained by Grad-CAM; other classifiers by occlusion, as many of the
    mistakes as a few seconds allow.
    """
    from foveal.models import occlusion_map

    try:
        estimator.as_seen([np.zeros((8, 8, 3), np.uint8)])
    except ValueError:
        # It sees no pictures.
        return record
    by_gradient = has_maps(estimator)
    known = {name: i for i, name in enumerate(estimator.classes_.tolist())}
    maps: dict[int, NDArray[np.floating[Any]]] = {}
    start = time.perf_counter()
    for index, image in _readable(record, record.surest_mistakes(_MISTAKES)):
        label = known.get(record.test.classes[int(record.predictions[index])])
        if label is None:
            continue
        maps[index] = (
            activation_map(estimator, image, label) if by_gradient else occlusion_map(estimator, image, label)
        )
        if time.perf_counter() - start > _SECONDS:
            break
    look = None
    if by_gradient:
        for index, image in _readable(record, range(len(record.test))):
            look = look_inside(estimator, record.test[index].name, image)
            break
    return replace(
        record, explanations=maps, explained_by="Grad-CAM" if by_gradient else "occlusion", look=look
    )


def with_traces(record: "DetectionRecord", estimator: Any) -> "DetectionRecord":
    """A record with the steps of a detector in one held-out picture: one with objects, as good as most."""
    from foveal.report.verdicts import judge

    with_objects = [i for i, sample in enumerate(record.test) if sample.trainable.any()]
    if not with_objects:
        return record
    good = [
        judge(record.test[i], record.detections[i], score_threshold=record.score_threshold).f1
        for i in with_objects
    ]
    order = np.argsort(-np.array(good), kind="stable")
    sample = record.test[with_objects[int(order[len(order) // 2])]]
    known = sample.trainable
    names = [record.test.classes[int(label)] for label in sample.labels[known]]
    try:
        steps = estimator.trace(sample.path, sample.boxes[known], object_names=names)
    except (ImageError, OSError):
        return record
    return replace(record, steps=steps, steps_of=sample.name)


def class_index(estimator: Any, name: str) -> int:
    """The place of a class by its name.

    Raises
    ------
    SettingError
        If there is no such class; the sentence names the nearest.
    """
    from difflib import get_close_matches

    names = [str(c) for c in estimator.classes_]
    if name in names:
        return names.index(name)
    near = get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SettingError(f"There is no class {name!r}.{hint} The classes are {', '.join(names)}.")


def _readable(
    record: "ClassificationRecord", indices: "list[int] | range"
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    for index in indices:
        try:
            yield index, read(record.test[index].path)
        except (ImageError, OSError):
            continue
