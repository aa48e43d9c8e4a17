"""Compiled inner loops of the order of proposals."""

import numpy as np

from foveal.kernels import njit

_MIX = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True, boundscheck=False)
def unite(boxes, different, which, table, bits):
    """Fill in the different ones of the boxes (M, 4), int32, and which of them each is; gives their number.

    Different boxes come in the order in which they are first met. ``table`` has two to the power of ``bits``
    places, at least twice as many as there are boxes: -1 in each, int32.
    """
    last = np.uint64(len(table) - 1)
    number = np.int32(0)
    for i in range(len(boxes)):
        x1, y1, x2, y2 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        key = np.uint64(x1) | np.uint64(y1) << np.uint64(16)
        key ^= (np.uint64(x2) | np.uint64(y2) << np.uint64(16)) << np.uint64(32)
        place = (key * _MIX) >> (np.uint64(64) - bits)
        while True:
            u = table[place]
            if u < 0:
                table[place] = number
                new = different[number]
                new[0], new[1], new[2], new[3] = x1, y1, x2, y2
                which[i] = number
                number += np.int32(1)
                break
            found = different[u]
            if found[0] == x1 and found[1] == y1 and found[2] == x2 and found[3] == y2:
                which[i] = u
                break
            place = (place + np.uint64(1)) & last
    return number


@njit(cache=True, nogil=True, boundscheck=False)
def fuse_ranks(which, starts, constant, scores):
    """Reciprocal rank fusion: to each box's score is added 1 / (constant + rank) of all regions that have it.

    Regions of a hierarchy are ranked from the last made, 0, to the first.
    """
    for h in range(len(starts) - 1):
        end = starts[h + 1]
        for rank in range(end - starts[h]):
            scores[which[end - 1 - rank]] += 1.0 / (constant + rank)


@njit(cache=True, nogil=True, boundscheck=False, inline="always")
def _shelf(column, row, x, y):
    """A place for boxes of one size and position among 65536; others may have the same."""
    key = np.uint64(column) | np.uint64(row) << np.uint64(16) | np.uint64(x) << np.uint64(32)
    return ((key ^ np.uint64(y) << np.uint64(48)) * _MIX) >> np.uint64(48)


@njit(cache=True, nogil=True, boundscheck=False)
def best_overlap_before(boxes, threshold):
    """The largest IoU of each box, best first, with one before it that is no copy itself, shape (N,).

    A copy overlaps such a box by more than ``threshold``; what overlaps by less counts as 0.

    Boxes stand on shelves by size and position, and only near shelves are searched: the ratio of two
    widths is never below the IoU, and centres are no further apart than (1 - IoU) of the larger width;
    heights alike.
    """
    number = len(boxes)
    overlaps = np.empty(number, np.float32)
    step = -1.0 / np.log(threshold)
    sides = np.int64(np.log(65536.0) * step) + 3
    # Of a shelf for widths up to u, those on the next one are wider by 1 / threshold at most.
    spacing = np.empty(sides, np.float64)
    for i in range(sides):
        spacing[i] = (1.0 - threshold) * np.exp((i + 1) / step)
    head = np.full(1 << 16, -1, np.int32)
    following = np.empty(number, np.int32)
    limit = np.float32(threshold)
    for i in range(number):
        x1, y1, x2, y2 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        column = np.int64(np.log(max(float(x2 - x1), 1.0)) * step) + 1
        row = np.int64(np.log(max(float(y2 - y1), 1.0)) * step) + 1
        center_x, center_y = 0.5 * (x1 + x2), 0.5 * (y1 + y2)
        area = np.float32(x2 - x1) * np.float32(y2 - y1)
        best = np.float32(0)
        for r in range(row - 1, row + 2):
            y = np.int64(center_y / spacing[r])
            for c in range(column - 1, column + 2):
                x = np.int64(center_x / spacing[c])
                for u in range(max(y - 1, 0), y + 2):
                    for v in range(max(x - 1, 0), x + 2):
                        j = head[_shelf(c, r, v, u)]
                        while j >= 0:
                            other = boxes[j]
                            w = min(x2, other[2]) - max(x1, other[0])
                            h = min(y2, other[3]) - max(y1, other[1])
                            if w > 0 and h > 0:
                                both = np.float32(w) * np.float32(h)
                                other_area = np.float32(other[2] - other[0]) * np.float32(other[3] - other[1])
                                best = max(best, both / (area + other_area - both))
                            j = following[j]
        overlaps[i] = best if best > limit else np.float32(0)
        if best <= limit:
            place = _shelf(
                column, row, np.int64(center_x / spacing[column]), np.int64(center_y / spacing[row])
            )
            following[i] = head[place]
            head[place] = i
    return overlaps
