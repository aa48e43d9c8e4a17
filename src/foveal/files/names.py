"""Names of files: made from content, and such that do not collide."""

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path
from typing import Any

from foveal.files.regular import open_regular

_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def digest_bytes(*parts: bytes) -> str:
    """SHA-256 of the parts, each preceded by its length, as 64 hexadecimal digits.

    Examples
    --------
    >>> digest_bytes(b"ab", b"c") == digest_bytes(b"a", b"bc")
    False
    """
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


def digest_file(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a regular file's content, as 64 hexadecimal digits.

    Raises
    ------
    OSError
        As :func:`foveal.files.open_regular`.
    """
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity_of(path: str | os.PathLike[str]) -> object:
    """What is equal for two paths of one file, that is, for links; None where there is no such file."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a Path a file is too slow
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else os.fspath(path)


def digest_json(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys.

    Examples
    --------
    >>> digest_json({"a": 1, "b": 2}) == digest_json({"b": 2, "a": 1})
    True
    """
    return digest_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode("utf-8"))


def readable(text: str) -> str:
    r"""A name that every file and every terminal takes: bytes that are no UTF-8 become ``\xff``.

    Examples
    --------
    >>> readable("caf\udce9"), readable("café")
    ('caf\\xe9', 'café')
    """
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # halves of pairs, as broken JSON has them
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def distinct_names(paths: Iterable[Path]) -> dict[Path, str]:
    """What to call files in sentences: by their names, and where these repeat by their last folders too.

    Examples
    --------
    >>> list(distinct_names([Path("d/cat/1.png"), Path("d/dog/1.png"), Path("d/dog/2.png")]).values())
    ['cat/1.png', 'dog/1.png', '2.png']
    """
    left = list(dict.fromkeys(paths))
    names = dict.fromkeys(left, "")
    depth = 1
    while left:
        called = {
            path: "/".join(path.parts[-depth:]) if depth < len(path.parts) else str(path) for path in left
        }
        times = Counter(called.values())
        for path, name in called.items():
            names[path] = readable(name)
        left = [path for path, name in called.items() if times[name] > 1 and depth < len(path.parts)]
        depth += 1
    return names


def file_named(text: str) -> Path:
    r"""The path that was written as :func:`readable`: where there is none, ``\xff`` may have been a byte.

    Examples
    --------
    >>> file_named(".").is_dir()
    True
    """
    if not os.path.exists(text):  # noqa: PTH110 - of a text that is no path a Path raises
        bytes_again = _BYTE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), text)
        if os.path.exists(bytes_again):  # noqa: PTH110
            return Path(bytes_again)
    return Path(text)


def names_a_path(word: str, suffix: str = "") -> bool:
    """Whether a word that may be something else is meant for a path: by how it looks, never by what exists.

    Parameters
    ----------
    word : str
    suffix : str
        How a file's name may end that needs no folder before it, such as ``".onnx"``.

    Examples
    --------
    >>> [names_a_path(word) for word in ("fast", "./fast", "runs/fast", "..")]
    [False, True, True, True]
    >>> names_a_path("rpn.safetensors", ".safetensors")
    True
    """
    separators = (os.sep, os.altsep or os.sep)
    ends = bool(suffix) and word.lower().endswith(suffix)
    return ends or word in (".", "..") or any(sign in word for sign in separators)


def path_in_words(path: str | os.PathLike[str]) -> str:
    """A path as it is written where a word could stand, too: ``./fast`` for the folder ``fast``."""
    text = os.fspath(path)
    return text if names_a_path(text) else os.path.join(".", text)  # noqa: PTH118 - a Path loses the dot


def unique_names(wanted: Iterable[str]) -> list[str]:
    """Names that differ even where upper and lower case are one: ``x``, ``x-2``, ``x-3``.

    Parameters
    ----------
    wanted : iterable of str
        File or folder names without suffix.

    Returns
    -------
    list of str
        In the same order; the first of equal names keeps its own.

    Examples
    --------
    >>> unique_names(["cat", "Cat", "dog"])
    ['cat', 'Cat-2', 'dog']
    """
    taken: set[str] = set()
    names = []
    for stem in wanted:
        others = (f"{stem}-{number}" for number in count(2))
        name = next(name for name in chain([stem], others) if name.lower() not in taken)
        taken.add(name.lower())
        names.append(name)
    return names
