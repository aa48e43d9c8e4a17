"""One file of arrays and JSON: the safetensors format.

Reading one can run no code: it is a JSON header followed by plain numbers.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError
from foveal.files.atomic import write_bytes

METADATA_KEY = "foveal"


def write_container(
    path: str | os.PathLike[str], arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]
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
    """
    from safetensors.numpy import save

    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False, allow_nan=False)
    whole = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    write_bytes(path, save(whole, metadata={METADATA_KEY: text}))


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
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}.")
    try:
        with safe_open(str(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(METADATA_KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelFileError(f"{path} is not a model file (safetensors says: {error}).") from error
    if text is None:
        raise ModelFileError(f"{path} was not written by Foveal: it has no metadata key {METADATA_KEY!r}.")
    try:
        metadata = json.loads(text)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        raise ModelFileError(f"{path} was not written by Foveal: its metadata is no JSON object.")
    return arrays, metadata
