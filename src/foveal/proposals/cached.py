"""Proposals of image files, kept on disk so that they are made once."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal import parallel
from foveal.events import Callbacks, emit, stage
from foveal.files import Cache, digest_file, digest_json
from foveal.files.container import restore
from foveal.images import Source, as_pixels
from foveal.proposals.proposal import Proposals, Proposer
from foveal.proposals.selective_search import SelectiveSearch
from foveal.proposals.sliding_window import SlidingWindow
from foveal.version import __version__
from foveal.wording import count

#: Counted up whenever a method of Foveal gives other boxes, scores or another order for the same settings.
ALGORITHM_VERSION = 2

_KINDS: dict[Any, Callable[..., Proposer]] = {
    "selective-search": SelectiveSearch,
    "sliding-window": SlidingWindow,
}


@dataclass(frozen=True, eq=False)
class FileProposals:
    """The proposals of one image file.

    Attributes
    ----------
    proposals : Proposals
    width, height : int
        In pixels, of the array that :func:`foveal.images.read` gives.
    cached : bool
        Whether they were in the cache.
    """

    proposals: Proposals
    width: int
    height: int
    cached: bool


class FileProposer:
    """Proposes regions in image files, with a memory on disk.

    The key is the content of the file, whatever its name, with everything else that decides the boxes: the
    method's settings, the version of Foveal and of its methods, and the libraries that decode and smooth the
    image. What is remembered equals what was proposed, bit for bit.

    Only methods that Foveal makes again from their settings (:class:`foveal.proposals.SelectiveSearch`,
    :class:`foveal.proposals.SlidingWindow`) are remembered: of a method of your own, nothing tells when its
    code has changed.

    Parameters
    ----------
    proposer : Proposer
    cache : Cache or None
        Without one every file is read and searched.
    keep : bool, default=True
        Whether what had to be made is added to the cache.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from foveal.proposals import SlidingWindow
    >>> folder = Path(tempfile.mkdtemp())
    >>> Image.new("RGB", (80, 60)).save(folder / "a.png")
    >>> files = FileProposer(SlidingWindow(), Cache(folder / "cache"))
    >>> [files.propose(folder / "a.png").cached for _ in range(2)]
    [False, True]
    """

    def __init__(self, proposer: Proposer, cache: Cache | None, *, keep: bool = True) -> None:
        self._proposer = proposer
        self._settings = None if cache is None else _settings(proposer)
        self._cache = cache
        self._keep = keep

    def propose(self, source: Source, image: NDArray[np.uint8] | None = None) -> FileProposals:
        """Propose regions of an image file.

        Parameters
        ----------
        source : path-like or ndarray of shape (H, W, 3), uint8
            An image that is no file is not remembered.
        image : ndarray of shape (H, W, 3), uint8, optional
            What :func:`foveal.images.read` gives for it, where that is at hand. Without it, a file that is
            remembered is not decoded.

        Returns
        -------
        FileProposals

        Raises
        ------
        ImageError
            If the file cannot be read.
        """
        cache, content = self._cache, None
        if cache is not None and self._settings is not None:
            content = _content(source)
            if content is not None:
                found = _restored(cache.read(self._key(content)))
                if found is not None:
                    return found
        # A file whose content cannot be had is told about by the reader, in its own words.
        pixels = as_pixels(source) if image is None else image
        proposals = self._proposer.propose(pixels)
        height, width = pixels.shape[:2]
        # A file that was written to meanwhile must not be remembered for what it was before.
        if cache is not None and content is not None and self._keep and _content(source) == content:
            cache.write(
                self._key(content),
                {"boxes": proposals.boxes, "scores": proposals.scores},
                {"width": width, "height": height},
            )
        return FileProposals(Proposals(proposals.boxes, proposals.scores), width, height, False)

    def _key(self, content: str) -> dict[str, str | None]:
        return {"proposals": self._settings, "picture": content}


def propose_files(
    proposer: Proposer,
    sources: Sequence[Source],
    *,
    number: int | None = None,
    cache: Cache | None = None,
    name: str = "proposals",
    callbacks: Callbacks = (),
) -> list[FileProposals]:
    """Propose regions of many image files, several at a time.

    Parameters
    ----------
    proposer : Proposer
    sources : sequence of path-like or ndarray of shape (H, W, 3), uint8
    number : int, optional
        The best so many of each image; all by default.
    cache : Cache, optional
        Such as :func:`foveal.files.user_cache` gives. None by default.
    name : str, default="proposals"
        The stage to report.
    callbacks : sequence of callables
        Told of progress and, in a ``note``, how many images were in the cache; see :mod:`foveal.events`.

    Returns
    -------
    list of FileProposals
        In the order of the sources.

    Raises
    ------
    ImageError
        If a file cannot be read.

    Examples
    --------
    >>> from foveal.proposals import SelectiveSearch
    >>> propose_files(SelectiveSearch(), [])
    []
    """
    files = FileProposer(proposer, cache)

    def one(source: Source) -> FileProposals:
        found = files.propose(source)
        if number is None or len(found.proposals) <= number:
            return found
        # A copy: a view would keep the whole list in memory.
        best = found.proposals.best(number)
        best = Proposals(best.boxes.copy(), best.scores.copy())
        return FileProposals(best, found.width, found.height, found.cached)

    with stage(callbacks, name, len(sources)) as progress:
        answers = parallel.map(one, sources, done=progress)
    pairs = zip(answers, sources, strict=True)
    close_stage(cache, [a.cached for a, source in pairs if isinstance(source, (str, os.PathLike))], callbacks)
    return answers


def close_stage(cache: Cache | None, cached: Sequence[bool], callbacks: Callbacks) -> None:
    """Tell how many images were in the cache, and keep the cache within its limit.

    Parameters
    ----------
    cache : Cache or None
    cached : sequence of bool
        For each image whether it was in the cache.
    callbacks : sequence of callables
    """
    if cache is None:
        return
    found = sum(cached)
    if found:
        text = f"Proposals: {found} of {count(len(cached), 'picture')} from the cache in {cache.folder}."
        emit(callbacks, "note", text=text)
    if cache.problem is not None:
        text = f"Proposals cannot be kept in {cache.folder} ({cache.problem}): they will be made again. "
        text += "The environment variable FOVEAL_CACHE names another folder."
        emit(callbacks, "note", text=text)
    elif found < len(cached):
        cache.trim()


def proposer_from_config(config: dict[str, Any]) -> Proposer:
    """Make a method of proposing regions from what its ``get_config`` gave; see `foveal.files.restore`.

    Examples
    --------
    >>> proposer_from_config({"kind": "sliding-window", "stride": 0.5}).stride
    0.5
    """
    return restore(config, _KINDS, "proposals")


def _settings(proposer: Proposer) -> str | None:
    """A digest of what decides the boxes beside the image; None for a method that Foveal does not know."""
    import cv2
    import numba
    import PIL

    try:
        config = proposer.get_config()
        restored = proposer_from_config(config)
        if type(restored) is not type(proposer) or restored.get_config() != config:
            return None
        return digest_json(
            {
                "config": config,
                "algorithm": ALGORITHM_VERSION,
                "foveal": __version__,
                # Another release, or another processor, may decode, smooth or round in another way.
                "libraries": [PIL.__version__, cv2.__version__, np.__version__, numba.__version__],
                "machine": platform.machine(),
            }
        )
    except Exception:
        # A method of the user's own may say anything of itself; it works all the same.
        return None


def _content(source: Source) -> str | None:
    """The digest of a regular file; None of anything else."""
    try:
        # A pipe would be waited for without end.
        if not isinstance(source, (str, os.PathLike)) or not os.path.isfile(source):  # noqa: PTH113
            return None
        return digest_file(source)
    except (OSError, ValueError):
        return None


def _restored(entry: tuple[Mapping[str, Any], Mapping[str, Any]] | None) -> FileProposals | None:
    """Proposals of an entry of the cache; None where that is no such thing."""
    if entry is None:
        return None
    arrays, size = entry
    boxes, scores = arrays.get("boxes"), arrays.get("scores")
    width, height = size.get("width"), size.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or boxes is None or scores is None:
        return None
    if boxes.dtype != np.float32 or scores.dtype != np.float32 or boxes.shape != (len(scores), 4):
        return None
    return FileProposals(Proposals(boxes, scores), width, height, True)
