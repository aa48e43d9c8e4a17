"""What Label Studio's files say: exports as JSON and JSON-MIN, tasks in files of their own, configurations.

See labelstud.io, "Label Studio task format" and "Export annotations".
"""

import binascii
import math
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from foveal.data.dataset import SplitName
from foveal.data.documents import local_name
from foveal.data.file_tree import composed, is_image
from foveal.data.formats.drawings import Drawing, around_ellipse, class_name, coordinate, corners, side
from foveal.data.formats.split_lists import normalise

# Entries of a list that are looked at to tell what it is.
_LOOKED_AT = 50
_ANSWERS = ("annotations", "completions")
_IMAGE_KEYS = ("image", "img", "image_url", "imageurl", "picture", "photo")
_CHOICE_KEYS = ("choice", "choices", "class", "category", "label")
# What JSON-MIN says of an annotation beside the answers.
_KNOWN = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history"}
_STORED_AT = re.compile(r"[?&]fileuri=([^&#]+)")


@dataclass
class Task:
    """One task: an image, and what was answered about it.

    Attributes
    ----------
    id : str
    named : str
        The path or URL of the image, as far as it can be told; ``""`` where the task has none.
    uploaded : str
        What the image was called when it was uploaded, with the digits before it.
    results : list of dict or None
        Of the answer that counts; None where there is no answer.
    answers : int
        How many there are that were not cancelled.
    predicted : bool
        Whether a model's answers are there.
    split : {"train", "val", "test"} or None
    """

    id: str
    named: str
    uploaded: str = ""
    results: list[dict[str, Any]] | None = None
    answers: int = 0
    predicted: bool = False
    split: SplitName | None = None


@dataclass
class Regions:
    """What the results of an answer say.

    Attributes
    ----------
    drawing : Drawing
        Boxes are shares of the image's size.
    choices : list of str
        Classes of the whole image.
    """

    drawing: Drawing
    choices: list[str] = field(default_factory=list)


def labels_of(root: Element) -> list[str] | None:
    """The classes of a labelling configuration, in their order, given its root; None where it is none."""
    if local_name(root) != "View":
        return None
    values = [e.get("value", "") for e in root.iter() if local_name(e) in ("Label", "Choice")]
    return list(dict.fromkeys(composed(value) for value in values if value)) or None


def tasks_of(content: Any) -> list[Task] | None:
    """The tasks of an export, given its content; None where it is none, or not about images."""
    if isinstance(content, dict):
        about = content.get("task")
        if isinstance(content.get("result"), list) and isinstance(about, dict) and "data" in about:
            content = [about | {"annotations": [content]}]
        else:
            content = content["tasks"] if isinstance(content.get("tasks"), list) else [content]
    if not isinstance(content, list):
        return None
    entries = [entry for entry in content if isinstance(entry, dict)]
    if any(_is_task(entry) for entry in entries[:_LOOKED_AT]):
        tasks = [_task(entry) for entry in entries if isinstance(entry.get("data"), dict)]
    elif any(_is_short(entry) for entry in entries[:_LOOKED_AT]):
        tasks = _short_tasks(entries)
    else:
        return None
    return tasks if any(task.named for task in tasks) else None


# -- tasks ----------------------------------------------------------------------------------------------


def _is_task(entry: Mapping[str, Any]) -> bool:
    answers = [entry.get(key) for key in (*_ANSWERS, "predictions")]
    return isinstance(entry.get("data"), dict) and any(isinstance(some, list) for some in answers)


def _task(entry: Mapping[str, Any]) -> Task:
    data = entry["data"]
    answers: list[Any] = next((entry[key] for key in _ANSWERS if isinstance(entry.get(key), list)), [])
    given = [a for a in answers if isinstance(a, dict) and isinstance(a.get("result"), list)]
    given = [a for a in given if not (a.get("was_cancelled") or a.get("skipped"))]
    task = Task(str(entry.get("id", "?")), _image_in(data), _text(entry.get("file_upload")))
    if not task.named or task.named.startswith("data:"):
        task.named = task.uploaded
    chosen = _that_counts(given)
    task.results = None if chosen is None else [r for r in chosen["result"] if isinstance(r, dict)]
    task.answers, task.predicted = len(given), bool(entry.get("predictions"))
    task.split = _split(data)
    return task


def _that_counts(answers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The answer that somebody marked as the truth, else the last."""
    marked = [answer for answer in answers if answer.get("ground_truth")] or answers
    times = [answer.get("updated_at") or answer.get("created_at") for answer in marked]
    if all(isinstance(time, str) for time in times):
        return max(zip(times, range(len(times)), marked, strict=True), default=(0, 0, None))[2]
    return marked[-1]


def _is_short(entry: Mapping[str, Any]) -> bool:
    """Whether it is an entry of JSON-MIN: answers under the names of their controls."""
    if "annotation_id" in entry and any(key in entry for key in ("lead_time", "annotator", "created_at")):
        return True
    return any(_labels(region) and _is_drawn(region) for region in _regions_in(entry))


def _regions_in(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for value in entry.values():
        for region in value if isinstance(value, list) else [value]:
            if isinstance(region, dict):
                yield region


def _short_tasks(entries: Sequence[Mapping[str, Any]]) -> list[Task]:
    """Tasks from entries of JSON-MIN, which are one an answer."""
    together: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for number, entry in enumerate(entries):
        together[str(entry.get("id", _image_in(entry) or number))].append(entry)
    chosen_under = _choice_key(entries)
    tasks = []
    for identity, some in together.items():
        answers: list[dict[str, Any]] = []
        for entry in some:
            results = [{"value": region} | region for region in _regions_in(entry)]
            if chosen_under and isinstance(entry.get(chosen_under), str):
                results.append({"value": {"choices": [entry[chosen_under]]}})
            if not results and entry.get("annotation_id", "") is None:
                continue
            answers.append({"result": results, **{k: entry.get(k) for k in ("created_at", "updated_at")}})
        data = some[0]
        tasks.append(_task({"id": identity, "data": data, "annotations": answers}))
    return tasks


def _choice_key(entries: Sequence[Mapping[str, Any]]) -> str | None:
    """The key of classes of whole images, where they are plain words; None where that is unclear."""
    some = list(islice(entries, _LOOKED_AT))
    keys = dict.fromkeys(key for entry in some for key, value in entry.items() if isinstance(value, str))
    words = [key for key in keys if key not in _KNOWN and not any(_is_picture(e.get(key)) for e in some)]
    words = [key for key in words if key not in _IMAGE_KEYS]
    named = [key for key in words if key.lower() in _CHOICE_KEYS]
    return named[0] if named else words[0] if len(words) == 1 else None


def _image_in(data: Mapping[str, Any]) -> str:
    """Where the image of a task is."""
    texts = {key: _text(value) for key, value in data.items()}
    named = [texts[key] for key in texts if key.lower() in _IMAGE_KEYS and texts[key]]
    shown = [text for text in texts.values() if _is_picture(text)]
    # The address of an image need not end as a file's name does.
    told = [text for text in named if text in shown] or shown or [text for text in named if "/" in text]
    return stored_at(told[0] if told else "")


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else ""


def _is_picture(value: Any) -> bool:
    """Whether a text is the path or URL of an image."""
    if not isinstance(value, str):
        return False
    plain = unquote(stored_at(value))
    return is_image(plain) or is_image(plain.partition("?")[0])


def stored_at(url: str) -> str:
    """Where an image is, of which Label Studio gives the address of its own page.

    Examples
    --------
    >>> stored_at("/tasks/3/resolve/?fileuri=czM6Ly9iL2EuanBn"), stored_at("s3://b/a.jpg")
    ('s3://b/a.jpg', 's3://b/a.jpg')
    """
    found = _STORED_AT.search(url)
    if found is None:
        return url
    said = unquote(found[1])
    try:
        plain = b64decode(said, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return said
    return plain if "/" in plain else said


def _split(data: Mapping[str, Any]) -> SplitName | None:
    said = [normalise(_text(data.get(key))) for key in ("split", "subset")]
    return next((split for split in said if split is not None), None)


# -- results --------------------------------------------------------------------------------------------


def _labels(value: Mapping[str, Any]) -> list[Any]:
    """The classes of a region: rectanglelabels, polygonlabels, labels and their like."""
    found = (some for key, some in value.items() if key.endswith("labels") and isinstance(some, list))
    return next((some for some in found if some), [])


def _is_drawn(value: Mapping[str, Any]) -> bool:
    return any(key in value for key in ("points", "rle", "sequence")) or ("x" in value and "y" in value)


def is_of_boxes(task: Task) -> bool:
    """Whether something was drawn on the image."""
    return any(_is_drawn(value_of(result)) for result in task.results or ())


def is_of_choices(task: Task) -> bool:
    """Whether the image was put in classes as a whole."""
    return any(value_of(result).get("choices") for result in task.results or ())


def value_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a result says."""
    value = result.get("value")
    return value if isinstance(value, dict) else {}


def regions_of(task: Task, size: tuple[float, float] | None) -> Regions:
    """What an answer says.

    Parameters
    ----------
    task : Task
    size : tuple of float or None
        Of the image, where it is known: a turned box needs the ratio of its sides.
    """
    width, height = size_of(task.results or ()) or (0, 0)
    regions = Regions(Drawing(task.named, width, height, relative=True, split=task.split))
    together: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, result in enumerate(task.results or ()):
        # Results of one region, its outline and its class, have one id.
        together[str(result.get("id") or f"#{number}")].append(result)
    for number, some in enumerate(together.values(), 1):
        values = [value_of(result) for result in some]
        drawn = next((value for value in values if _is_drawn(value)), None)
        chosen = [name for value in values for name in _list(value.get("choices")) if isinstance(name, str)]
        if drawn is None:
            regions.choices += [composed(name) for name in chosen]
            continue
        labels = next((labels for value in values if (labels := _labels(value))), []) or chosen
        try:
            _add(regions.drawing, drawn, labels, size_of(some) or size)
        except ValueError as error:
            regions.drawing.broken.append(f"Region {number} of {task.named} {error}.")
    return regions


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def size_of(results: Iterable[Mapping[str, Any]]) -> tuple[float, float] | None:
    """The size of the image, as the first result that has one says."""
    for result in results:
        width, height = side(result.get("original_width")), side(result.get("original_height"))
        if width and height:
            return width, height
    return None


def _add(
    drawing: Drawing, value: Mapping[str, Any], labels: Sequence[Any], size: tuple[float, float] | None
) -> None:
    """Add a region to the drawing, once for each of its classes.

    Raises
    ------
    ValueError
        If it cannot be used; the message goes on a sentence that names the region.
    """
    word = "brush mask" if "rle" in value else "sequence" if "sequence" in value else ""
    if word or not {"points", "height", "radiusY"} & set(value):
        drawing.left_out[word or "keypoint"] += 1
        return
    names = [class_name(label) for label in labels] or [class_name(None)]
    turn = math.radians(coordinate(value.get("rotation") or 0) % 360)
    if turn and size is None:
        raise ValueError("is turned, and neither it nor a picture tells the ratio of the sides")
    # Percents are no lengths: what is turned has to be measured in pixels.
    across, down = size or (1.0, 1.0)
    if "points" in value:
        box, shape = corners(value["points"]), "polygon"
    elif "radiusY" in value:
        x, y, a, b = (coordinate(value.get(key)) for key in ("x", "y", "radiusX", "radiusY"))
        box = around_ellipse(x * across, y * down, a * across, b * down, turn)
        box, shape = [n / whole for n, whole in zip(box, (across, down) * 2, strict=True)], "ellipse"
    else:
        x, y, width, height = (coordinate(value.get(key)) for key in ("x", "y", "width", "height"))
        box, shape = [x, y, x + width, y + height], "rotated box" if turn else ""
        if turn:
            # It is turned clockwise about its upper left corner.
            cos, sin = math.cos(turn), math.sin(turn)
            places = [
                [x + a * cos - b * sin * down / across, y + a * sin * across / down + b * cos]
                for a in (0.0, width)
                for b in (0.0, height)
            ]
            box = corners(places)
    for name in names:
        drawing.add(name, [number / 100 for number in box], shape)
