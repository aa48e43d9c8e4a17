"""Compiled functions, and where what Numba compiles is kept.

Beside the code where that can be written; else in the user's cache folder (``FOVEAL_CACHE``); else where
Numba itself finds a folder; else nowhere, and every process compiles anew. A folder that is full, or damaged,
is no error either.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from foveal import compiling
from foveal.files import user_cache

# Nothing of C calls these functions, and NumPy's division, which gives inf and NaN in place of an error,
# needs no branch: less to compile.
_DEFAULTS: dict[str, Any] = {"no_cfunc_wrapper": True, "error_model": "numpy"}


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Numba's decorator of the same name, which compiles in memory where nothing can be kept.

    Parameters
    ----------
    options
        Numba's. By default division follows NumPy (``error_model="numpy"``), and there is no wrapper for C.

    Examples
    --------
    >>> @njit(nogil=True)
    ... def twice(x):
    ...     return 2 * x
    >>> twice(3)
    6
    """
    options = {**_DEFAULTS, **options}

    def decorate(function: Callable[..., Any]) -> Any:
        import numba

        if options.get("cache"):
            try:
                with _numba_looks_in(_folder(os.path.dirname(function.__code__.co_filename))):  # noqa: PTH120
                    kept = numba.njit(**options)(function)
            except RuntimeError:
                compiling.not_kept()
            else:
                _forgive(kept)
                return kept
        return numba.njit(**{**options, "cache": False})(function)

    return decorate


def expect() -> None:
    """Get ready to compile, beside whatever comes first, where nothing has been compiled yet.

    It is found out without importing Numba, so that it costs a program next to nothing.
    """
    if not _anything_is_kept():
        compiling.start_ahead("from foveal.kernels import make_ready; make_ready()")


def make_ready() -> None:
    """Import and do what the first compilation of a process needs."""
    import numba

    numba.njit()(_nothing)(0)
    import_module("foveal.nn.functional")


def _nothing(number: int) -> int:
    return number


def _anything_is_kept() -> bool:
    named, own = os.environ.get("NUMBA_CACHE_DIR"), user_cache()
    places = [Path(named)] if named else [Path(__file__).parent, *([own.folder / "numba"] if own else [])]
    return any(next(place.rglob("*.nbi"), None) for place in places)


@cache
def _folder(code: str) -> str | None:
    """Where what is compiled of a folder of code is kept; None is Numba's own choice."""
    config = _configuration()
    if config.CACHE_DIR or is_writable(Path(code, "__pycache__")):
        return None
    own = user_cache()
    return str(own.folder / "numba") if own is not None and is_writable(own.folder / "numba") else None


def is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if it is missing.

    Examples
    --------
    >>> is_writable(Path(os.devnull, "folder"))
    False
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


@contextmanager
def _numba_looks_in(folder: str | None) -> Iterator[None]:
    """Let a function that is decorated inside the block be kept there, and none that is decorated later."""
    config = _configuration()
    before = config.CACHE_DIR
    if folder is not None:
        config.CACHE_DIR = folder
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _configuration() -> Any:
    from numba.core import config

    return config


def _forgive(kernel: Any) -> None:
    """Let what cannot be kept, or was kept and is damaged, be compiled without a word of the system's."""
    # Numba has no public way to do so; without this attribute it raises as it always did.
    kept = getattr(kernel, "_cache", None)
    if kept is None or not hasattr(kept, "load_overload") or not hasattr(kept, "save_overload"):
        return
    load, save = kept.load_overload, kept.save_overload

    def load_overload(*words: Any) -> Any:
        try:
            return load(*words)
        except Exception:
            return None

    def save_overload(*words: Any) -> None:
        try:
            save(*words)
        except Exception:
            compiling.not_kept()

    kept.load_overload, kept.save_overload = load_overload, save_overload
