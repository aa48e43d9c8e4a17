"""Selective search looked into: one image as a chapter, from its segmentation to its proposals."""

import os
from collections.abc import Mapping, Sequence

from foveal.proposals.ranking import NEAR_COPIES, find_near_copies
from foveal.report.figures.proposals.similarities import name_strategy
from foveal.report.html.blocks import Chapter, Headline
from foveal.report.html.page import write_image_page
from foveal.report.records import SearchRecord
from foveal.report.sections.search_results import objects_section, order_section, strategies_section
from foveal.report.sections.search_tree import merging_section, segmentation_section, similarity_section
from foveal.wording import count


def search_chapter(record: SearchRecord) -> Chapter:
    """Tell what selective search did in an image.

    Parameters
    ----------
    record : SearchRecord

    Returns
    -------
    Chapter
        For :func:`foveal.report.write_report`.

    Examples
    --------
    >>> import numpy as np
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.zeros((40, 60, 3), np.uint8)
    >>> image[10:30, 20:50] = (250, 200, 0)
    >>> record = SearchRecord("square.png", image, SelectiveSearch("single").propose(image), "single")
    >>> for section in search_chapter(record).sections:
    ...     print(section.title)
    First segmentations
    Merging
    Similarity
    The best proposals
    Strategies
    """
    trees = record.proposals.hierarchy
    copies = find_near_copies(record.proposals.boxes)
    height, width = record.image.shape[:2]
    first = f"of the first strategy, {name_strategy(trees[0])}"
    headlines = [
        Headline(f"{len(record.proposals):,}", "proposals", "different boxes, over all strategies"),
        Headline(f"{trees[0].number:,}", "first regions", first),
        Headline(f"{len(trees):,}", "strategies", "each grows a tree of its own"),
        Headline(
            f"{copies.sum():,}", "near copies", f"overlap a better box by more than {NEAR_COPIES[-1]:g}"
        ),
    ]
    sections = [
        segmentation_section(record),
        merging_section(record),
        similarity_section(record),
        order_section(record, copies),
        *([] if record.objects is None else [objects_section(record)]),
        strategies_section(record),
    ]
    return Chapter(
        record.name,
        f"Selective search, {record.method}" if record.method else "Selective search",
        f"A picture of {width} × {height} pixels. It is parted into many small regions; the two neighbours "
        "that are most alike are joined, again and again, until one region is left. The box around every "
        "region that ever was is a proposal (Uijlings et al. 2013).",
        headlines,
        sections,
    )


def write_search_page(
    path: str | os.PathLike[str],
    chapters: Sequence[Chapter],
    mode: str,
    *,
    more: int = 0,
    unreadable: Mapping[str, str] | None = None,
) -> None:
    """Write the page about selective search in some images.

    Parameters
    ----------
    path : path-like
    chapters : sequence of Chapter
        Of the images that are shown, as :func:`search_chapter` makes them.
    mode : str
        The search's.
    more : int
        How many images were given and are not shown.
    unreadable : mapping of str to str, optional
        Files that could not be read, each with the reason.
    """
    sentences = [
        f"How selective search looks for objects in {count(len(chapters), 'picture')}, from the first "
        f"segmentation to the last proposal, in the mode {mode}."
    ]
    if more:
        sentences.append(f"{more} more {'file was' if more == 1 else 'files were'} given, not shown here.")
    write_image_page(path, "Selective search, step by step", chapters, sentences, unreadable)
