"""PyTorch's older weight files, read without running what is in them."""

import pickle
import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ModelFileError

# Which two numbers such a file begins with.
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

# Storages are flat arrays; a class stands for its type of element.
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
    "ShortStorage": np.dtype("<i2"),
    "CharStorage": np.dtype("i1"),
    "ByteStorage": np.dtype("u1"),
    "BoolStorage": np.dtype("?"),
}


def read_legacy_weights(content: bytes, name: str = "The weight file") -> dict[str, NDArray[Any]]:
    """The arrays of a weight file such as ``torch.save`` wrote before version 1.6.

    Such a file is four pickles (a magic number, a protocol version, facts about the machine, the state
    dictionary with references to storages), a fifth with the storages' names, and their bytes. A general
    unpickler runs whatever a file names. This one knows a dictionary, the storages and the function that
    cuts a tensor from a storage, all three its own, and refuses everything else.

    Parameters
    ----------
    content : bytes
        The file. Compare its digest with a known one first: here only its form is checked.
    name : str
        What the messages call it.

    Returns
    -------
    dict of str to ndarray
        In the file's order; arrays of their own.

    Raises
    ------
    ModelFileError
        If the file names anything else, is cut short, or is no such file.
    """
    try:
        return _read(content)
    except ModelFileError as error:
        raise ModelFileError(f"{name} {error}") from None
    except Exception as error:
        # A pickle that is none can fail in any way, and say so in several lines.
        why = " ".join(str(error).split()).rstrip(".")
        raise ModelFileError(f"{name} is no weight file of PyTorch's older kind: {why}.") from error


def read_checked_weights(path: Path, sha256: str) -> dict[str, NDArray[Any]]:
    """The arrays of a weight file whose SHA-256 is known.

    Raises
    ------
    ModelFileError
        If the digest is another, before anything in the file is looked at; see also
        :func:`read_legacy_weights`.
    """
    import hashlib

    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelFileError(
            f"{path} is not the weight file that is expected: its SHA-256 is {found}, not {sha256}. "
            "Install its package anew."
        )
    return read_legacy_weights(content, str(path))


class _Dictionary(dict[Any, Any]):
    """In the place of OrderedDict; what is attached to it is let go of."""

    def __setstate__(self, state: Any) -> None:
        pass


class _Storage:
    """A flat array that is filled later."""

    def __init__(self, dtype: np.dtype[Any], size: int, limit: int) -> None:
        if not 0 <= size * dtype.itemsize <= limit:
            raise ModelFileError(f"is damaged: a storage of {size} elements is longer than the file.")
        self.values = np.zeros(size, dtype)


def _tensor(
    storage: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    requires_grad: Any = False,
    hooks: Any = None,
    *_: Any,
) -> NDArray[Any]:
    """A view into a storage, as ``torch._utils._rebuild_tensor_v2`` makes one."""
    if not isinstance(storage, _Storage) or len(shape) != len(strides):
        raise ModelFileError("is damaged: a tensor is cut from something that is no storage.")
    reach = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or (0 not in shape and offset + reach >= storage.values.size):
        raise ModelFileError("is damaged: a tensor reaches over the end of its storage.")
    values = storage.values
    steps = tuple(stride * values.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(values[offset:], shape, steps)


def _parameter(tensor: Any, requires_grad: Any = True, hooks: Any = None, *_: Any) -> Any:
    """The tensor itself, for ``torch._utils._rebuild_parameter``."""
    return tensor


_FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): _Dictionary,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


class _AllowList(pickle.Unpickler):
    """An unpickler that finds nothing but what a state dictionary is made of."""

    def __init__(self, file: BytesIO, limit: int) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}
        self._limit = limit

    def find_class(self, module: str, name: str) -> Any:
        if (function := _FUNCTIONS.get((module, name))) is not None:
            return function
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise ModelFileError(f"asks for {module}.{name}, which no weight file needs: it is not read.")

    def persistent_load(self, reference: Any) -> _Storage:
        match reference:
            case ("storage", np.dtype() as dtype, str(key), str(), int(size), None):
                if key not in self.storages:
                    self.storages[key] = _Storage(dtype, size, self._limit)
                return self.storages[key]
        raise ModelFileError("is damaged: it refers to something that is no storage.")


class _Plain(pickle.Unpickler):
    """An unpickler of numbers, text and lists."""

    def find_class(self, module: str, name: str) -> Any:
        raise ModelFileError(f"asks for {module}.{name}, which no weight file needs: it is not read.")


def _read(content: bytes) -> dict[str, NDArray[Any]]:
    file = BytesIO(content)
    if _Plain(file).load() != _MAGIC or _Plain(file).load() != _PROTOCOL:
        raise ModelFileError("is no weight file of PyTorch's older kind.")
    machine = _Plain(file).load()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise ModelFileError("was written on a computer with another order of bytes.")
    reader = _AllowList(file, len(content))
    state = reader.load()
    keys = _Plain(file).load()
    if not isinstance(state, dict) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise ModelFileError("holds something else than named tensors.")
    if not isinstance(keys, list) or sorted(keys) != sorted(reader.storages):
        raise ModelFileError("is damaged: its list of storages does not fit its tensors.")
    for key in keys:
        values = reader.storages[key].values
        (size,) = struct.unpack("<q", file.read(8))
        data = file.read(values.nbytes)
        if size != values.size or len(data) != values.nbytes:
            raise ModelFileError("is damaged: a storage is cut short.")
        values[...] = np.frombuffer(data, values.dtype)
    return {str(name): np.array(value, order="C") for name, value in state.items()}
