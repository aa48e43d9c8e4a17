"""Plain values as JSON, and dataclasses of them back."""

import json
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, get_type_hints

from foveal.wording import UNSEEN

Kind = TypeVar("Kind")

_UNSEEN = re.compile(f"[{UNSEEN}]")


def json_text(value: Any, **options: Any) -> str:
    r"""A JSON value as text that every file and every terminal takes, and that means the same.

    Characters that nobody sees or that a terminal obeys, and halves of pairs, are written by their number; no
    line ends inside a text, whatever a reader takes for the end of a line.

    Parameters
    ----------
    value : JSON value
    **options
        Of ``json.dumps``; other letters beyond ASCII stay as they are by default.

    Examples
    --------
    >>> json_text(["Käse", "a\u2028b", "\x9b31m", "\udcff"])
    '["Käse", "a\\u2028b", "\\u009b31m", "\\udcff"]'
    """
    text = json.dumps(value, **({"ensure_ascii": False} | options))
    return _UNSEEN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def from_json(kind: type[Kind], value: Mapping[str, Any]) -> Kind:
    """A dataclass from what ``dataclasses.asdict`` and then JSON made of it.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are numbers, texts, tuples of them, or such dataclasses.
    value : mapping
        JSON's lists become tuples again, however deep.

    Raises
    ------
    TypeError
        If a field is missing or unknown.

    Examples
    --------
    >>> from foveal.models.detection import Anchors
    >>> from_json(Anchors, {"sizes": [[[8.0, 16.0]]], "strides": [4]})
    Anchors(sizes=(((8.0, 16.0),),), strides=(4,))
    """
    hints = get_type_hints(kind)
    known = {}
    for name, inner in value.items():
        hint = hints.get(name)
        nested = isinstance(hint, type) and is_dataclass(hint)
        known[name] = from_json(hint, inner) if nested else _tuples(inner)  # type: ignore[arg-type]
    return kind(**known)


def below(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Those of some named values whose name begins with a prefix, without it.

    Examples
    --------
    >>> below({"tail.weight": 1, "mean": 2}, "tail.")
    {'weight': 1}
    """
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value
