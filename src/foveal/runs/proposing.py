"""Proposals of image files: drawn, and as JSON."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foveal import parallel
from foveal.errors import ImageError, SettingError
from foveal.events import Callbacks, stage
from foveal.files import write_bytes, write_json
from foveal.images import draw_boxes, read, resize_to_fit
from foveal.runs.explaining import explain_proposals, objects_of
from foveal.runs.file_results import FileResults
from foveal.runs.folder import empty_folder
from foveal.runs.predicting import drawn_names, find_images, jpeg
from foveal.runs.settings import make_search


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
        The best so many of each picture.
    drawn : int, default=50
        The best so many are drawn, at most ``number``.
    settings : mapping of str, optional
        Other parameters of :class:`foveal.proposals.SelectiveSearch` by name.
    explain : path-like, optional
        An HTML file to write, which shows how the search came to its proposals; see
        :func:`explain_proposals`. An existing file is replaced.
    data : path-like, optional
        The boxed data set that the pictures belong to, for the page to show their objects.
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
        If there is nothing to do, the mode or a setting is unknown, ``out`` is not empty, or a picture is not
        in ``data``.
    """
    search = make_search(mode, settings or {})
    files = find_images(inputs)
    objects = None
    if explain is not None:
        if Path(explain).is_dir():
            raise SettingError(f"{explain} is a folder; name a file for the page, such as explained.html.")
        if data is not None:
            # Before anything that takes long.
            objects = objects_of(files, data, format)
    elif data is not None:
        raise SettingError("The data set is for the page that explains: name a file for that page as well.")
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
    if explain is not None:
        explain_proposals(explain, files, search, objects=objects, callbacks=callbacks)
    return FileResults(folder, results, unreadable)
