"""Settings in words and numbers, so that two trainings can be told apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def named(value: Any) -> str | None:
    """A name for a setting that is the same in the next process: no address of memory is in it.

    Examples
    --------
    >>> named(None), named(0.5), named(lambda x: x).endswith("<lambda>")
    (None, '0.5', True)
    """
    if value is None:
        return None
    text = repr(value)
    if " at 0x" not in text:
        return text
    inner = getattr(value, "func", value)
    return str(getattr(inner, "__qualname__", type(inner).__qualname__))


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two descriptions, each in a few words.

    Examples
    --------
    >>> differences({"epochs": 10, "batches": {"seed": 0}}, {"epochs": 20, "batches": {"seed": 0}})
    ['epochs was 10 and is 20']
    """
    found: list[str] = []
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += differences(old, new)
        elif max(len(str(old)), len(str(new))) > 60:
            found.append(f"{key} differs")
        else:
            found.append(f"{key} was {old} and is {new}")
    return found


def settings_of(value: Any) -> dict[str, Any]:
    """The class of an object and its public numbers, words and small arrays, as a JSON value."""
    found: dict[str, Any] = {"is": getattr(value, "__qualname__", type(value).__qualname__)}
    for name, inner in sorted(getattr(value, "__dict__", {}).items()):
        if name.startswith("_"):
            continue
        if isinstance(inner, np.ndarray):
            found[name] = inner.tolist()
        elif isinstance(inner, (tuple, list)) and all(isinstance(i, (int, float, str)) for i in inner):
            found[name] = list(inner)
        elif inner is None or isinstance(inner, (bool, int, float, str)):
            found[name] = inner
    return found
