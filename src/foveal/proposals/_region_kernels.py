"""Compiled inner loops that describe the regions of a segmentation."""

import numpy as np

from foveal.kernels import njit

_U1 = np.uint32(1)


@njit(cache=True, nogil=True, boundscheck=False, fastmath={"contract", "nsz", "nnan", "reassoc"})
def texture_votes(planes, bins, votes, slopes):
    """Fill in the columns of the texture histogram that each pixel votes for, shape (4 C, H, W), uint8.

    See :class:`foveal.proposals.regions.Votes`. ``planes`` is (C, H, W), float32, smoothed; ``slopes``,
    (2, W) and float32, is room to work in.
    """
    channels, h, w = planes.shape
    dx, dy = slopes[0], slopes[1]
    half = np.float32(np.sqrt(0.5))
    top = np.int32(bins - 1)
    for c in range(channels):
        longest = np.float32(0)
        scale = np.float32(0)
        # The longest gradient has to be known before the first vote.
        for turn in range(2):
            for y in range(h):
                here = planes[c, y]
                above, below = planes[c, max(y - 1, 0)], planes[c, min(y + 1, h - 1)]
                for x in range(w):
                    dy[x] = below[x] - above[x]
                for x in range(1, w - 1):
                    dx[x] = here[x + 1] - here[x - 1]
                dx[0] = here[min(1, w - 1)] - here[0]
                dx[w - 1] = here[w - 1] - here[max(w - 2, 0)]
                if turn == 0:
                    for x in range(w):
                        longest = max(longest, dx[x] * dx[x] + dy[x] * dy[x])
                    continue
                for d in range(4):
                    row = votes[4 * c + d, y]
                    # Directions 0, 45, 90 and 135 degrees; the opposite ones come four later.
                    along = half if d % 2 else np.float32(1)
                    from_x = scale * (np.float32(0) if d == 2 else along)
                    from_y = scale * (np.float32(0) if d == 0 else along)
                    if d == 3:
                        from_x = -from_x
                    first = np.int32((8 * c + d) * bins)
                    opposite = np.int32(4 * bins)
                    for x in range(w):
                        value = dx[x] * from_x + dy[x] * from_y
                        column = first + min(np.int32(abs(value)), top)
                        row[x] = np.uint8(column + (opposite if value < 0 else np.int32(0)))
            if longest > 0:
                scale = np.float32(bins) / np.sqrt(longest)


@njit(cache=True, nogil=True, boundscheck=False)
def measure(labels, colors, textures, bins, sizes, boxes, histograms, color_counts, texture_counts):
    """Fill in the sizes, boxes and histograms of the regions.

    ``colors`` (C, H, W) and ``textures`` (4 C, H, W) are the columns that each pixel votes for. A row of
    the histograms is colour, which adds up to 1, then texture, which adds up to 1. The counts of both, and
    the sizes, are 0 before.
    """
    h, w = labels.shape
    channels = len(colors)
    number, color_columns = color_counts.shape
    texture_columns = texture_counts.shape[1]
    for r in range(number):
        boxes[r, 0], boxes[r, 1], boxes[r, 2], boxes[r, 3] = w, h, 0, 0
    for y in range(h):
        x = 0
        row = labels[y]
        while x < w:
            r = np.uint32(row[x])
            start = x
            color, texture = color_counts[r], texture_counts[r]
            while x < w and row[x] == row[start]:
                for c in range(channels):
                    color[colors[c, y, x]] += _U1
                for c in range(channels):
                    texture[textures[4 * c, y, x]] += _U1
                    texture[textures[4 * c + 1, y, x]] += _U1
                    texture[textures[4 * c + 2, y, x]] += _U1
                    texture[textures[4 * c + 3, y, x]] += _U1
                x += 1
            sizes[r] += x - start
            box = boxes[r]
            box[0] = min(box[0], start)
            box[1] = min(box[1], y)
            box[2] = max(box[2], x)
            box[3] = y + 1
    for r in range(number):
        row = histograms[r]
        share = np.float32(1) / np.float32(channels * sizes[r])
        for i in range(color_columns):
            row[i] = np.float32(color_counts[r, i]) * share
        counts = texture_counts[r]
        for first in range(0, texture_columns, bins):
            # Pixels that voted for the opposite direction have a derivative of nothing in this one.
            votes = np.uint32(0)
            for i in range(first, first + bins):
                votes += counts[i]
            counts[first] += np.uint32(sizes[r]) - votes
        share *= np.float32(0.125)
        for i in range(texture_columns):
            row[color_columns + i] = np.float32(counts[i]) * share


@njit(cache=True, nogil=True, boundscheck=False, inline="always")
def _place_of(code, table, bits):
    """Where a code stands in an open table of two to the power of bits places, or where it would."""
    place = (np.uint64(code) * np.uint64(0x9E3779B97F4A7C15)) >> (np.uint64(64) - bits)
    while table[place] >= 0 and table[place] != code:
        place = (place + np.uint64(1)) & np.uint64(len(table) - 1)
    return place


@njit(cache=True, nogil=True, boundscheck=False)
def touching(labels, number, pairs, table, bits):
    """Fill in the pairs of regions that touch by a side or a corner, lower first, each once.

    ``pairs`` is (P, 2), int32, ``table`` an open table of them, at most half full: -1 in each of its two to
    the power of ``bits`` places, int64. Gives the number of pairs, or -1 where they are more than P.
    """
    h, w = labels.shape
    found = 0
    for y in range(h):
        row = labels[y]
        under = labels[min(y + 1, h - 1)]
        before = np.int64(-1)
        for x in range(w):
            r = row[x]
            right, down = row[min(x + 1, w - 1)], under[x]
            falling, rising = under[min(x + 1, w - 1)], under[max(x - 1, 0)]
            if r == right and r == down and r == falling and r == rising:
                continue
            for s in (right, down, falling, rising):
                if r == s:
                    continue
                code = np.int64(min(r, s)) * number + max(r, s)
                # A border runs on: most pairs are the one just seen.
                if code == before:
                    continue
                before = code
                place = _place_of(code, table, bits)
                if table[place] == code:
                    continue
                if found == len(pairs):
                    return -1
                table[place] = code
                pairs[found, 0] = min(r, s)
                pairs[found, 1] = max(r, s)
                found += 1
    return found
