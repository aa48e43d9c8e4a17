"""A folder that one command writes into, and no other meanwhile."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from foveal.errors import SettingError
from foveal.files.atomic import TEMPORARY, naming
from foveal.files.names import digest_json

#: The file that is in a folder of results until they are complete.
MARK = ".foveal-unfinished"

_NOTHING = {"verb": "command", "of": ""}


@contextmanager
def claimed(
    path: str | os.PathLike[str],
    verb: str,
    of: Any,
    *,
    leaves: Sequence[str] = (),
    kept: bool = False,
    goes_on_by: str = "give that command again",
) -> Iterator[Path]:
    """Have an empty folder for the results of one command, which no other gets until the block ends.

    While the block runs there is a file ``.foveal-unfinished`` in the folder. It stays where the block is not
    left in order, so that what is half done is never taken for results, and the same command may go on there.

    Parameters
    ----------
    path : path-like
        A folder that does not exist, is empty, or was left by the same command when that was broken off.
    verb : str
        The command, ``"predict"``.
    of : JSON value
        What tells this command from others of its kind.
    leaves : sequence of str
        Patterns of what the command writes: what it left when it was broken off is removed.
    kept : bool, default=False
        Whether the command goes on with what it left, instead.
    goes_on_by : str
        What is said where another command left something.

    Yields
    ------
    pathlib.Path
        The folder.

    Raises
    ------
    SettingError
        If another command is at work there, the folder holds something else, or it is a file.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "found"
    >>> with claimed(folder, "predict", ["a.jpg"]):
    ...     [file.name for file in folder.iterdir()]
    ['.foveal-unfinished']
    >>> any(folder.iterdir())
    False
    """
    path = Path(path)
    mark = path / MARK
    taken = SettingError(f"{path} exists and is not an empty folder: name another one with --out.")
    if os.path.lexists(path) and (not path.is_dir() or (_holds_something(path) and not mark.is_file())):
        raise taken
    new = not path.exists()
    with locked(path) as file:
        what = {"verb": verb, "of": digest_json(of)}
        before = _read(file)
        same = before is not None and what == {key: before[key] for key in what}
        if before is not None:
            remove_temporary(path)
        if same and not kept:
            _clear(path, leaves)
        if _holds_something(path) and not (same and kept):
            if before is None:
                _remove(mark)
                raise taken
            raise SettingError(
                f"{path} holds what an unfinished foveal {before['verb']} left: {goes_on_by}, or "
                "name another folder with --out."
            )
        _write(file, path, what)
        try:
            yield path
        except BaseException:
            if not _holds_something(path):
                _remove(mark)
                if new:
                    with suppress(OSError):
                        path.rmdir()
            raise
        _remove(mark)


@contextmanager
def gone_on_with(path: str | os.PathLike[str]) -> Iterator[None]:
    """Have a folder with what a command left that was broken off; see :func:`claimed`.

    Temporary files of writers that were killed are removed from it.

    Raises
    ------
    SettingError
        If another command is at work there.
    """
    path = Path(path)
    with locked(path) as file:
        remove_temporary(path)
        _write(file, path, {**_NOTHING, **(_read(file) or {})})
        yield
        _remove(path / MARK)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold a folder against other commands, which are told.

    The lock is the system's and ends with the process, however that ends. Where a file system has none, the
    mark of a process that is no more is passed over.

    Yields
    ------
    int
        A descriptor of the mark, which stays when the block ends.

    Raises
    ------
    SettingError
        If another command holds it.
    """
    mark = path / MARK
    for _ in range(100):
        with naming(path):
            path.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(mark, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except FileNotFoundError:
            continue  # another command removed the folder that it had made
        except OSError as error:
            error.filename = str(path)
            raise
        try:
            if not _lock(file):
                raise SettingError(
                    f"Another command of Foveal is writing to {path}: wait until it has ended, or name "
                    "another folder with --out."
                )
            if _is(file, mark):
                yield file
                return
        finally:
            os.close(file)
    raise SettingError(f"{path} is used by too many commands at once: name another folder with --out.")


def _is(file: int, path: Path) -> bool:
    """Whether a descriptor is of the file of that name: whoever held it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: int) -> bool:
    """Whether this process has the file to itself from now on."""
    try:
        import fcntl
    except ImportError:
        return _lock_range(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks: that of a process that is at work names it.
        process = (_read(file) or {}).get("process")
        return not (isinstance(process, int) and process != os.getpid() and _runs(process))
    return True


def _lock_range(file: int) -> bool:
    """On Windows: the lock of a byte beyond the content."""
    import msvcrt

    os.lseek(file, 1 << 20, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _read(file: int) -> dict[str, Any] | None:
    """What a command wrote that was broken off; None where there was none."""
    os.lseek(file, 0, os.SEEK_SET)
    try:
        said = json.loads(os.read(file, 4096))
        return {"verb": str(said["verb"]), "of": str(said["of"]), "process": said["process"]}
    except (ValueError, LookupError, TypeError):
        return None


def _write(file: int, path: Path, what: dict[str, Any]) -> None:
    with naming(path):
        os.lseek(file, 0, os.SEEK_SET)
        os.truncate(file, 0)
        os.write(file, json.dumps({**what, "process": os.getpid()}).encode())


def _holds_something(folder: Path) -> bool:
    try:
        return any(path.name != MARK for path in folder.iterdir())
    except FileNotFoundError:
        return False


def _remove(mark: Path) -> None:
    with suppress(OSError):  # Windows keeps what is open
        mark.unlink(missing_ok=True)


def _clear(folder: Path, leaves: Sequence[str]) -> None:
    """Remove what a command left that was broken off."""
    for pattern in leaves:
        for path in folder.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def remove_temporary(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files of writers that were killed from a folder that nobody writes to now."""
    for path in Path(folder).iterdir():
        if re.fullmatch(TEMPORARY, path.name) and path.is_file() and not path.is_symlink():
            path.unlink(missing_ok=True)
