"""Where results go that a user asked for: a place of their own, where nothing is overwritten."""

import os
from pathlib import Path

from foveal.errors import SettingError


def check_free(path: str | os.PathLike[str]) -> Path:
    """The path of a folder for results, which is not there yet or is empty.

    Raises
    ------
    SettingError
        If it exists and is not empty, or is a file.
    """
    path = Path(path)
    if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
        raise SettingError(f"{path} exists and is not an empty folder: name another one with --out.")
    return path


def empty_folder(path: str | os.PathLike[str]) -> Path:
    """Make a folder for results; see :func:`check_free` for what is refused."""
    path = check_free(path)
    path.mkdir(parents=True, exist_ok=True)
    return path


def free_folder(path: Path) -> Path:
    """The path, or the first of ``path-2``, ``path-3``, … that does not exist."""
    free, number = path, 1
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def new_file(path: str | os.PathLike[str], suffix: str) -> Path:
    """The path of a file that is to be written, and is not there yet.

    Parameters
    ----------
    path : path-like
    suffix : str
        What its name has to end with, in any case, such as ``".html"``: a name that was meant for something
        else is not taken for it.

    Raises
    ------
    SettingError
        If something of that name exists, or the name has another end.

    Examples
    --------
    >>> new_file("page.HTML", ".html").name
    'page.HTML'
    """
    path = Path(path)
    if path.suffix.lower() != suffix:
        raise SettingError(f"{path} is to be written: give it a name that ends with {suffix}.")
    if os.path.lexists(path):
        raise SettingError(f"{path} exists, and nothing is overwritten: name another file.")
    return path
