"""The page about why a classifier answered as it did."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures.networks.explanation import overlay_map
from foveal.report.html.annotated_images import image_with_boxes
from foveal.report.html.blocks import Block, Chapter, Fold, Images, Section, Table
from foveal.report.html.page import say_unreadable, write_report
from foveal.report.records import NetworkLook
from foveal.report.sections.network import network_blocks
from foveal.wording import count

# The classes of an image whose probabilities the page tells.
_CLASSES = 10


def explanation_section(
    name: str,
    image: NDArray[np.uint8],
    probabilities: Mapping[str, float],
    explained: str,
    maps: Mapping[str, NDArray[Any]],
    look: NetworkLook | None = None,
) -> Section:
    """What a classifier says of an image, and what speaks for it.

    Parameters
    ----------
    name : str
        The file's name.
    image : ndarray of shape (H, W, 3), uint8
    probabilities : mapping of str to float
        Of each class.
    explained : str
        The class that the maps are about.
    maps : mapping of str to ndarray of shape (h, w)
        ``"occlusion"`` and, of a network with convolutions, ``"Grad-CAM"``.
    look : NetworkLook, optional
        What is to be seen inside the network.

    Returns
    -------
    Section

    Examples
    --------
    >>> image = np.full((32, 32, 3), 90, np.uint8)
    >>> explanation_section("a.png", image, {"cat": 0.25, "dog": 0.75}, "dog", {"occlusion": np.eye(4)}).text
    'It is said to be dog, with a probability of 0.75.'
    """
    order = sorted(probabilities, key=lambda c: -probabilities[c])
    best, value = order[0], probabilities[explained]
    said = f"It is said to be {best}, with a probability of {probabilities[best]:.2f}"
    if explained != best:
        said += f"; the maps are about {explained}, which has {value:.2f}"
    strongest = float(np.abs(maps["occlusion"]).max())
    hidden = f"Hiding a place moves the probability of {explained} by up to {strongest:.2g}."
    if "Grad-CAM" in maps and not maps["Grad-CAM"].any():
        hidden += f" Grad-CAM is empty: nothing in the last maps speaks for {explained}."
    images = [image_with_boxes(name, image, f"{explained} {value:.2f}")]
    images += [
        image_with_boxes(kind, overlay_map(image, values), f"for {explained}")
        for kind, values in maps.items()
    ]
    rows = [[c, f"{probabilities[c]:.4f}"] for c in order[:_CLASSES]]
    blocks: list[Block] = [
        Images(f"Why {explained}", images, hidden),
        Fold("Probabilities", [Table("", ("class", "probability"), rows)]),
    ]
    if look is not None:
        blocks += network_blocks(look)
    return Section(name, f"{said}.", blocks)


def write_explanation_page(
    path: str | os.PathLike[str],
    model: str,
    kind: str,
    sections: Sequence[Section],
    *,
    answers: int,
    grad_cam: bool = False,
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """Write the page about the answers of a classifier.

    Parameters
    ----------
    model : str
        What the first sentence calls it: ``"CNNClassifier"``.
    kind : str
        The model's name: ``"cnn"``.
    sections : sequence of Section
        Of the images that are shown, as :func:`explanation_section` makes them.
    answers : int
        How many images were answered in all.
    grad_cam : bool
        Whether there are maps by Grad-CAM.
    path, unreadable
        As for :func:`foveal.report.write_search_page`.
    """
    intro = f"Why {model} answered as it did, for {count(answers, 'picture')}."
    text = (
        "Occlusion: red where hiding a place makes the class less probable, blue where it makes it more so; "
        "each picture on its own scale."
    )
    if grad_cam:
        text = f"Grad-CAM: the brighter a place, the more it speaks for the class. {text}"
    if answers > len(sections):
        number = len(sections)
        shown = "Only the first picture is" if number == 1 else f"The first {number:,} pictures are"
        text += f" {shown} shown here; all are in the folder drawn."
    text += say_unreadable(unreadable)
    # A page of one chapter has no other head than the intro.
    chapter = Chapter("Pictures", f"Image classifier · {kind}", text, (), sections)
    title = "Why this answer" if answers == 1 else "Why these answers"
    write_report(path, title, f"{intro} {text}", [chapter])
