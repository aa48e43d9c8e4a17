"""Photographs with boxes over them: small JPEGs in the page, the boxes as vectors on top."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.data.dataset import Sample
from foveal.errors import ImageError
from foveal.images import read, resize_to_fit
from foveal.report.html.embedding import image_to_data_uri
from foveal.report.verdicts import IGNORED, RIGHT, Verdict
from foveal.report.wording import shorten
from foveal.wording import visible

_LONGEST_SIDE = 480
# The frame that an image is shown in, in CSS pixels; line widths and letters are made for it.
_FRAME = (272.0, 204.0)
_LETTER = 11.0
# Of many labels only these are written, errors first; the others are told when the pointer rests on a box.
_MOST_LABELS = 8
_CROWDED = 12
_URGENCY = {"wrong": 0, "missed": 1}
_MOST_OUTLINES = 150


@dataclass(frozen=True)
class Outline:
    """One box over an image, with its label's place worked out.

    Attributes
    ----------
    box : tuple of four float
        ``x, y, width, height`` in pixels of the image.
    look : str
        What it stands for: ``"truth"``, ``"missed"``, ``"right"``, ``"wrong"``, ``"ignored"`` or
        ``"class-1"`` … ``"class-8"``.
    label : str
        Written at the box, where there is room; may be empty.
    meaning : str
        Shown when the pointer rests on it.
    plate : tuple of four float, or None
        ``x, y, width, height`` of the label's ground; ``None`` where the label is left out.
    """

    box: tuple[float, float, float, float]
    look: str
    label: str = ""
    meaning: str = ""
    plate: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """An image as the page shows it.

    Attributes
    ----------
    name : str
        The file's, or a title.
    uri : str
        A JPEG as a data URI; empty where the image cannot be read.
    width, height : int
        Of the original, in pixels.
    letter : float
        The height of letters in pixels of the original.
    outlines : tuple of Outline
    alt : str
    caption : str
    problem : str
        Why there is no image; empty where there is one.
    """

    name: str
    uri: str
    width: int
    height: int
    letter: float
    outlines: tuple[Outline, ...]
    alt: str
    caption: str
    problem: str = ""


def image_with_truth(sample: Sample, classes: Sequence[str], *, name: str = "") -> AnnotatedImage:
    """A sample with its ground truth, coloured by class; its name is the file's, unless it is given."""
    names = [classes[int(label)] for label in sample.labels]
    outlines = [
        Outline(_xywh(box), f"class-{int(label) % 8 + 1}", shorten(said, 18), said)
        for box, label, said in zip(sample.boxes, sample.labels, names, strict=True)
    ]
    counted = ", ".join(f"{names.count(n)} × {n}" for n in dict.fromkeys(names)) or "no objects"
    return _annotate_sample(sample, outlines, counted, name)


def image_with_caption(sample: Sample, caption: str, *, name: str = "") -> AnnotatedImage:
    """A sample of whole-image classification, with what is to be said of it."""
    return _annotate_sample(sample, [], caption, name)


def image_with_verdict(
    sample: Sample, classes: Sequence[str], verdict: Verdict, caption: str, *, name: str = ""
) -> AnnotatedImage:
    """A held-out sample: ground truth in dashed white, detections coloured by whether they are right."""
    outlines = []
    for i, (box, label) in enumerate(zip(sample.boxes, sample.labels, strict=True)):
        said = classes[int(label)]
        missed = bool(verdict.missed[i])
        passed_over = bool(sample.difficult[i] or sample.crowd[i])
        meaning = f"truth: {said}" + (", missed" if missed else ", not counted" if passed_over else "")
        outlines.append(
            Outline(_xywh(box), "missed" if missed else "truth", f"missed {said}" if missed else "", meaning)
        )
    found = verdict.detections
    for box, score, label, kind in zip(found.boxes, found.scores, found.labels, verdict.kinds, strict=True):
        said = found.classes[int(label)]
        look = kind if kind in (RIGHT, IGNORED) else "wrong"
        sign = "✕ " if look == "wrong" else ""
        outlines.append(
            Outline(_xywh(box), look, f"{sign}{shorten(said, 16)} {score:.2f}", f"{said} {score:.2f}: {kind}")
        )
    return _annotate_sample(sample, outlines, caption, name)


def image_with_boxes(
    name: str,
    image: NDArray[np.uint8],
    caption: str = "",
    *,
    boxes: ArrayLike = (),
    looks: Sequence[str] = (),
    labels: Sequence[str] = (),
    meanings: Sequence[str] = (),
) -> AnnotatedImage:
    """An image at hand, rather than one of a data set, with boxes.

    Parameters
    ----------
    name : str
        Its title.
    image : ndarray of shape (H, W, 3), uint8
    caption : str
    boxes : array-like of shape (N, 4)
        In the image's pixels; those further on in the order lie above.
    looks, labels, meanings : sequences of str, of length N
        Of each outline; labels and meanings may be left out.
    """
    height, width = image.shape[:2]
    rows = np.asarray(boxes, np.float32).reshape(-1, 4)
    outlines = [
        Outline(_xywh(box), look, labels[i] if labels else "", meanings[i] if meanings else "")
        for i, (box, look) in enumerate(zip(rows, looks, strict=True))
    ]
    small = np.asarray(resize_to_fit(image, _LONGEST_SIDE)[0])
    alt = f"{name}: {caption}" if caption else name
    return _annotate(name, image_to_data_uri(small), width, height, outlines, alt, caption)


def _xywh(box: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (round(float(v), 1) for v in box)
    return x1, y1, round(max(0.0, x2 - x1), 1), round(max(0.0, y2 - y1), 1)


def _annotate_sample(sample: Sample, outlines: Sequence[Outline], caption: str, name: str) -> AnnotatedImage:
    name = name or sample.name
    width, height, uri, problem = max(sample.width, 1), max(sample.height, 1), "", ""
    try:
        image = read(sample.path)
    except (ImageError, OSError) as error:
        problem = f"{name} cannot be shown: {error}"
    else:
        height, width = image.shape[:2]
        uri = image_to_data_uri(np.asarray(resize_to_fit(image, _LONGEST_SIDE)[0]))
    # Where there are very many boxes the first are the surest.
    few = outlines[:_MOST_OUTLINES]
    return _annotate(name, uri, width, height, few, f"{name}: {caption}", caption, problem)


def _annotate(
    name: str, uri: str, width: int, height: int, outlines: Sequence[Outline], alt: str, *told: str
) -> AnnotatedImage:
    """An image of this size with all labels in their places; ``told`` are its caption and its problem."""
    letter = round(_LETTER * max(width / _FRAME[0], height / _FRAME[1]), 2)
    placed = _place_labels(outlines, width, height, letter)
    return AnnotatedImage(name, uri, width, height, letter, placed, alt, *told)


def _place_labels(outlines: Sequence[Outline], width: int, height: int, letter: float) -> tuple[Outline, ...]:
    """Give each label a place where it covers no other: above its box, inside it, or below."""
    taken: list[tuple[float, float, float, float]] = []
    # Its ground has to be as wide as the label is when it is shown.
    placed = [replace(outline, label=visible(outline.label)) for outline in outlines]
    tall = 1.45 * letter
    errors = any(outline.look in _URGENCY for outline in outlines)
    # One of each name comes before the second of any.
    names = [outline.label for outline in placed]
    turns = [(_URGENCY.get(o.look, 2), names[:i].count(o.label), i) for i, o in enumerate(placed)]
    for *_, i in sorted(turns):
        outline, plate = placed[i], None
        wanted = outline.look in _URGENCY or not (errors and len(outlines) > _CROWDED)
        if outline.label and wanted and len(taken) < _MOST_LABELS:
            x, y, w, h = outline.box
            wide = letter * (0.6 + 0.57 * sum(_letter_width(c) for c in outline.label))
            left = min(max(x, 0.0), max(width - wide, 0.0))
            right = min(max(x + w - wide, 0.0), max(width - wide, 0.0))
            places = [(left, y - tall), (left, y), (left, y + h), (right, y - tall), (right, y + h - tall)]
            for at_x, at_y in places:
                candidate = (at_x, at_y, wide, tall)
                if at_y >= -0.01 and at_y + tall <= height and not any(_overlap(candidate, t) for t in taken):
                    taken.append(candidate)
                    plate = (round(at_x, 1), round(at_y, 1), round(wide, 1), round(tall, 1))
                    break
        placed[i] = replace(outline, plate=plate)
    return tuple(placed)


def _letter_width(character: str) -> float:
    return 1.8 if unicodedata.east_asian_width(character) in "WF" else 1.0


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
