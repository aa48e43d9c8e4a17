"""Label Studio: its JSON and JSON-MIN exports, read; tasks that are labelled before, written."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset, Finding
from foveal.data.documents import Documents
from foveal.data.file_tree import Match, Tree
from foveal.data.formats.drawings import gather, tell_broken
from foveal.data.formats.label_studio.files import (
    Regions,
    Task,
    is_of_boxes,
    is_of_choices,
    labels_of,
    regions_of,
    size_of,
    tasks_of,
    value_of,
)
from foveal.data.formats.records import Reading, record_of
from foveal.data.formats.writing import Pictures, check_detection, check_sizes, place_image, unique_names
from foveal.errors import ImageError
from foveal.files import write_json, write_text
from foveal.images import probe

# What is put before the names of files that are uploaded; the digits are eight, unless somebody made them.
_UPLOADED = re.compile(r"^[0-9a-f]+-")


@dataclass
class LabelStudioFile:
    """What a file says.

    Attributes
    ----------
    tasks : list of Task
    labels : list of str
        The classes in their order, of a labelling configuration.
    """

    tasks: list[Task] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


def take(content: Any, file: str) -> LabelStudioFile | None:
    """What a file says of boxes, given its content; None where it is none or of choices."""
    if isinstance(content, Element):
        labels = labels_of(content)
        return LabelStudioFile(labels=labels) if labels else None
    tasks = tasks_of(content)
    return None if tasks is None or _choices_alone(tasks) else LabelStudioFile(tasks)


def take_choices(content: Any, file: str) -> LabelStudioFile | None:
    """What a file says of the classes of whole images; None where it is no such file of Label Studio."""
    tasks = tasks_of(content)
    return LabelStudioFile(tasks) if tasks is not None and _choices_alone(tasks) else None


def _choices_alone(tasks: Sequence[Task]) -> bool:
    return any(map(is_of_choices, tasks)) and not any(map(is_of_boxes, tasks))


class _Images:
    """The images that tasks are about."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._stored: dict[str, list[str]] | None = None

    def of(self, task: Task, file: str) -> Match:
        """The image that a task names, as it is called there or was before it was uploaded."""
        for named in dict.fromkeys(name for name in (task.named, task.uploaded) if name):
            match = self._tree.image_named(named, near=file)
            if match.image is not None or match.rivals:
                return match
        base = task.named.replace("\\", "/").partition("?")[0].rpartition("/")[2]
        before = _UPLOADED.sub("", base)
        if before == base or not (task.uploaded or "upload" in task.named):
            return Match()
        match = self._tree.image_named(before, near=file)
        same = () if match.image or match.rivals else self._stored_as(before)
        return Match(same[0]) if len(same) == 1 else Match(None, tuple(same)) if same else match

    def _stored_as(self, name: str) -> Sequence[str]:
        """The images that get this name when they are uploaded: blanks are replaced, signs left out."""
        if self._stored is None:
            self._stored = {}
            for image in self._tree.images:
                stored = re.sub(r"[^-\w.]", "", image.rpartition("/")[2].strip().replace(" ", "_"))
                self._stored.setdefault(stored, []).append(image)
        return self._stored.get(name, [])


def _size(tree: Tree, match: Match) -> tuple[float, float] | None:
    if match.image is None:
        return None
    try:
        info = probe(tree.path(match.image))
    except ImageError:
        return None
    return info.width, info.height


def read(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's exports of Label Studio say as one data set; None where there are none.

    The classes are in the order of a labelling configuration that lies there, else sorted by name.

    Raises
    ------
    DataError
        If two files contradict each other about an image.
    """
    files: dict[str, LabelStudioFile] = documents.of("label_studio")
    if not any(content.tasks for content in files.values()):
        reasons = [f"{file} is a labelling configuration of Label Studio, without tasks." for file in files]
        return Reading(reasons=reasons) if files else None
    images = _Images(tree)
    found, silent, choices = [], [], 0
    for file, content in files.items():
        for task in content.tasks:
            match = images.of(task, file)
            if task.results is None:
                silent += [image for image in (match.image, *match.rivals) if image]
                continue
            regions = _regions(tree, match, task)
            choices += len(regions.choices)
            found.append((file, match, regions.drawing))
    reading = gather(found)
    reading.spoken_for += silent
    reading.files = list(files)
    reading.classes = _in_order(reading.classes, files)
    for file, content in files.items():
        reading.findings += _told(file, content.tasks)
        if content.tasks and all(task.results is None for task in content.tasks):
            reading.reasons.append(_reason(file, content.tasks))
    if choices:
        text = f"{choices} choices for whole pictures are no boxes."
        reading.findings.append(Finding("shapes-without-box", "note", "", text, "They are left out."))
    tell_broken(reading, tree, documents, (".json",), one_each=False)
    return reading


def _regions(tree: Tree, match: Match, task: Task) -> Regions:
    # The picture itself is asked only where a result does not say its size.
    unsized = [result for result in task.results or () if size_of([result]) is None]
    turned = any(value_of(result).get("rotation") for result in unsized)
    return regions_of(task, _size(tree, match) if turned else None)


def _in_order(classes: Sequence[str], files: dict[str, LabelStudioFile]) -> list[str]:
    labels = dict.fromkeys(label for content in files.values() for label in content.labels)
    known = labels.keys() & set(classes)
    return list(dict.fromkeys([*labels, *classes]) if known else classes)


def _told(file: str, tasks: Sequence[Task]) -> Iterator[Finding]:
    silent = [task for task in tasks if task.results is None]
    if silent and len(silent) < len(tasks):
        first = silent[0].named or silent[0].id
        text = f"{len(silent)} of {len(tasks)} tasks have no annotation, such as {first}."
        yield Finding(
            "no-annotation", "note", file, text, "Their pictures are left out; predictions do not count."
        )
    several = [task for task in tasks if task.answers > 1]
    if several:
        text = f"{len(several)} tasks have several annotations, such as task {several[0].id}."
        action = "The one that is marked as the truth counts, else the last that was not cancelled."
        yield Finding("annotated-twice", "warning", file, text, action)


def _reason(file: str, tasks: Sequence[Task]) -> str:
    if any(task.predicted for task in tasks):
        return (
            f"{file} holds predictions of Label Studio and no annotations: predictions are no ground truth. "
            "Accept them there and export again."
        )
    return f"{file} holds tasks of Label Studio, of which none is annotated."


def read_choices(tree: Tree, documents: Documents) -> Reading | None:
    """What a folder's exports of Label Studio say of whole images; None where there are none."""
    files: dict[str, LabelStudioFile] = documents.of("label_studio_choices")
    if not files:
        return None
    reading, images, names = Reading(files=list(files)), _Images(tree), Counter[str]()
    for file, content in files.items():
        reading.findings += _told(file, content.tasks)
        for task in content.tasks:
            if task.results is None:
                continue
            match, chosen = images.of(task, file), list(dict.fromkeys(regions_of(task, None).choices))
            if len(chosen) == 1:
                names[chosen[0]] += 1
                record = record_of(match, task.named, file, label=chosen[0], split=task.split)
                reading.records.append(record)
                continue
            text = (
                f"Task {task.id} has {len(chosen)} choices: {', '.join(chosen)}."
                if chosen
                else f"Task {task.id} has no choice."
            )
            finding = Finding(
                "image-without-class", "warning", match.image or file, text, "The picture is left out."
            )
            reading.findings.append(finding)
    order = _in_order(sorted(names), documents.of("label_studio"))
    reading.classes = [name for name in order if name in names]
    return reading


# -- writing --------------------------------------------------------------------------------------------


def write_label_studio(
    dataset: Dataset,
    folder: str | os.PathLike[str],
    *,
    images: Pictures = True,
    predictions: bool = False,
    scores: Sequence[NDArray[np.floating[Any]]] | None = None,
    image_root: str = "/data/local-files/?d=images/",
) -> None:
    """Write a detection data set as tasks of Label Studio, which are labelled when they are imported.

    Parameters
    ----------
    dataset : Dataset
    folder : path-like
        Gets ``tasks.json``, the labelling configuration ``label_config.xml`` and ``images/`` (copies of the
        images that exist).
    images : bool or callable, default=True
        Whether to copy the images; or what puts one in its place, given the sample and the new path.
    predictions : bool, default=False
        Whether the boxes are a model's, to be looked at and accepted, in place of annotations.
    scores : sequence of ndarray of shape (N,), optional
        Of the predicted boxes, one array an image.
    image_root : str
        What comes before the images' names. By default Label Studio serves them, if it is started with
        ``LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true`` and the folder as
        ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT``, and the project has ``images/`` as local storage.

    Raises
    ------
    DataError
        If the data set is for classification, or an image's size is not known.

    Notes
    -----
    Label Studio has no words for difficult, crowd, ids and areas: crowd regions and difficult objects become
    objects like any other. An image's split is kept in the task's data. Numbers are percents, written with
    all their digits. Images with equal names get their id added.
    """
    check_detection(dataset, "Label Studio")
    folder = Path(folder)
    check_sizes(dataset, "Label Studio's boxes are percents of it")
    tasks = []
    for number, (sample, name) in enumerate(zip(dataset, unique_names(dataset), strict=True)):
        sides = np.array([sample.width, sample.height] * 2, np.float64)
        percents = sample.boxes.astype(np.float64) / sides * 100
        results = []
        for i, (label, (x1, y1, x2, y2)) in enumerate(zip(sample.labels, percents.tolist(), strict=True)):
            place = {"x": x1, "y": y1, "width": x2 - x1, "height": y2 - y1, "rotation": 0}
            result: dict[str, Any] = {
                "id": f"{sample.id}-{i}",
                "from_name": "label",
                "to_name": "image",
                "type": "rectanglelabels",
                "original_width": sample.width,
                "original_height": sample.height,
                "image_rotation": 0,
                "value": place | {"rectanglelabels": [dataset.classes[int(label)]]},
            }
            if predictions and scores is not None:
                result["score"] = float(scores[number][i])
            results.append(result)
        data = {"image": f"{image_root}{quote(name)}"} | ({"split": sample.split} if sample.split else {})
        answer: dict[str, Any] = {"result": results}
        if predictions:
            answer["model_version"] = "foveal"
        tasks.append({"data": data, "predictions" if predictions else "annotations": [answer]})
        place_image(sample, folder / "images" / name, images)
    write_json(folder / "tasks.json", tasks, indent=None)
    write_text(folder / "label_config.xml", _config(dataset.classes))


def _config(classes: Sequence[str]) -> str:
    root = Element("View")
    SubElement(root, "Image", {"name": "image", "value": "$image"})
    labels = SubElement(root, "RectangleLabels", {"name": "label", "toName": "image"})
    for name in classes:
        SubElement(labels, "Label", {"value": name})
    indent(root)
    return tostring(root, encoding="unicode") + "\n"
