"""One file of arrays and JSON: the safetensors format.

Reading one can run no code: it is a JSON header followed by plain numbers. A digest of all of it lies in the
file, so that one that was damaged on its way is told from one that is whole.
"""

import errno
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError
from foveal.files.atomic import write_bytes
from foveal.files.regular import read_regular

METADATA_KEY = "foveal"
#: Under which name the digest lies among the metadata.
DIGEST_KEY = "digest"
#: Bytes of a file; more is no model of a classifier or detector.
LARGEST = 4 * 2**30
# Bytes of the header: of safetensors the most, far above what any model needs.
_LARGEST_HEADER = 100_000_000

Made = TypeVar("Made")


def write_container(
    path: str | os.PathLike[str],
    arrays: dict[str, NDArray[Any]],
    metadata: dict[str, Any],
    *,
    sync: bool = True,
) -> None:
    """Write arrays and a JSON value as one safetensors file, whole or not at all.

    The same arrays and metadata give the same bytes.

    Parameters
    ----------
    path : path-like
    arrays : dict of str to ndarray
        Booleans, integers or floats of any shape.
    metadata : dict
        Of JSON values; it is stored as sorted JSON under the one metadata key ``foveal``, since
        safetensors writes several keys in random order, and with it, as ``digest``, that of
        :func:`content_digest`.
    sync : bool, default=True
        See :func:`foveal.files.write_bytes`.
    """
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    text = _json({**metadata, DIGEST_KEY: content_digest(whole, metadata)})
    write_bytes(path, save(whole, metadata={METADATA_KEY: text}), sync=sync)


def content_digest(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, Any]) -> str:
    """SHA-256 of all that a container holds, as 64 hexadecimal digits.

    Of the metadata as sorted JSON without the digest itself, and then of each array, in the order of their
    names, ``"name dtype shape"`` and its numbers in C order, little-endian; each preceded by its length in
    eight bytes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    metadata : mapping
        A ``digest`` in it is passed over.

    Raises
    ------
    ValueError
        If the metadata holds NaN or infinity, which JSON has no word for.
    TypeError
        If an array holds objects.

    Examples
    --------
    >>> content_digest({"a": np.zeros(2)}, {"k": 1}) == content_digest({"a": np.zeros(3)}, {"k": 1})
    False
    """
    state = hashlib.sha256()

    def add(part: Any) -> None:
        part = memoryview(part).cast("B")
        state.update(part.nbytes.to_bytes(8, "little"))
        state.update(part)

    add(_json({key: value for key, value in metadata.items() if key != DIGEST_KEY}).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        if array.dtype.hasobject:
            raise TypeError(f"{name} is an array of objects; a file holds numbers alone.")
        add(f"{name} {array.dtype.str} {array.shape}".encode())
        # Not as an array: NumPy gives no view of one without elements.
        add(array.tobytes() if not array.size else array.reshape(-1).view(np.uint8))
    return state.hexdigest()


def read_container(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what :func:`write_container` wrote.

    Returns
    -------
    arrays : dict of str to ndarray
        C-contiguous, and each in memory of its own: products of an array that lies in another way differ in
        their last bits.
    metadata : dict

    Raises
    ------
    ModelFileError
        If the file is missing, is not a safetensors file, was not written by Foveal or is damaged.
    """
    path = Path(path)
    try:
        content = read_regular(path, largest=LARGEST)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise ModelFileError(f"There is no model file {path}.") from None
    except OSError as error:
        if error.errno == errno.EISDIR:
            raise ModelFileError(f"There is no model file {path}: it is a folder.") from None
        raise ModelFileError(f"{path} cannot be read ({error.strerror or error}).") from error
    return parse_container(content, str(path))


def restore(config: Mapping[str, Any], kinds: Mapping[str, Callable[..., Made]], what: str) -> Made:
    """Make an object again from the ``kind`` and the settings that a file's metadata has of it.

    Parameters
    ----------
    config : mapping
        As the object's ``get_config`` gave it.
    kinds : mapping of str to callable
        What takes the settings, for each kind.
    what : str
        What the error calls such objects.

    Raises
    ------
    ModelFileError
        If the kind is not among these.
    """
    settings = dict(config)
    kind = settings.pop("kind", None)
    if kind not in kinds:
        raise ModelFileError(f"The {what} {kind!r} are unknown to this version of Foveal.")
    return kinds[kind](**settings)


def parse_container(content: bytes, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What :func:`read_container` gives of a file, from its content.

    Parameters
    ----------
    content : bytes
    name : str
        What the error calls it.

    Raises
    ------
    ModelFileError
        If it is not a safetensors file, holds numbers that NumPy has no type for, or was not written by
        Foveal.

    Examples
    --------
    >>> parse_container(b"something else", "a.safetensors")
    Traceback (most recent call last):
    foveal.errors.ModelFileError: a.safetensors is not a model file: it is cut off, or has another content.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    length = int.from_bytes(content[:8], "little")
    if len(content) > 8 and length > min(len(content) - 8, _LARGEST_HEADER):
        raise ModelFileError(f"{name} is not a model file: it is cut off, or has another content.")
    try:
        # safetensors gives views into the bytes of the file, wherever they begin there.
        arrays = {key: np.array(view, order="C") for key, view in load(content).items()}
        # It has checked the header by now: eight bytes of its length, and that much JSON.
        header = json.loads(content[8 : 8 + length])
    except KeyError as error:
        raise ModelFileError(
            f"{name} was not written by Foveal: it holds numbers of the type {error}."
        ) from error
    except (SafetensorError, ValueError, TypeError, OverflowError, RecursionError, AttributeError) as error:
        raise ModelFileError(f"{name} is not a model file (safetensors says: {error}).") from error
    text = (header.get("__metadata__") or {}).get(METADATA_KEY)
    if text is None:
        raise ModelFileError(f"{name} was not written by Foveal: it has no metadata key {METADATA_KEY!r}.")
    try:
        metadata = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise ModelFileError(f"{name} was not written by Foveal: its metadata is no JSON object.")
    digest = metadata.pop(DIGEST_KEY, None)
    if not isinstance(digest, str):
        raise ModelFileError(
            f"{name} has no digest of its content: it was written before Foveal 0.2, or not by Foveal. Train "
            "or save it again."
        )
    try:
        right = hmac.compare_digest(content_digest(arrays, metadata).encode(), digest.encode())
    except (ValueError, RecursionError):
        right = False
    if not right:
        raise ModelFileError(
            f"{name} is damaged: its content is not what its digest tells of. Copy it again, or train again."
        )
    return arrays, metadata


def _json(value: Any) -> str:
    """The one text of a JSON value."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
