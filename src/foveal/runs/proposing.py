"""Proposals of image files: drawn, as JSON, and explained on a page."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.compiling import begin
from foveal.errors import ImageError, SettingError
from foveal.events import Callbacks, stage
from foveal.files import claimed, distinct_names, new_file, write_bytes, write_json
from foveal.images import draw_boxes, read, resize_to_fit
from foveal.proposals import Proposals, SelectiveSearch
from foveal.proposals.warm_ups import SEARCH
from foveal.report.chapters.search import search_chapter, write_search_page
from foveal.report.html.blocks import Chapter
from foveal.report.records import SearchRecord
from foveal.runs.ground_truth import Objects, objects_of
from foveal.runs.predicting import FileResults, answers_of, drawn_names, encoded, find_images, of_file
from foveal.runs.settings import make_search

#: Images that a page explains at most.
MOST_IMAGES = 6


def propose(
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    mode: str = "fast",
    number: int = 2000,
    drawn: int = 50,
    settings: Mapping[str, Any] | None = None,
    explain: str | os.PathLike[str] | None = None,
    data: str | os.PathLike[str] | None = None,
    format: str | None = None,
    callbacks: Callbacks = (),
) -> FileResults:
    """Propose regions of image files by selective search.

    Parameters
    ----------
    inputs : sequence of path-like
        Files, folders and patterns; see :func:`foveal.runs.predicting.find_images`.
    out : path-like
        A new or empty folder. It receives ``proposals.json`` and ``drawn/``.
    mode : {"single", "fast", "quality"}, default="fast"
    number : int, default=2000
        The best so many of each image.
    drawn : int, default=50
        The best so many are drawn, at most ``number``.
    settings : mapping of str, optional
        Other parameters of :class:`foveal.proposals.SelectiveSearch` by name.
    explain : path-like, optional
        An HTML file to write, which shows how the search came to its proposals; see
        :func:`explain_proposals`. Its name ends with ``.html``, and there is no such file yet.
    data : path-like, optional
        The boxed data set that the images belong to, for the page to show their objects.
    format : str, optional
        Of ``data``; see :func:`foveal.data.load`.
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height``, ``boxes`` (best first) and ``scores``.

    Raises
    ------
    FovealError
        If there is nothing to do, the mode or a setting is unknown, ``out`` is not empty, or an image is not
        in ``data``.
    """
    search = make_search(mode, settings or {})
    files = find_images(inputs)
    objects = None
    if explain is not None:
        new_file(explain, ".html")
        if data is not None:
            # Before anything that takes long.
            objects = objects_of(files, data, format)
    elif data is not None:
        raise SettingError("The data set is for the page that explains: name a file for that page as well.")
    asked = {
        "images": [str(name) for name in inputs],
        "mode": mode,
        "number": number,
        "drawn": drawn,
        "settings": dict(settings or {}),
    }
    with claimed(out, "propose", asked, leaves=("proposals.json", "drawn")) as folder:
        results, unreadable = _propose(files, folder, search, number, drawn, callbacks)
        if explain is not None:
            explain_proposals(explain, files, search, objects=objects, callbacks=callbacks)
    return FileResults(folder, results, unreadable)


def _propose(
    files: Sequence[Path],
    folder: Path,
    search: SelectiveSearch,
    number: int,
    drawn: int,
    callbacks: Callbacks,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    names = drawn_names(files)
    begin(SEARCH)

    def found(index: int, image: NDArray[np.uint8]) -> dict[str, Any]:
        proposals = search.propose(image).best(number)
        small, scale = resize_to_fit(image, 1600)
        shown = proposals.boxes[:drawn] * scale
        # The first is drawn last, on top.
        drawing = draw_boxes(small, shown[::-1], colors=list(range(len(shown)))[::-1])
        write_bytes(folder / "drawn" / names[index], encoded(drawing, "JPEG"), sync=False)
        return {**of_file(files[index], image), **proposal_answer(proposals)}

    results, unreadable = answers_of(found, files, callbacks, "proposals")
    write_json(folder / "proposals.json", results, indent=None)
    return results, unreadable


def proposal_answer(proposals: Proposals) -> dict[str, Any]:
    """The ``boxes`` of proposals, to a hundredth of a pixel, and their ``scores``, as JSON values."""
    return {
        "boxes": [[round(float(v), 2) for v in box] for box in proposals.boxes],
        "scores": [round(float(s), 6) for s in proposals.scores],
    }


def explain_proposals(
    path: str | os.PathLike[str],
    files: Sequence[str | os.PathLike[str]],
    search: SelectiveSearch,
    *,
    objects: Mapping[Path, Objects] | None = None,
    callbacks: Callbacks = (),
) -> dict[str, str]:
    """Write one HTML page that shows how selective search went in each of some images.

    The page has the first segmentations, the merging at several levels and as a film, the similarity of what
    was joined, the best boxes, the objects with the proposals that cover them, and what each strategy gave.
    It asks nothing of the network; the same images give the same bytes.

    Parameters
    ----------
    path : path-like
        The file to write, which is not there yet; its name ends with ``.html``.
    files : sequence of path-like
        Images, of which the first six that can be read are explained.
    search : SelectiveSearch
    objects : mapping of pathlib.Path to Objects, optional
        As :func:`foveal.runs.objects_of` gives them.
    callbacks : sequence of callables

    Returns
    -------
    dict of str to str
        The files that could not be read, as far as they were tried, each with the reason.

    Raises
    ------
    SettingError
        If there is a file of that name, or the name has another end.
    """
    path = new_file(path, ".html")
    called = distinct_names(map(Path, files))
    chapters: list[Chapter] = []
    unreadable: dict[str, str] = {}
    with stage(callbacks, "explanation", min(len(files), MOST_IMAGES)) as progress:
        for file in map(Path, files):
            if len(chapters) == MOST_IMAGES:
                break
            try:
                image = read(file)
            except ImageError as error:
                unreadable[str(file)] = str(error)
                continue
            known = None if objects is None else objects.get(file)
            chapters.append(search_chapter_of(called[file], image, search, known))
            progress(len(chapters))
    more = len(files) - len(chapters) - len(unreadable)
    write_search_page(path, chapters, search.mode, more=more, unreadable=unreadable)
    return unreadable


def search_chapter_of(
    name: str, image: NDArray[np.uint8], search: SelectiveSearch, objects: Objects | None = None
) -> Chapter:
    """The chapter about a selective search in one image, of that name."""
    learned = search.order_ is not None
    record = SearchRecord(name, image, search.propose(image), search.mode, learned=learned)
    if objects is not None:
        record = replace(record, objects=objects.boxes, object_names=objects.names)
    return search_chapter(record)
