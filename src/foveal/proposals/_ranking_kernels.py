"""Compiled inner loops of the order of proposals."""

import numpy as np
from numba import njit

_MIX = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True, boundscheck=False)
def unite(boxes, starts):
    """The different boxes of several hierarchies, and which of them each region has.

    Rows ``starts[h] … starts[h + 1]`` of ``boxes`` (M, 4), int32, are hierarchy h. Different boxes come in
    the order in which they are first met.
    """
    total = len(boxes)
    bits = np.uint64(4)
    while (1 << bits) < 2 * total:
        bits += np.uint64(1)
    table = np.full(1 << bits, -1, np.int32)
    last = np.uint64(len(table) - 1)
    which = np.empty(total, np.int32)
    different = np.empty((total, 4), np.int32)
    number = np.int32(0)
    for i in range(total):
        x1, y1, x2, y2 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        key = np.uint64(x1) | np.uint64(y1) << np.uint64(16)
        key ^= (np.uint64(x2) | np.uint64(y2) << np.uint64(16)) << np.uint64(32)
        place = (key * _MIX) >> (np.uint64(64) - bits)
        while True:
            u = table[place]
            if u < 0:
                table[place] = number
                different[number, 0] = x1
                different[number, 1] = y1
                different[number, 2] = x2
                different[number, 3] = y2
                which[i] = number
                number += np.int32(1)
                break
            found = different[u]
            if found[0] == x1 and found[1] == y1 and found[2] == x2 and found[3] == y2:
                which[i] = u
                break
            place = (place + np.uint64(1)) & last
    return different[:number].copy(), which


@njit(cache=True, nogil=True, boundscheck=False)
def fuse_ranks(which, starts, number, constant):
    """Reciprocal rank fusion: the sum over all regions with the box of 1 / (constant + rank).

    Regions of a hierarchy are ranked from the last made, 0, to the first.
    """
    scores = np.zeros(number, np.float64)
    for h in range(len(starts) - 1):
        end = starts[h + 1]
        for rank in range(end - starts[h]):
            scores[which[end - 1 - rank]] += 1.0 / (constant + rank)
    return scores


@njit(cache=True, nogil=True, boundscheck=False)
def near_copies(boxes, threshold):
    """Which boxes, best first, overlap one before them that is no near copy by more than ``threshold``.

    Two boxes cannot overlap by more than the ratio of their areas: only those of similar area are compared.
    """
    number = len(boxes)
    copies = np.zeros(number, np.bool_)
    step = -1.0 / np.log(threshold)
    shelf_of = np.empty(number, np.int32)
    shelves = 1
    for i in range(number):
        area = float(boxes[i, 2] - boxes[i, 0]) * float(boxes[i, 3] - boxes[i, 1])
        shelf_of[i] = np.int32(np.log(max(area, 1.0)) * step) + 1
        shelves = max(shelves, shelf_of[i] + 2)
    head = np.full(shelves, -1, np.int32)
    following = np.empty(number, np.int32)
    for i in range(number):
        x1, y1, x2, y2 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        area = np.float32(x2 - x1) * np.float32(y2 - y1)
        shelf = shelf_of[i]
        for s in range(shelf - 1, shelf + 2):
            j = head[s]
            while j >= 0:
                w = min(x2, boxes[j, 2]) - max(x1, boxes[j, 0])
                h = min(y2, boxes[j, 3]) - max(y1, boxes[j, 1])
                if w > 0 and h > 0:
                    both = np.float32(w) * np.float32(h)
                    other = np.float32(boxes[j, 2] - boxes[j, 0]) * np.float32(boxes[j, 3] - boxes[j, 1])
                    if both > np.float32(threshold) * (area + other - both):
                        copies[i] = True
                        break
                j = following[j]
            if copies[i]:
                break
        if not copies[i]:
            following[i] = head[shelf]
            head[shelf] = i
    return copies
