"""Opening files that others have named: regular ones alone, and none larger than what is looked for.

A link may lead to a device that never ends, and merely opening a pipe waits until somebody writes to it.
"""

import errno
import io
import os
import stat
from functools import cache
from pathlib import Path

# Where the system keeps files that it makes up while they are read.
_OF_THE_SYSTEM = ("/proc", "/sys")
# Windows has no such flag, and no pipes among its files.
_WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0)


def what_else(status: os.stat_result) -> str:
    """What a file is that is no regular one, as the end of a sentence; ``""`` where it is one.

    Parameters
    ----------
    status : os.stat_result
        Of the file that links lead to.

    Examples
    --------
    >>> what_else(os.stat(os.devnull)), what_else(os.stat(os.curdir))
    ('a device', 'a folder')
    """
    kind = status.st_mode
    if stat.S_ISREG(kind):
        return "a file of the system's own" if status.st_dev in _system() else ""
    if stat.S_ISDIR(kind):
        return "a folder"
    if stat.S_ISFIFO(kind):
        return "a pipe"
    if stat.S_ISSOCK(kind):
        return "a socket"
    return "a device"


def is_of_the_system(status: os.stat_result) -> bool:
    """Whether a file or folder lies in ``/proc`` or ``/sys``, where a system that has these makes them up."""
    return status.st_dev in _system()


@cache
def _system() -> frozenset[int]:
    found = set()
    for place in _OF_THE_SYSTEM:
        try:
            device = os.stat(place).st_dev  # noqa: PTH116
            if device != os.stat("/").st_dev:  # noqa: PTH116
                found.add(device)
        except OSError:
            continue
    return frozenset(found)


def without_waiting(path: str | os.PathLike[str], flags: int) -> int:
    """What ``open`` and ``io.FileIO`` take for an opener: of a pipe nobody is waited for."""
    return os.open(path, flags | _WITHOUT_WAITING)


def open_regular(path: str | os.PathLike[str], *, largest: int | None = None) -> io.BufferedReader:
    """Open a regular file for reading, or a link to one.

    Parameters
    ----------
    path : path-like
    largest : int, optional
        How many bytes it may have.

    Returns
    -------
    io.BufferedReader

    Raises
    ------
    OSError
        If it is a pipe, a socket, a device, or lies in ``/proc`` or ``/sys``, of which none is opened; if it
        is a folder, larger, not there or not to be read. ``strerror`` says which.
    ValueError
        If the path holds a NUL.

    Examples
    --------
    >>> open_regular(os.devnull)
    Traceback (most recent call last):
    OSError: [Errno 22] it is a device, and regular files alone are opened: ...
    """
    check_regular(os.stat(path), path, largest)  # noqa: PTH116
    file = open(path, "rb", opener=without_waiting)  # noqa: SIM115
    try:
        # Another file may lie there by now.
        check_regular(os.fstat(file.fileno()), path, largest)
    except OSError:
        file.close()
        raise
    return file


def check_regular(status: os.stat_result, path: str | os.PathLike[str], largest: int | None = None) -> None:
    """Raise what :func:`open_regular` raises of a file with this status."""
    if what := what_else(status):
        number = errno.EISDIR if what == "a folder" else errno.EINVAL
        raise OSError(number, f"it is {what}, and regular files alone are opened", os.fspath(path))
    if largest is not None and status.st_size > largest:
        text = f"it has {status.st_size / 1e9:.3g} GB, and no such file more than {largest / 1e9:.3g} GB"
        raise OSError(errno.EFBIG, text, os.fspath(path))


def read_regular(path: str | os.PathLike[str], *, largest: int) -> bytes:
    """The content of a regular file of no more bytes than ``largest``; see :func:`open_regular`.

    Raises
    ------
    OSError
        As :func:`open_regular`; also where the file becomes longer while it is read.
    """
    with open_regular(path, largest=largest) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(size + 1)
    if len(content) > size:
        raise OSError(errno.EAGAIN, "it becomes longer while it is read", str(Path(path)))
    return content
