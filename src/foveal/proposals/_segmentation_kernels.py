"""Compiled inner loops of graph-based segmentation."""

import numpy as np
from numba import njit

# float32 bits above the 16 that are dropped: sign, exponent and seven bits after the leading one.
_BUCKETS = 1 << 15


@njit(cache=True, nogil=True, boundscheck=False)
def sorted_edges(image):
    """Edges between neighbouring pixels by rising weight.

    An edge is ``4 * pixel + direction``: right, down, down-right, down-left. ``starts[b]`` is where the
    edges of bucket ``b`` of squared weights begin in the order.
    """
    h, w, channels = image.shape
    total = h * (w - 1) + (h - 1) * w + 2 * (h - 1) * (w - 1)
    squared = np.empty(total, np.float32)
    edges = np.empty(total, np.int32)
    n = 0
    for y in range(h):
        for x in range(w):
            pixel = y * w + x
            for direction in range(4):
                if direction == 0:
                    y2, x2 = y, x + 1
                elif direction == 1:
                    y2, x2 = y + 1, x
                elif direction == 2:
                    y2, x2 = y + 1, x + 1
                else:
                    y2, x2 = y + 1, x - 1
                if y2 >= h or x2 >= w or x2 < 0:
                    continue
                distance = np.float32(0)
                for c in range(channels):
                    d = image[y, x, c] - image[y2, x2, c]
                    distance += d * d
                squared[n] = distance
                edges[n] = 4 * pixel + direction
                n += 1
    bits = squared.view(np.int32)
    starts = np.zeros(_BUCKETS + 1, np.int64)
    for i in range(total):
        starts[(bits[i] >> 16) + 1] += 1
    for b in range(_BUCKETS):
        starts[b + 1] += starts[b]
    place = starts[:-1].copy()
    order = np.empty(total, np.int32)
    for i in range(total):
        b = bits[i] >> 16
        order[place[b]] = edges[i]
        place[b] += 1
    return order, starts


@njit(cache=True, nogil=True, inline="always")
def _find(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True, boundscheck=False)
def join(order, starts, h, w, k, min_size):
    """Join pixels into regions; gives the labels and their number."""
    pixels = h * w
    parent = np.arange(pixels).astype(np.int32)
    size = np.ones(pixels, np.int32)
    # Int(C) + k / |C| of each component.
    limit = np.full(pixels, np.float32(k), np.float32)
    steps = np.array([1, w, w + 1, w - 1], np.int32)
    rejected = np.empty(len(order), np.int32)
    kept = 0
    middle = np.empty(1, np.int32)
    as_float = middle.view(np.float32)
    for b in range(_BUCKETS):
        if starts[b] == starts[b + 1]:
            continue
        # The middle of the bucket stands for all its squared weights; no difference is no weight.
        middle[0] = (b << 16) + (1 << 15)
        weight = np.float32(0) if b == 0 else np.sqrt(as_float[0])
        for i in range(starts[b], starts[b + 1]):
            edge = order[i]
            p = edge >> 2
            q = p + steps[edge & 3]
            # Most edges join nothing; two equal parents say so without a walk to the root.
            if parent[p] == parent[q]:
                continue
            a = _find(parent, p)
            c = _find(parent, q)
            if a == c:
                continue
            if weight <= limit[a] and weight <= limit[c]:
                if size[a] < size[c]:
                    a, c = c, a
                parent[c] = a
                size[a] += size[c]
                limit[a] = weight + np.float32(k) / np.float32(size[a])
            else:
                rejected[kept] = edge
                kept += 1
    for i in range(kept):
        edge = rejected[i]
        p = edge >> 2
        a = _find(parent, p)
        c = _find(parent, p + steps[edge & 3])
        if a != c and (size[a] < min_size or size[c] < min_size):
            if size[a] < size[c]:
                a, c = c, a
            parent[c] = a
            size[a] += size[c]
    labels = np.empty((h, w), np.int32)
    name = np.full(pixels, -1, np.int32)
    number = 0
    for y in range(h):
        for x in range(w):
            root = _find(parent, y * w + x)
            if name[root] < 0:
                name[root] = number
                number += 1
            labels[y, x] = name[root]
    return labels, number
