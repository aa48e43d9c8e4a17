"""Selective search over image files, explained on one page."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foveal.data import Sample, load
from foveal.errors import DataError, ImageError
from foveal.events import Callbacks, stage
from foveal.images import probe, read
from foveal.proposals import SelectiveSearch
from foveal.report import Chapter, SearchRecord, search_chapter, write_report
from foveal.report.wording import count

#: Pictures that a page explains at most.
MOST_PICTURES = 6


@dataclass(frozen=True, eq=False)
class Objects:
    """The ground truth of one picture.

    Attributes
    ----------
    boxes : ndarray of shape (M, 4), float32
    names : tuple of str
        What they are; of those that a measure passes over it says so.
    """

    boxes: NDArray[np.float32]
    names: tuple[str, ...]


def explain_proposals(
    path: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    search: SelectiveSearch,
    *,
    objects: Mapping[Path, Objects] | None = None,
    callbacks: Callbacks = (),
) -> dict[str, str]:
    """Write one HTML page that shows how selective search went in each of some pictures.

    The page has the first segmentations, the merging at several levels and as a film, the similarity of what
    was joined, the best boxes, the objects with the proposals that cover them, and what each strategy gave.
    It asks nothing of the network; the same pictures give the same bytes.

    Parameters
    ----------
    path : path-like
        The file to write; an existing one is replaced.
    files : sequence of path-like
        Pictures, of which the first six that can be read are explained.
    search : SelectiveSearch
    objects : mapping of pathlib.Path to Objects, optional
        As :func:`objects_of` gives them.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to str
        The files that could not be read, as far as they were tried, each with the reason.
    """
    chapters: list[Chapter] = []
    unreadable: dict[str, str] = {}
    tried = 0
    with stage(callbacks, "explanation", min(len(files), MOST_PICTURES)) as progress:
        for file in map(Path, files):
            if len(chapters) == MOST_PICTURES:
                break
            tried += 1
            try:
                image = read(file)
            except ImageError as error:
                unreadable[str(file)] = str(error)
                continue
            known = None if objects is None else objects.get(file)
            chapters.append(searched(file.name, image, search, known))
            progress(len(chapters))
    sentences = [
        f"How selective search looks for objects in {count(len(chapters), 'picture')}, from the first "
        f"segmentation to the last proposal, in the mode {search.mode}."
    ]
    if tried < len(files):
        left = len(files) - tried
        sentences.append(f"{left} more {'file was' if left == 1 else 'files were'} given, not shown here.")
    if unreadable:
        sentences.append(
            f"{count(len(unreadable), 'file')} could not be read: {' '.join(unreadable.values())}"
        )
    title = chapters[0].title if len(chapters) == 1 else "Selective search, step by step"
    intro = " ".join(sentences)
    if len(chapters) == 1:
        # A page of one picture has no other head than that of its chapter.
        intro = " ".join([chapters[0].text, *sentences[1:]])
    write_report(path, title, intro, chapters)
    return unreadable


def searched(
    name: str, image: NDArray[np.uint8], search: SelectiveSearch, objects: Objects | None = None
) -> Chapter:
    """The chapter about a selective search in one picture, of that name."""
    record = SearchRecord(
        name,
        image,
        search.propose(image),
        search.mode,
        None if objects is None else objects.boxes,
        () if objects is None else objects.names,
        search.order_ is not None,
    )
    return search_chapter(record)


def objects_of(
    files: Sequence[str | os.PathLike[str]], data: str | os.PathLike[str], format: str | None = None
) -> dict[Path, Objects]:
    """The objects that a data set knows in some pictures.

    Parameters
    ----------
    files : sequence of path-like
        A picture belongs to the data set's picture with the same path, or else to the only one with the same
        file name.
    data : path-like
        A boxed data set.
    format : str, optional
        See :func:`foveal.data.load`.

    Returns
    -------
    dict of pathlib.Path to Objects

    Raises
    ------
    DataError
        If the data set has no boxes, or a picture that can be read is not in it, or several have its name.
    """
    dataset = load(data, format=format)
    if dataset.task != "detection":
        raise DataError(f"{data} has no boxes, and so no objects to be shown.")
    by_path = {sample.path.resolve(): sample for sample in dataset}
    by_name: dict[str, list[Sample]] = {}
    for sample in dataset:
        by_name.setdefault(sample.name, []).append(sample)
    found: dict[Path, Objects] = {}
    for file in map(Path, files):
        named = by_name.get(file.name, [])
        match = by_path.get(file.resolve()) or (named[0] if len(named) == 1 else None)
        if match is not None:
            found[file] = _objects(match, dataset.classes)
        elif _can_be_opened(file):
            why = f"it is not in {data}"
            if named:
                why = f"{len(named)} pictures of that name are in {data}; name the one of the data set itself"
            raise DataError(f"The objects of {file} cannot be told: {why}.")
    return found


def _objects(sample: Sample, classes: Sequence[str]) -> Objects:
    names = []
    for label, difficult, crowd in zip(sample.labels, sample.difficult, sample.crowd, strict=True):
        passed_over = " (crowd)" if crowd else " (difficult)" if difficult else ""
        names.append(classes[int(label)] + passed_over)
    return Objects(sample.boxes, tuple(names))


def _can_be_opened(file: Path) -> bool:
    try:
        probe(file)
    except ImageError:
        return False
    return True
