"""Proposals of image files: drawn, and as JSON."""

import os
from collections.abc import Sequence
from typing import Any

from foveal import parallel
from foveal.errors import ImageError
from foveal.events import Callbacks, stage
from foveal.files import write_bytes, write_json
from foveal.images import draw_boxes, read, resize_to_fit
from foveal.proposals import SelectiveSearch
from foveal.runs.file_results import FileResults
from foveal.runs.folder import empty_folder
from foveal.runs.predicting import drawn_names, find_images, jpeg


def propose(
    inputs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    mode: str = "fast",
    number: int = 2000,
    drawn: int = 50,
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
        The best so many of each picture.
    drawn : int, default=50
        The best so many are drawn, at most ``number``.
    callbacks : sequence of callables

    Returns
    -------
    FileResults
        Each result has ``file``, ``width``, ``height``, ``boxes`` (best first) and ``scores``.

    Raises
    ------
    FovealError
        If there is nothing to do, the mode is unknown or ``out`` is not empty.
    """
    search = SelectiveSearch(mode=mode)
    files = find_images(inputs)
    folder = empty_folder(out)
    names = drawn_names(files)

    def one(index: int) -> dict[str, Any] | str:
        try:
            image = read(files[index])
        except ImageError as error:
            return str(error)
        proposals = search.propose(image).best(number)
        small, scale = resize_to_fit(image, 1600)
        shown = proposals.boxes[:drawn] * scale
        # The first is drawn last, on top.
        picture = draw_boxes(small, shown[::-1], colors=list(range(len(shown)))[::-1])
        write_bytes(folder / "drawn" / names[index], jpeg(picture), sync=False)
        return {
            "file": str(files[index]),
            "width": image.shape[1],
            "height": image.shape[0],
            "boxes": [[round(float(v), 2) for v in box] for box in proposals.boxes],
            "scores": [round(float(s), 6) for s in proposals.scores],
        }

    with stage(callbacks, "proposals", len(files)) as progress:
        answers = parallel.map(one, range(len(files)), done=progress)
    results = [a for a in answers if isinstance(a, dict)]
    unreadable = {str(f): a for f, a in zip(files, answers, strict=True) if isinstance(a, str)}
    write_json(folder / "proposals.json", results, indent=None)
    return FileResults(folder, results, unreadable)
