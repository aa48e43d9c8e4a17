"""Folders that are there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foveal.errors import SettingError
from foveal.exits import undoing
from foveal.files.atomic import naming
from foveal.files.outputs import check_free


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary folder beside ``path`` that takes its name at the end.

    Whoever looks at ``path`` finds nothing, or all of it. If the block raises, or the process is told to end,
    the temporary folder is removed; after a kill one whose name begins with a dot stays behind.

    Parameters
    ----------
    path : path-like
        A folder that does not exist or is empty.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    SettingError
        If ``path`` exists and is not an empty folder, before or after the block.

    Examples
    --------
    >>> out = Path(tempfile.mkdtemp()) / "out"
    >>> with whole_folder(out) as folder:
    ...     _ = (folder / "a.txt").write_text("whole")
    ...     out.exists()
    False
    >>> [file.name for file in out.iterdir()], len(list(out.parent.iterdir()))
    (['a.txt'], 1)
    """
    path = Path(os.path.abspath(check_free(path)))  # noqa: PTH100 - links stay as they are
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:40]}-foveal-"))
    with undoing(lambda: shutil.rmtree(temporary, ignore_errors=True)):
        try:
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o777 & ~umask)
            _take_name(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_name(temporary: Path, path: Path) -> None:
    check_free(path)
    try:
        if path.is_dir():
            path.rmdir()
        temporary.rename(path)
    except OSError as error:
        raise SettingError(
            f"{path} cannot be made ({error.strerror or error}): name another folder."
        ) from error
