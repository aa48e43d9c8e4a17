"""Results that are kept on disk because they cost more to make again than to read."""

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.files.container import parse_container, write_container
from foveal.files.names import digest_json

#: The environment variable that names the user's cache folder, or turns the cache off.
VARIABLE = "FOVEAL_CACHE"

#: Bytes that a cache may take up.
LIMIT = 2_000_000_000

# When it is passed, the cache is cut to this share of it, so that it is not cut again at once.
_ROOM = 0.9

# A temporary file this old, in seconds, is of a process that was killed.
_STALE = 3600.0

_SUFFIX = ".safetensors"
_FOLDER = re.compile(r"[0-9a-f]{2}")
_ENTRY = re.compile(rf"[0-9a-f]{{64}}{re.escape(_SUFFIX)}")

Arrays = dict[str, NDArray[Any]]


class Cache:
    """A folder of results, each of which can be made again.

    It is safe to delete, as a whole or in part and at any time, to share between threads and processes,
    and to be killed in. Whatever is wrong with it, the work goes on without it: an entry that is missing,
    damaged, cut off or not Foveal's is one that is not there, and is replaced; a disk that is full or
    may not be written leaves the cause in ``problem``.

    An entry is a container of arrays and JSON (see :func:`foveal.files.write_container`), named by the
    digest of its key: ``FOLDER/ab/abcd….safetensors``. Nothing else in the folder is ever touched.

    Parameters
    ----------
    folder : path-like
        It need not exist.
    limit : int, default=2_000_000_000
        Bytes. :meth:`trim` removes what was not used for longest where the entries take up more.

    Attributes
    ----------
    folder : pathlib.Path
    limit : int
    problem : str or None
        Why the first entry that could not be written was not.

    Examples
    --------
    >>> import tempfile
    >>> cache = Cache(tempfile.mkdtemp())
    >>> key = {"image": "a digest", "sigma": 0.8}
    >>> cache.read(key) is None
    True
    >>> cache.write(key, {"boxes": np.zeros((1, 4), np.float32)}, {"width": 80})
    >>> arrays, metadata = cache.read(key)
    >>> arrays["boxes"].tolist(), metadata
    ([[0.0, 0.0, 0.0, 0.0]], {'width': 80})
    """

    def __init__(self, folder: str | os.PathLike[str], *, limit: int = LIMIT) -> None:
        self.folder = Path(folder).absolute()
        self.limit = limit
        self.problem: str | None = None

    def path(self, key: Any) -> Path:
        """The file of a key, a JSON value, whether it is there or not."""
        name = digest_json(key)
        return self.folder / name[:2] / f"{name}{_SUFFIX}"

    def read(self, key: Any) -> tuple[Arrays, dict[str, Any]] | None:
        """What was written under a key; None where it is not there or not as it was written.

        The entry counts as used now.
        """
        path = self.path(key)
        try:
            # Not mapped into memory: a mapped file that another machine deletes, or whose disk fails,
            # ends the process. A pipe in an entry's place would be waited for without end.
            if not stat.S_ISREG(path.stat().st_mode):
                return None
            # safetensors itself notices no wrong number; the container's digest does.
            arrays, entry = parse_container(path.read_bytes(), path.name)
            value = entry["value"]
            if entry["key"] != path.stem:
                return None
        except Exception:
            # A foreign file can be wrong in any way, and none of them is worth more than a miss.
            return None
        with suppress(OSError):
            os.utime(path)
        return arrays, value

    def write(self, key: Any, arrays: Mapping[str, NDArray[Any]], metadata: dict[str, Any]) -> None:
        """Keep arrays and a JSON object under a key, whole or not at all.

        Two processes may write the same entry at the same time. Where it cannot be written,
        ``problem`` says why.

        Raises
        ------
        ValueError
            If the metadata holds NaN or infinity, which JSON has no word for.
        """
        path = self.path(key)
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        entry = {"key": path.stem, "value": metadata}
        for last in (False, True):
            try:
                # What can be made again is not waited for: the digest tells what a power failure left.
                write_container(path, whole, entry, sync=False)
            except OSError as error:
                if isinstance(error, FileNotFoundError) and not last:
                    # Somebody deleted the folder between its making and its use.
                    continue
                self.problem = self.problem or error.strerror or str(error)
            return

    def trim(self) -> int:
        """Remove what was not used for longest if the entries take up more than the limit.

        Looks at every entry, some microseconds each, so it is for the end of a piece of work. Files that
        writers left behind that were killed are removed too.

        Returns
        -------
        int
            The bytes that are gone.
        """
        entries = []
        now = time.time()
        for file in self._files():
            try:
                about = file.stat(follow_symlinks=False)
            except OSError:
                continue
            if _ENTRY.fullmatch(file.name):
                entries.append((about.st_mtime, about.st_size, file.path))
            elif file.name.startswith(".") and file.name.endswith(_SUFFIX) and now - about.st_mtime > _STALE:
                _remove(file.path)
        total = sum(size for _, size, _ in entries)
        before = total
        if total > self.limit:
            # Of two processes that do this at once, both remove the same.
            for _, size, path in sorted(entries):
                if total <= _ROOM * self.limit:
                    break
                if _remove(path):
                    total -= size
        return before - total

    def _files(self) -> Iterator["os.DirEntry[str]"]:
        """What is in the folders of entries, as far as they can be listed."""
        with suppress(OSError), os.scandir(self.folder) as folders:
            for folder in folders:
                if _FOLDER.fullmatch(folder.name):
                    with suppress(OSError), os.scandir(folder.path) as files:
                        yield from files


def user_cache() -> Cache | None:
    """The cache of this user, or None where it is turned off.

    The environment variable ``FOVEAL_CACHE`` names the folder; empty or ``off``, there is none. Without
    it, it is ``foveal`` in the platform's folder for caches: ``~/.cache`` (or ``$XDG_CACHE_HOME``) on
    Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        from platformdirs import user_cache_path

        folder = user_cache_path("foveal", appauthor=False)
        # Without a home there is no folder of the user's; ``~`` itself would become one.
        return Cache(folder) if folder.is_absolute() else None
    if named.strip().lower() in ("", "off"):
        return None
    return Cache(Path(named).expanduser())


def _remove(path: str) -> bool:
    """Whether the file is gone, whoever removed it."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError:
        # In use (Windows), or in a folder that may not be written.
        return False
    return True
