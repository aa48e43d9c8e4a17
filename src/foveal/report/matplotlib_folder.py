"""A folder for matplotlib's list of fonts where its own cannot be written to, as in a container."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from foveal.exits import undo_at_end
from foveal.files import user_cache
from foveal.kernels import is_writable

_VARIABLE = "MPLCONFIGDIR"


def prepare_matplotlib() -> None:
    """Name a folder in ``MPLCONFIGDIR``, as matplotlib does itself, but without its warnings.

    It is in the user's cache folder, or else a temporary one. Nothing is done where matplotlib finds a
    folder, or has been imported. The fonts of the system are not asked for then: figures are drawn in
    matplotlib's own, and the program that lists them would complain of the same.
    """
    if "matplotlib" in sys.modules or all(map(_can_be_made, _own_folders())):
        return
    cache = user_cache()
    folder = None if cache is None else cache.folder / "matplotlib"
    if folder is None or not is_writable(folder):
        try:
            folder = Path(tempfile.mkdtemp(prefix="foveal-matplotlib-"))
        except OSError:
            return  # it says itself that it needs one
        undo_at_end(lambda: shutil.rmtree(folder, ignore_errors=True))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[_VARIABLE] = str(folder)
    os.environ.setdefault("MPL_IGNORE_SYSTEM_FONTS", "1")


def _own_folders() -> list[Path | None]:
    """Where matplotlib would write; None where it cannot tell."""
    if named := os.environ.get(_VARIABLE):
        return [Path(named).absolute()]
    try:
        home = Path.home()
    except RuntimeError:
        return [None]
    if not sys.platform.startswith(("linux", "freebsd")):
        return [home / ".matplotlib"]
    kinds = {"XDG_CONFIG_HOME": ".config", "XDG_CACHE_HOME": ".cache"}
    return [
        Path(os.environ.get(variable) or home / usual) / "matplotlib" for variable, usual in kinds.items()
    ]


def _can_be_made(folder: Path | None) -> bool:
    if folder is None:
        return False
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
    except (OSError, StopIteration):
        return False
    return there.is_dir() and os.access(there, os.W_OK)
