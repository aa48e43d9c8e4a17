"""The box around a COCO ``segmentation``: around polygons, or around the runs of a mask (RLE)."""

from itertools import chain
from typing import Any

import numpy as np

from foveal.data.formats.records import is_number


def box_around(segmentation: Any) -> tuple[float, float, float, float]:
    """The box around polygons, or around the runs of a mask.

    Parameters
    ----------
    segmentation : list or dict
        A list of polygons ``[x1, y1, x2, y2, ...]``, or one such polygon, or one of pairs ``[x, y]``; or
        ``{"size": [height, width], "counts": ...}`` with the lengths of the runs down the columns, beginning
        with the background's: as a list, or as the text that COCO's tools compress it to.

    Returns
    -------
    tuple of float
        ``x1, y1, x2, y2``, half-open.

    Raises
    ------
    ValueError
        If it is neither, or empty.

    Examples
    --------
    >>> box_around([[10, 5, 30, 5, 30, 25.5]])
    (10.0, 5.0, 30.0, 25.5)
    >>> box_around({"size": [4, 5], "counts": [5, 2, 2, 1, 10]})
    (1.0, 1.0, 3.0, 3.0)
    """
    return _around_runs(segmentation) if isinstance(segmentation, dict) else _around_polygons(segmentation)


def _around_polygons(polygons: Any) -> tuple[float, float, float, float]:
    if not isinstance(polygons, list):
        raise ValueError("has no outline in its segmentation")
    flat = polygons if all(is_number(v) for v in polygons) else None
    if flat is None:
        parts = [part for part in polygons if isinstance(part, list)]
        if len(parts) < len(polygons) or any(len(part) % 2 for part in parts):
            raise ValueError("has a segmentation that is no list of polygons")
        flat = list(chain.from_iterable(parts))
    if len(flat) < 4 or len(flat) % 2 or not all(is_number(v) for v in flat):
        raise ValueError("has no outline in its segmentation")
    xs, ys = flat[0::2], flat[1::2]
    return float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys))


def _around_runs(mask: dict[str, Any]) -> tuple[float, float, float, float]:
    size, counts = mask.get("size"), mask.get("counts")
    if not isinstance(size, list) or len(size) != 2 or not all(is_number(v) and v >= 1 for v in size):
        raise ValueError(f"has a segmentation of size {str(size)[:40]}")
    if isinstance(counts, str):
        counts = _uncompressed(counts)
    if not isinstance(counts, list) or not all(type(v) is int and v >= 0 for v in counts):
        raise ValueError("has a segmentation whose counts are none")
    height, width = int(size[0]), int(size[1])
    if sum(counts) > height * width:
        raise ValueError(f"has a segmentation that is larger than its size, {width}×{height}")
    ends = np.cumsum(np.array(counts, np.int64))
    # Every second run is of the object; an empty one covers nothing.
    starts, ends = ends[:-1:2], ends[1::2]
    starts, ends = starts[ends > starts], ends[ends > starts]
    if not len(starts):
        raise ValueError("has an empty mask for segmentation")
    left, right = starts // height, (ends - 1) // height
    # A run that goes on in the next column has reached the bottom, and begins again at the top.
    across = right > left
    top = 0 if across.any() else (starts % height).min()
    bottom = height - 1 if across.any() else ((ends - 1) % height).max()
    return float(left.min()), float(top), float(right.max() + 1), float(bottom + 1)


def _uncompressed(text: str) -> list[int]:
    """The lengths of runs from COCO's text: five bits a letter, from the third on as differences."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 40:
            raise ValueError("has a segmentation whose counts are no compressed mask")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    return counts
