"""The chapter about how a detector came to its answer for one image, and the page of such chapters."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from foveal.report.html.blocks import Chapter, Headline, Section
from foveal.report.html.page import write_image_page
from foveal.report.sections.trace import found_images, trace_blocks
from foveal.wording import count

if TYPE_CHECKING:
    from foveal.models.detection.trace import DetectionTrace

_TITLES = {
    "Anchors": "Where it begins: boxes of a few sizes at every place of every level (Ren et al. 2015, "
    "section 3.1.1).",
    "Objectness": "Which of them may hold an object.",
    "Proposals": "Which boxes are looked at closely.",
    "RoIAlign": "What is read of a region, whatever its size.",
    "Classes": "What is said to be in the regions.",
    "Regression": "How the boxes of the surest detections were moved.",
    "Attention": "What the answers rest on.",
    "Suppression": "One detection an object.",
}


def trace_chapter(name: str, trace: "DetectionTrace", model: str, *, threshold: float = 0.5) -> Chapter:
    """Tell how a detector came to its answer for an image.

    Parameters
    ----------
    name : str
        The image's.
    trace : DetectionTrace
    model : str
        The model's name: ``"faster-rcnn"``.
    threshold : float, default=0.5
        The score from which detections are drawn.

    Returns
    -------
    Chapter
        For :func:`foveal.report.write_report`.
    """
    height, width = trace.image.shape[:2]
    headlines = []
    if trace.anchors:
        total = sum(len(level) for level in trace.anchors)
        headlines.append(Headline(f"{total:,}", "anchors", f"on {count(len(trace.strides), 'level')}"))
    headlines += [
        Headline(f"{len(trace.candidates):,}", "candidates", "boxes that may hold an object"),
        Headline(f"{len(trace.kept):,}", "proposals", "left of them, and looked at closely"),
    ]
    sections = []
    kind, left = "Region proposals", count(len(trace.kept), "proposal")
    if trace.classes:
        kind, left = "Object detector", count(len(trace.detections), "detection")
        headlines += [
            Headline(f"{len(trace.answers):,}", "answers", "a region with a class that is probable enough"),
            Headline(f"{len(trace.detections):,}", "detections", "left of them"),
        ]
        found = found_images(name, trace, threshold)
        sections.append(Section("Detections", "What was found in the end.", [found]))
    parts = trace_blocks(trace)
    sections += [Section(title, text, parts[title]) for title, text in _TITLES.items() if parts[title]]
    text = (
        f"How {model} went from {count(len(trace.candidates), 'candidate')} to {left} in a picture that it "
        f"saw at {width} × {height} pixels."
    )
    return Chapter(name, f"{kind} · {model}", text, headlines, sections)


def write_trace_page(
    path: str | os.PathLike[str],
    chapters: Sequence[Chapter],
    model: str,
    *,
    images: int,
    more: int = 0,
    proposes: bool = False,
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """Write the page that follows a detector through some images.

    Parameters
    ----------
    path, unreadable
        As for :func:`foveal.report.write_search_page`.
    chapters : sequence of Chapter
        One or two an image: :func:`trace_chapter`'s, and a search's.
    model : str
        The model's name.
    images : int
        How many images are followed.
    more : int
        How many were answered and are not followed.
    proposes : bool
        Whether the model proposes, and does not detect.
    """
    what = "proposals" if proposes else "detections"
    sentences = [f"How {model} came to its {what} in {count(images, 'picture')}."]
    if more:
        sentences.append(
            f"{count(more, 'more picture')} {'is' if more == 1 else 'are'} not followed here; the answers "
            "for all are in the folder."
        )
    # Of one picture there may be two chapters, which are called by its name.
    title = f"From {'a picture' if images == 1 else 'pictures'} to {what}"
    write_image_page(path, title, chapters, sentences, unreadable)
