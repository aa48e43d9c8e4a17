"""Arithmetic on boxes: overlap, deltas, suppression, matching, sampling, anchors.

``boxes`` are arrays of shape (N, 4): ``x1, y1, x2, y2`` in pixels, 0-based and half-open, so that a
width is ``x2 - x1``. Every function takes anything array-like and computes in float32, or in float64
where it is given an array of float64. No boxes at all (``[]``, or shape (0, 4)) are welcome everywhere.
"""

from foveal.boxes.anchors import anchor_sizes, base_anchors, grid_anchors
from foveal.boxes.conversions import (
    from_cxcywh,
    from_normalized,
    from_xywh,
    to_cxcywh,
    to_normalized,
    to_xywh,
)
from foveal.boxes.deltas import decode, encode
from foveal.boxes.geometry import area, clip
from foveal.boxes.matching import BACKGROUND, IGNORE, Matches, match
from foveal.boxes.overlap import ciou, diou, giou, iou
from foveal.boxes.sampling import sample
from foveal.boxes.suppression import nms, soft_nms

__all__ = [
    "BACKGROUND",
    "IGNORE",
    "Matches",
    "anchor_sizes",
    "area",
    "base_anchors",
    "ciou",
    "clip",
    "decode",
    "diou",
    "encode",
    "from_cxcywh",
    "from_normalized",
    "from_xywh",
    "giou",
    "grid_anchors",
    "iou",
    "match",
    "nms",
    "sample",
    "soft_nms",
    "to_cxcywh",
    "to_normalized",
    "to_xywh",
]
