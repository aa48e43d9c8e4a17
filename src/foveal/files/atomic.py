"""Files that are written whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from foveal.exits import undoing
from foveal.files.plain import json_text

#: The names of files that are being written, as a regular expression. They begin with a dot.
TEMPORARY = r"\..*-foveal-[\w-]+(\..*)?"

# The disk is full, or what the user may have of it, or the file is larger than files may be.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replacing(path: str | os.PathLike[str], *, sync: bool = True) -> Iterator[Path]:
    """Give a temporary path in the same folder and rename it to ``path`` at the end.

    Whoever reads ``path`` finds the old file or the new one, never half of one, even if the process
    is killed. If the block raises, the temporary file is removed and ``path`` is left as it was.

    Parameters
    ----------
    path : path-like
        The file to be written. Its folder is made if it is missing.
    sync : bool, default=True
        Wait until the disk has the content; see :func:`write_bytes`.

    Yields
    ------
    pathlib.Path
        Where to write. Its name begins with a dot and keeps the suffix of ``path``, which some
        writers choose the format by.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['a.txt']
    """
    path = Path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_beginning(path), suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        with undoing(lambda: temporary.unlink(missing_ok=True)):
            yield from _renamed(temporary, path, sync)


def _renamed(temporary: Path, path: Path, sync: bool) -> Iterator[Path]:
    try:
        yield temporary
        if sync:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        # mkstemp makes private files; what a user finds should have the usual permissions.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _beginning(path: Path) -> str:
    return f".{path.stem[:40]}-foveal-"


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let an OSError of the block say which file it is about, where the system does not.

    Parameters
    ----------
    path : path-like
        The file that is written or read. It takes the place of a temporary file's name as well.

    Examples
    --------
    >>> try:
    ...     with naming("a.txt"):
    ...         raise OSError(28, "No space left on device")
    ... except OSError as error:
    ...     error.filename
    'a.txt'
    """
    path = Path(path)
    try:
        yield
    except OSError as error:
        told = error.filename
        name = os.path.basename(os.fsdecode(told)) if isinstance(told, str | bytes) else ""  # noqa: PTH119
        if not name or (name.startswith(_beginning(path)) and name.endswith(path.suffix)):
            error.filename = str(path)
        raise


def write_bytes(path: str | os.PathLike[str], content: bytes, *, sync: bool = True) -> None:
    """Write bytes, whole or not at all.

    Where the system has files without a name (Linux), a process that is killed while it writes leaves
    nothing behind, not even a temporary file.

    Parameters
    ----------
    path : path-like
        The file to be written. Its folder is made if it is missing.
    content : bytes
    sync : bool, default=True
        Wait until the disk has the content, so that even a power failure leaves one whole file. Of
        thousands of small files that can be made again, this takes most of the time.
    """
    path = Path(path)
    try:
        with naming(path):
            _write(path, content, sync)
    except OSError as error:
        _note_size(error, len(content))
        raise


def _note_size(error: OSError, size: int) -> None:
    if error.errno in _NO_ROOM:
        said = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{-(-size // 1000)} kB"
        error.add_note(f"{said} are needed")


def _write(path: Path, content: bytes, sync: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path.parent, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except (AttributeError, OSError):
        with replacing(path, sync=sync) as temporary:
            temporary.write_bytes(content)
        return
    name = f"{_beginning(path)}{os.getpid()}-{handle}{path.suffix}"
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(handle)
            # The whole file gets a name only now; a link cannot replace a file, so it takes two steps.
            # With a folder's descriptor given, os.link follows the link in /proc to the file itself.
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            os.link(f"/proc/self/fd/{handle}", name, dst_dir_fd=folder, follow_symlinks=True)
        with undoing((path.parent / name).unlink):
            os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        # Ctrl-C between the two steps, or a folder of that name in the way.
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        raise
    finally:
        os.close(folder)


def append_line(path: str | os.PathLike[str], line: str) -> None:
    """Append a line to a text file that is read while it grows; it is there as a whole or not at all.

    Parameters
    ----------
    path : path-like
        It is made if it is missing.
    line : str
        Without its end. What stands for a byte that is no UTF-8 is written as by :func:`write_text`.
    """
    content = f"{line}\n".encode("utf-8", errors="backslashreplace")
    # One write, without a buffer, at the file's end: a process that is killed leaves whole lines.
    with naming(path), Path(path).open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            written = file.write(content)
            while written < len(content):  # the disk is all but full
                written += file.write(content[written:])
        except OSError as error:
            with suppress(OSError):
                file.truncate(before)
            _note_size(error, len(content))
            raise


def write_text(path: str | os.PathLike[str], text: str) -> None:
    r"""Write text as UTF-8 with Unix line ends, whole or not at all.

    What stands for a byte of a file's name that is no UTF-8 is written as JSON writes it: ``\udcff``.
    """
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))


def write_json(path: str | os.PathLike[str], value: Any, *, indent: int | None = 2) -> None:
    """Write a JSON value, whole or not at all; see :func:`foveal.files.plain.json_text`.

    Raises
    ------
    ValueError
        If the value holds NaN or infinity, which JSON has no word for.
    """
    write_text(path, json_text(value, indent=indent, allow_nan=False) + "\n")
