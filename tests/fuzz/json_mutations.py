"""Small changes of JSON values, as a damaged or hostile file may have them."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

# What may stand in the place of anything.
STRANGE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    3,
    255,
    1000,
    65_537,
    10**6,
    2**31,
    10**9,
    2**63,
    -(2**63),
    10**400,
    0.0,
    -0.5,
    0.5,
    1e-300,
    1e308,
    "",
    "x",
    "auto",
    "rbf",
    "\u2028",
    "a" * 5000,
    "../../etc/passwd",
    "\x1b[31m<script>",
    [],
    [0],
    [1, 2, 3],
    [[]],
    [[[[1.0]]]],
    {},
    {"kind": "rpn"},
    {"kind": "selective-search"},
    {"kind": "pixels", "size": 10**6},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part of a JSON value, but itself."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places(part, (*path, key))


def changed(value: Any, rng: np.random.Generator) -> tuple[Any, str]:
    """A copy with one to three small changes, and what they are."""
    value, said = copy.deepcopy(value), []
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        paths = list(places(value))
        if not paths:
            break
        path = paths[int(rng.integers(len(paths)))]
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        key, old = path[-1], holder[path[-1]]
        kind = int(rng.integers(8))
        if kind == 0:
            del holder[key]
            said.append(f"{path} is gone")
            continue
        if kind == 1 and isinstance(holder, dict):
            holder[f"{key}x"] = old
            said.append(f"{path} twice, under another name")
            continue
        if kind == 2 and isinstance(holder, list):
            holder.extend(copy.deepcopy([old] * int(rng.choice([1, 3, 1000]))))
            said.append(f"{path} repeated")
            continue
        if kind in (3, 4) and isinstance(old, (int, float)) and not isinstance(old, bool):
            factor = rng.choice([-1, 0, 0.5, 2, 10, 1e3, 1e9])
            new = old * float(factor) if isinstance(old, float) else int(old * int(2 * factor)) // 2
        elif kind == 5:
            new = deep(int(rng.choice([5, 200, 100_000])))
        else:
            new = copy.deepcopy(STRANGE[int(rng.integers(len(STRANGE)))])
        holder[key] = new
        said.append(f"{path} = {str(new)[:60] if not isinstance(new, list) else type(new).__name__}")
    return value, "; ".join(said)


def deep(levels: int) -> Any:
    """Lists in lists; no more than JSON's own writer can write."""
    value: Any = 1
    for _ in range(min(levels, 800)):
        value = [value]
    return value
