"""How a detector came to its detections, for image files: drawn pictures, JSON and a page."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError
from foveal.events import Callbacks, stage
from foveal.files import write_json
from foveal.images import read
from foveal.models import MODELS
from foveal.proposals import SelectiveSearch
from foveal.report import Chapter, write_report
from foveal.report.chapters.trace import trace_chapter
from foveal.report.wording import count
from foveal.runs.explaining import Objects, objects_of, searched
from foveal.runs.file_results import FileResults
from foveal.runs.folder import empty_folder
from foveal.runs.predicting import predict

#: Pictures that a page follows step by step at most.
MOST_PICTURES = 4


def explain_detector(
    run: str | os.PathLike[str],
    model: Any,
    files: Sequence[Path],
    out: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    format: str | None = None,
    callbacks: Callbacks = (),
) -> FileResults:
    """Predict over image files, and write one page that follows the first of them step by step.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    model : estimator
        The same, loaded.
    files : sequence of path-like
    out : path-like
        See :func:`foveal.runs.predict`; it receives ``explanation.html`` too.
    data : path-like, optional
        A boxed data set that the pictures are in.
    format : str, optional
        Of that data set.
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        What :func:`foveal.runs.predict` gives; of a model that only proposes each result has ``file``,
        ``width``, ``height``, ``boxes`` and ``scores``, which are in ``proposals.json`` too.

    Raises
    ------
    DataError
        If ``data`` has no boxes or not these pictures.
    """
    known = {} if data is None else objects_of(files, data, format)
    if hasattr(model, "predict"):
        done = predict(run, files, out, callbacks=callbacks)
    else:
        done = _proposed(model, files, out, callbacks)
    readable = [Path(result["file"]) for result in done.results]
    shown = readable[:MOST_PICTURES]
    chapters: list[Chapter] = []
    with stage(callbacks, "explanation", len(shown)) as progress:
        for file in shown:
            chapters += _followed(model, file.name, read(file), known.get(file))
            progress(len(chapters))
    _write_page(done.folder / "explanation.html", model, chapters, len(shown), done)
    return done


def _proposed(
    model: Any, files: Sequence[Path], out: str | os.PathLike[str], callbacks: Callbacks
) -> FileResults:
    """Of a model that proposes and does not detect: its proposals for image files, as JSON."""
    folder = empty_folder(out)
    results: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}
    with stage(callbacks, "proposals", len(files)) as progress:
        for done, file in enumerate(files, 1):
            try:
                image = read(file)
            except ImageError as error:
                unreadable[str(file)] = str(error)
            else:
                found = model.propose(image)
                results.append(
                    {
                        "file": str(file),
                        "width": image.shape[1],
                        "height": image.shape[0],
                        "boxes": found.boxes.round(2).tolist(),
                        "scores": found.scores.round(6).tolist(),
                    }
                )
            progress(done)
    write_json(folder / "proposals.json", results)
    return FileResults(folder, results, unreadable)


def _followed(model: Any, name: str, image: NDArray[np.uint8], objects: Objects | None) -> list[Chapter]:
    chapters = []
    if hasattr(model, "trace"):
        steps = model.trace(
            image,
            None if objects is None else objects.boxes,
            object_names=() if objects is None else objects.names,
        )
        chapters.append(
            trace_chapter(name, steps, _name(model), threshold=float(getattr(model, "threshold_", 0.5)))
        )
    search = getattr(model, "proposer_", None)
    if isinstance(search, SelectiveSearch):
        chapter = searched(name, image, search, objects)
        # Two chapters of one page have different names.
        chapters.append(replace(chapter, title=f"{name}: the search") if chapters else chapter)
    return chapters


def _name(model: Any) -> str:
    own = type(model).__name__
    return next((name for name, (_, class_name) in MODELS.items() if class_name == own), own)


def _write_page(path: Path, model: Any, chapters: list[Chapter], shown: int, done: FileResults) -> None:
    what = "detections" if hasattr(model, "predict") else "proposals"
    sentences = [f"How {_name(model)} came to its {what} in {count(shown, 'picture')}."]
    if len(chapters) == 1:
        # A page of one chapter has no other head than the intro.
        sentences = [chapters[0].text]
    left = len(done.results) - shown
    if left:
        sentences.append(
            f"{count(left, 'more picture')} {'is' if left == 1 else 'are'} not followed here; the answers "
            "for all are in the folder."
        )
    if done.unreadable:
        sentences.append(
            f"{count(len(done.unreadable), 'file')} could not be read: {' '.join(done.unreadable.values())}"
        )
    title = chapters[0].title if shown == 1 and chapters else f"From pictures to {what}"
    write_report(path, title, " ".join(sentences), chapters)
