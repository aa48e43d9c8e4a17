"""The pages that explain a model's answers, or a search: their chapters, sections and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.models.detection.trace import DetectionTrace
from foveal.proposals import SelectiveSearch
from foveal.report import (
    Chapter,
    NetworkLook,
    SearchRecord,
    overlay_map,
    search_chapter,
    trace_chapter,
    write_report,
)
from foveal.report.chapters import Block, Fold, Pictures, Section, Table
from foveal.report.network_section import network_blocks
from foveal.report.pictures import picture_of_pixels
from foveal.report.wording import count
from foveal.runs.ground_truth import Objects

# Of an image, whose probabilities the page tells.
_CLASSES = 10
_OCCLUSION = (
    "Occlusion: red where hiding a place makes the class less probable, blue where it makes it more so; each "
    "picture on its own scale."
)
_GRAD_CAM = "Grad-CAM: the brighter a place, the more it speaks for the class."


# -- classifiers ------------------------------------------------------------------------------------


def answer_section(
    name: str,
    image: NDArray[np.uint8],
    maps: Mapping[str, NDArray[np.floating[Any]]],
    classes: Sequence[str],
    probabilities: NDArray[np.floating[Any]],
    label: int,
    look: NetworkLook | None = None,
) -> Section:
    """Why a classifier gave a class its probability for an image.

    Parameters
    ----------
    name : str
        Of the image.
    image : ndarray of shape (H, W, 3), uint8
    maps : mapping of str to ndarray of shape (h, w)
        ``"occlusion"`` and, of some, ``"Grad-CAM"``.
    classes : sequence of str
    probabilities : ndarray of shape (K,)
    label : int
        The class that the maps are about.
    look : NetworkLook, optional
        What is to be seen inside the network.
    """
    best, about = int(probabilities.argmax()), classes[label]
    said = f"It is said to be {classes[best]}, with a probability of {probabilities[best]:.2f}"
    if label != best:
        said += f"; the maps are about {about}, which has {probabilities[label]:.2f}"
    strongest = float(np.abs(maps["occlusion"]).max())
    hidden = f"Hiding a place moves the probability of {about} by up to {strongest:.2g}."
    if "Grad-CAM" in maps and not maps["Grad-CAM"].any():
        hidden += f" Grad-CAM is empty: nothing in the last maps speaks for {about}."
    order = np.argsort(-probabilities, kind="stable")[:_CLASSES]
    rows = [[classes[k], f"{probabilities[k]:.4f}"] for k in order]
    pictures = [picture_of_pixels(name, image, f"{about} {probabilities[label]:.2f}")]
    for kind, values in maps.items():
        pictures.append(picture_of_pixels(kind, overlay_map(image, values), f"for {about}"))
    blocks: list[Block] = [
        Pictures(f"Why {about}", pictures, hidden),
        Fold("Probabilities", [Table("", ("class", "probability"), rows)]),
    ]
    if look is not None:
        blocks += network_blocks(look)
    return Section(name, f"{said}.", blocks)


def write_answers_page(
    path: Path,
    model: str,
    class_name: str,
    sections: Sequence[Section],
    n_images: int,
    unreadable: Mapping[str, str],
    *,
    grad_cam: bool,
) -> None:
    """Write the page about a classifier's answers for some images, of which not all need have a section."""
    text = f"{_GRAD_CAM} {_OCCLUSION}" if grad_cam else _OCCLUSION
    if n_images > len(sections):
        text += f" The first {len(sections)} pictures are shown here; all are in the folder drawn."
    text = " ".join([text, *_left_out(unreadable)])
    # A page of one chapter has no other head than the intro.
    chapter = Chapter("Pictures", f"Image classifier · {model}", text, (), sections)
    intro = f"Why {class_name} answered as it did, for {count(n_images, 'picture')}."
    write_report(path, "Why these answers", f"{intro} {text}", [chapter])


# -- detectors and search ---------------------------------------------------------------------------


def detection_chapters(
    name: str,
    image: NDArray[np.uint8],
    trace: DetectionTrace,
    model: str,
    threshold: float,
    search: SelectiveSearch | None,
    objects: Objects | None,
) -> list[Chapter]:
    """How a model came to its detections or proposals in an image, and how the search went before it."""
    chapters = [trace_chapter(name, trace, model, threshold=threshold)]
    if search is not None:
        # Two chapters of one page have different names.
        chapters.append(search_chapter_of(name, image, search, objects, title=f"{name}: the search"))
    return chapters


def search_chapter_of(
    name: str,
    image: NDArray[np.uint8],
    search: SelectiveSearch,
    objects: Objects | None = None,
    *,
    title: str | None = None,
) -> Chapter:
    """The chapter about a selective search in one image, of that name."""
    record = SearchRecord(
        name,
        image,
        search.propose(image),
        search.mode,
        None if objects is None else objects.boxes,
        () if objects is None else objects.names,
        search.order_ is not None,
    )
    chapter = search_chapter(record)
    return chapter if title is None else replace(chapter, title=title)


def write_detections_page(
    path: Path,
    model: str,
    what: str,
    chapters: Sequence[Chapter],
    n_shown: int,
    n_images: int,
    unreadable: Mapping[str, str],
) -> None:
    """Write the page that follows a model to its detections, or proposals, in the first of some images."""
    left = n_images - n_shown
    more = (
        f"{count(left, 'more picture')} {'is' if left == 1 else 'are'} not followed here; the answers for "
        "all are in the folder."
    )
    _write_page(
        path,
        f"From pictures to {what}" if n_shown != 1 else None,
        f"How {model} came to its {what} in {count(n_shown, 'picture')}.",
        chapters,
        [*([more] if left else []), *_left_out(unreadable)],
    )


def write_search_page(
    path: Path, mode: str, chapters: Sequence[Chapter], n_more: int, unreadable: Mapping[str, str]
) -> None:
    """Write the page about selective search in some images, beside which ``n_more`` files were given."""
    more = f"{n_more} more {'file was' if n_more == 1 else 'files were'} given, not shown here."
    _write_page(
        path,
        "Selective search, step by step" if len(chapters) != 1 else None,
        f"How selective search looks for objects in {count(len(chapters), 'picture')}, from the first "
        f"segmentation to the last proposal, in the mode {mode}.",
        chapters,
        [*([more] if n_more else []), *_left_out(unreadable)],
    )


def _write_page(
    path: Path, title: str | None, intro: str, chapters: Sequence[Chapter], sentences: Sequence[str]
) -> None:
    """Write a page; without a title that of its first chapter."""
    if len(chapters) == 1:
        # A page of one chapter has no other head than that of its chapter.
        intro = chapters[0].text
    write_report(path, chapters[0].title if title is None else title, " ".join([intro, *sentences]), chapters)


def _left_out(unreadable: Mapping[str, str]) -> list[str]:
    if not unreadable:
        return []
    return [f"{count(len(unreadable), 'file')} could not be read: {' '.join(unreadable.values())}"]
