"""One file of arrays and JSON: the safetensors format.

Reading one can run no code: it is a JSON header followed by plain numbers.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError
from foveal.files.atomic import write_bytes

METADATA_KEY = "foveal"

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
        Any JSON value; it is stored as sorted JSON under the one metadata key ``foveal``, since
        safetensors writes several keys in random order.
    sync : bool, default=True
        See :func:`foveal.files.write_bytes`.
    """
    from safetensors.numpy import save

    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, allow_nan=False)
    whole = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    write_bytes(path, save(whole, metadata={METADATA_KEY: text}), sync=sync)


def read_container(path: str | os.PathLike[str]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read what :func:`write_container` wrote.

    Returns
    -------
    arrays : dict of str to ndarray
    metadata : dict

    Raises
    ------
    ModelFileError
        If the file is missing, is not a safetensors file or was not written by Foveal.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}.")
    return parse_container(path.read_bytes(), str(path))


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
    foveal.errors.ModelFileError: a.safetensors is not a model file (safetensors says: ...).
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except SafetensorError as error:
        raise ModelFileError(f"{name} is not a model file (safetensors says: {error}).") from error
    except KeyError as error:
        raise ModelFileError(
            f"{name} was not written by Foveal: it holds numbers of the type {error}."
        ) from error
    # safetensors has checked the header by now: eight bytes of its length, and that much JSON.
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    text = (header.get("__metadata__") or {}).get(METADATA_KEY)
    if text is None:
        raise ModelFileError(f"{name} was not written by Foveal: it has no metadata key {METADATA_KEY!r}.")
    try:
        metadata = json.loads(text)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        raise ModelFileError(f"{name} was not written by Foveal: its metadata is no JSON object.")
    return arrays, metadata
