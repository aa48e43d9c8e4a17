"""Compiled inner loops of what tells an object from a part of one."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True, boundscheck=False)
def summarize(which, starts, boxes, sizes, joined, similarities, terms, constant, out):
    """Fill the columns of ``out`` (U, 15), float32, that are about a box's regions in the hierarchies.

    ``sizes`` stands for all regions of all hierarchies, ``joined`` and ``similarities`` for all joinings;
    ``terms`` is how many measures each hierarchy's similarities add up.
    """
    number = len(boxes)
    hierarchies = len(starts) - 1
    count = np.zeros(number, np.float32)
    areas = np.empty(number, np.float32)
    for u in range(number):
        areas[u] = np.float32(boxes[u, 2] - boxes[u, 0]) * np.float32(boxes[u, 3] - boxes[u, 1])
        out[u] = 0
        out[u, 2] = 1e9
        out[u, 3] = 1
        out[u, 11] = 1
    first = 0
    for h in range(hierarchies):
        total = starts[h + 1] - starts[h]
        n = (total + 1) // 2
        ended = np.zeros(total, np.float32)
        end_value = np.zeros(total, np.float32)
        for i in range(n - 1):
            for side in range(2):
                ended[joined[first + i, side]] = np.float32(i + 1) / np.float32(n)
                end_value[joined[first + i, side]] = similarities[first + i] / terms[h]
        ended[total - 1] = 1
        for i in range(total):
            u = which[starts[h] + i]
            rank = np.float32(total - 1 - i)
            made = i >= n
            begun = np.float32(i - n + 1) / np.float32(n) if made else np.float32(0)
            value = similarities[first + i - n] / terms[h] if made else np.float32(1)
            fill = np.float32(sizes[starts[h] + i]) / areas[u]
            life = ended[i] - begun
            drop = value - end_value[i]
            row = out[u]
            count[u] += 1
            row[1] += np.float32(1) / (constant + rank)
            row[2] = min(row[2], rank)
            row[3] = min(row[3], rank / np.float32(total))
            row[4] += rank / np.float32(total)
            row[5] = max(row[5], fill)
            row[6] += fill
            row[7] = max(row[7], life)
            row[8] += life
            row[9] = max(row[9], value)
            row[10] += value
            row[11] = min(row[11], end_value[i])
            row[12] += end_value[i]
            row[13] = max(row[13], drop) if count[u] > 1 else drop
            row[14] += drop
        first += n - 1
    for u in range(number):
        row = out[u]
        row[0] = np.log(count[u] / np.float32(hierarchies))
        row[1] *= constant / np.float32(hierarchies)
        row[2] = np.log(row[2] + np.float32(1))
        for column in (4, 6, 8, 10, 12, 14):
            row[column] /= count[u]


@njit(cache=True, nogil=True, boundscheck=False, inline="always")
def _sum(table, x1, y1, x2, y2, channel):
    return np.float32(
        table[y2, x2, channel] - table[y1, x2, channel] - table[y2, x1, channel] + table[y1, x1, channel]
    )


@njit(cache=True, nogil=True, boundscheck=False)
def contrast(sums, squares, boxes, out):
    """Fill the columns of ``out`` (U, 11), float32, that are about a box's pixels and those around it.

    ``sums`` (H + 1, W + 1, 4) are integral images of L, a, b and edges, ``squares`` that of L².
    """
    h, w = sums.shape[0] - 1, sums.shape[1] - 1
    mean_edges = _sum(sums, 0, 0, w, h, 3) / np.float32(h * w) + np.float32(1e-3)
    inside, ring = np.empty(4, np.float32), np.empty(4, np.float32)
    for u in range(len(boxes)):
        x1, y1 = min(np.int64(boxes[u, 0]), w - 1), min(np.int64(boxes[u, 1]), h - 1)
        x2, y2 = min(max(np.int64(boxes[u, 2]), x1 + 1), w), min(max(np.int64(boxes[u, 3]), y1 + 1), h)
        width, height = x2 - x1, y2 - y1
        area = np.float32(width * height)
        # The surroundings reach a fifth of the sides further out, the border an eighth in.
        out_x, out_y = max(1, width // 5), max(1, height // 5)
        X1, Y1, X2, Y2 = max(0, x1 - out_x), max(0, y1 - out_y), min(w, x2 + out_x), min(h, y2 + out_y)
        around = np.float32(max((X2 - X1) * (Y2 - Y1) - width * height, 1))
        for c in range(4):
            within = _sum(sums, x1, y1, x2, y2, c)
            inside[c] = within / area
            ring[c] = (_sum(sums, X1, Y1, X2, Y2, c) - within) / around
        in_x, in_y = min(max(1, width // 8), (width - 1) // 2), min(max(1, height // 8), (height - 1) // 2)
        center_area = np.float32((width - 2 * in_x) * (height - 2 * in_y))
        center = _sum(sums, x1 + in_x, y1 + in_y, x2 - in_x, y2 - in_y, 3)
        border = (inside[3] * area - center) / max(area - center_area, np.float32(1)) / mean_edges
        center = center / center_area / mean_edges
        within, without = inside[3] / mean_edges, ring[3] / mean_edges
        lightness, green, blue = inside[0] - ring[0], inside[1] - ring[1], inside[2] - ring[2]
        chroma = green * green + blue * blue
        variance = _sum(squares, x1, y1, x2, y2, 0) / area - inside[0] * inside[0]
        row = out[u]
        row[0] = within
        row[1] = without
        row[2] = within - without
        row[3] = np.sqrt(lightness * lightness + chroma)
        row[4] = abs(lightness)
        row[5] = np.sqrt(chroma)
        row[6] = center
        row[7] = border
        row[8] = border - without
        row[9] = border / (within + np.float32(0.1))
        row[10] = np.sqrt(max(variance, np.float32(0)))
