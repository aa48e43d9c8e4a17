"""Compiled inner loops of pooling in regions; channels are innermost."""

import math

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def align_weights(boxes, sides, scale, shift, smallest, bins, ratio, cells, weights, counts):
    """Which rows and which columns of the map each bin of RoIAlign reads, and their weights.

    Bilinear interpolation is a product of a row's weight and a column's, and so is the mean over a grid of
    points: a bin needs two short lists instead of four neighbours a point. Points that share a row share its
    entry. ``cells`` and ``weights`` are (R, 2, bins, entries), rows before columns; ``counts`` (R, 2, bins)
    are even, so that the loops take entries in pairs.
    """
    for r in range(boxes.shape[0]):
        for axis in range(2):
            side = sides[axis]
            start = boxes[r, 1 - axis] * scale - shift
            length = max(boxes[r, 3 - axis] * scale - shift - start, smallest)
            step = length / bins[axis]
            points = ratio if ratio > 0 else max(0, math.ceil(step))
            for b in range(bins[axis]):
                found = 0
                for p in range(points):
                    place = start + b * step + (p + 0.5) * step / points
                    if place < -1.0 or place > side:
                        continue
                    place = min(max(place, 0.0), side - 1.0)
                    low = int(place)
                    part = place - low
                    for end in range(2):
                        cell = min(low + end, side - 1)
                        weight = (part if end else 1.0 - part) / points
                        entry = found
                        for before in range(max(0, found - 2), found):
                            if cells[r, axis, b, before] == cell:
                                entry = before
                        if entry == found:
                            cells[r, axis, b, entry] = cell
                            weights[r, axis, b, entry] = 0
                            found += 1
                        weights[r, axis, b, entry] += weight
                if found % 2:
                    cells[r, axis, b, found] = cells[r, axis, b, found - 1]
                    weights[r, axis, b, found] = 0
                    found += 1
                counts[r, axis, b] = found


@njit(cache=True, nogil=True)
def align(x, images, cells, weights, counts, y, places, start, stop):
    """Means of the bins of RoIs ``start`` to ``stop``; RoI r is written to ``y[places[r]]``."""
    channels = x.shape[3]
    for r in range(start, stop):
        image = x[images[r]]
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                out = y[places[r], i, j]
                for k in range(channels):
                    out[k] = 0
                for a in range(0, counts[r, 0, i], 2):
                    for b in range(0, counts[r, 1, j], 2):
                        first, second = image[cells[r, 0, i, a]], image[cells[r, 0, i, a + 1]]
                        left, right = cells[r, 1, j, b], cells[r, 1, j, b + 1]
                        v0 = first[left]
                        v1 = first[right]
                        v2 = second[left]
                        v3 = second[right]
                        w0 = weights[r, 0, i, a] * weights[r, 1, j, b]
                        w1 = weights[r, 0, i, a] * weights[r, 1, j, b + 1]
                        w2 = weights[r, 0, i, a + 1] * weights[r, 1, j, b]
                        w3 = weights[r, 0, i, a + 1] * weights[r, 1, j, b + 1]
                        for k in range(channels):
                            out[k] += (w0 * v0[k] + w1 * v1[k]) + (w2 * v2[k] + w3 * v3[k])


@njit(cache=True, nogil=True)
def align_backward(grad, images, cells, weights, counts, out, places, start, stop):
    """Share each bin's gradient out over the cells that it read, for channels ``start`` to ``stop``."""
    out[:, :, :, start:stop] = 0
    for r in range(len(images)):
        image = out[images[r]]
        for i in range(grad.shape[1]):
            for a in range(counts[r, 0, i]):
                row = image[cells[r, 0, i, a]]
                row_weight = weights[r, 0, i, a]
                if row_weight == 0:
                    continue
                for j in range(grad.shape[2]):
                    given = grad[places[r], i, j, start:stop]
                    for b in range(counts[r, 1, j]):
                        target = row[cells[r, 1, j, b], start:stop]
                        weight = row_weight * weights[r, 1, j, b]
                        for k in range(len(given)):
                            target[k] += weight * given[k]


@njit(cache=True, nogil=True)
def pool(x, images, cells, y, places):
    """The largest values of bins of whole cells, and where they are."""
    _, height, width, channels = x.shape
    for r in range(len(images)):
        image = x[images[r]]
        left, top, right, bottom = cells[r, 0], cells[r, 1], cells[r, 2], cells[r, 3]
        rows, columns = y.shape[1], y.shape[2]
        for i in range(rows):
            first_row = min(max(top + i * (bottom - top) // rows, 0), height)
            last_row = min(max(top - (-(i + 1) * (bottom - top) // rows), 0), height)
            for j in range(columns):
                first_column = min(max(left + j * (right - left) // columns, 0), width)
                last_column = min(max(left - (-(j + 1) * (right - left) // columns), 0), width)
                best = y[r, i, j]
                place = places[r, i, j]
                if first_row >= last_row or first_column >= last_column:
                    for k in range(channels):
                        best[k] = 0
                        place[k] = -1
                    continue
                start = np.int32(first_row * width + first_column)
                values = image[first_row, first_column]
                for k in range(channels):
                    best[k] = values[k]
                    place[k] = start
                for row in range(first_row, last_row):
                    for column in range(first_column, last_column):
                        values = image[row, column]
                        cell = np.int32(row * width + column)
                        for k in range(channels):
                            value = values[k]
                            before = best[k]
                            # Read before the choice, without which the loop is not vectorised.
                            place_before = place[k]
                            higher = (value > before) | ((value != value) & (before == before))
                            best[k] = value if higher else before
                            place[k] = cell if higher else place_before


@njit(cache=True, nogil=True)
def pool_backward(grad, places, images, out, start, stop):
    """Hand each gradient to the cell that won, for channels ``start`` to ``stop``."""
    width = out.shape[2]
    out[:, :, :, start:stop] = 0
    for r in range(len(images)):
        image = out[images[r]]
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                for k in range(start, stop):
                    place = places[r, i, j, k]
                    if place >= 0:
                        image[place // width, place % width, k] += grad[r, i, j, k]
