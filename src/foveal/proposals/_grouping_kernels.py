"""Compiled inner loops of selective search's grouping."""

import numpy as np
from numba import njit

_FAST = {"reassoc", "nsz", "contract"}


@njit(cache=True, nogil=True, boundscheck=False)
def texture_kernel(blurred, bins):
    """Bins of directional derivatives; see ``_texture_codes``."""
    h, w, channels = blurred.shape
    codes = np.empty((h, w, channels, 4), np.uint8)
    # Directions 0, 45, 90 and 135 degrees.
    half = np.float32(np.sqrt(0.5))
    longest = np.zeros(channels, np.float32)
    for y in range(h):
        above, below = max(y - 1, 0), min(y + 1, h - 1)
        for x in range(w):
            before, after = max(x - 1, 0), min(x + 1, w - 1)
            for c in range(channels):
                dx = blurred[y, after, c] - blurred[y, before, c]
                dy = blurred[below, x, c] - blurred[above, x, c]
                longest[c] = max(longest[c], dx * dx + dy * dy)
    scale = np.zeros(channels, np.float32)
    for c in range(channels):
        if longest[c] > 0:
            scale[c] = np.float32(bins) / np.sqrt(longest[c])
    for y in range(h):
        above, below = max(y - 1, 0), min(y + 1, h - 1)
        for x in range(w):
            before, after = max(x - 1, 0), min(x + 1, w - 1)
            for c in range(channels):
                dx = (blurred[y, after, c] - blurred[y, before, c]) * scale[c]
                dy = (blurred[below, x, c] - blurred[above, x, c]) * scale[c]
                up = (dx + dy) * half
                down = (dy - dx) * half
                for d in range(4):
                    if d == 0:
                        value = dx
                    elif d == 1:
                        value = up
                    elif d == 2:
                        value = dy
                    else:
                        value = down
                    direction = d + 4 if value < 0 else d
                    bin_ = min(np.int32(abs(value)), bins - 1)
                    codes[y, x, c, d] = np.uint8((c * 8 + direction) * bins + bin_)
    return codes


@njit(cache=True, nogil=True, boundscheck=False)
def describe(labels, number, colors, textures, color_bins, texture_bins):
    """Sizes, boxes, histograms and neighbours of the regions of a segmentation.

    Colours and textures are columns of the histograms: what a pixel votes for.

    Neighbours are linked lists: ``heads[r]`` is the first entry of region ``r``, ``targets`` and
    ``following`` the neighbour and the next entry of each; -1 ends a list. Regions that touch by a
    side or a corner are neighbours, so that the graph of any segmentation is connected.
    """
    h, w, channels = colors.shape
    sizes = np.zeros(number, np.int64)
    boxes = np.empty((number, 4), np.int32)
    boxes[:, 0] = w
    boxes[:, 1] = h
    boxes[:, 2:] = 0
    color_counts = np.zeros((number, channels * color_bins), np.int32)
    texture_counts = np.zeros((number, channels * 8 * texture_bins), np.int32)
    heads = np.full(number, -1, np.int32)
    targets = np.empty(max(16, 16 * number), np.int32)
    following = np.empty(max(16, 16 * number), np.int32)
    used = 0
    for y in range(h):
        for x in range(w):
            r = labels[y, x]
            sizes[r] += 1
            boxes[r, 0] = min(boxes[r, 0], x)
            boxes[r, 1] = min(boxes[r, 1], y)
            boxes[r, 2] = max(boxes[r, 2], x + 1)
            boxes[r, 3] = max(boxes[r, 3], y + 1)
            color_row = color_counts[r]
            texture_row = texture_counts[r]
            for c in range(channels):
                color_row[colors[y, x, c]] += 1
                for d in range(4):
                    texture_row[textures[y, x, c, d]] += 1
    for y in range(h):
        below = y + 1 < h
        for x in range(w):
            r = labels[y, x]
            beside = x + 1 < w
            for direction in range(4):
                if direction == 0:
                    s = labels[y, x + 1] if beside else r
                elif direction == 1:
                    s = labels[y + 1, x] if below else r
                elif direction == 2:
                    s = labels[y + 1, x + 1] if below and beside else r
                else:
                    s = labels[y + 1, x - 1] if below and x > 0 else r
                if s == r:
                    continue
                entry = heads[r]
                while entry >= 0 and targets[entry] != s:
                    entry = following[entry]
                if entry >= 0:
                    continue
                if used + 2 > len(targets):
                    targets = np.concatenate((targets, np.empty_like(targets)))
                    following = np.concatenate((following, np.empty_like(following)))
                targets[used] = s
                following[used] = heads[r]
                heads[r] = used
                targets[used + 1] = r
                following[used + 1] = heads[s]
                heads[s] = used + 1
                used += 2
    color = np.empty(color_counts.shape, np.float32)
    texture = np.empty(texture_counts.shape, np.float32)
    for r in range(number):
        for i in range(color.shape[1]):
            color[r, i] = np.float32(color_counts[r, i]) / np.float32(channels * sizes[r])
        for i in range(texture.shape[1] // texture_bins):
            # Pixels that voted for the opposite direction have a derivative of zero in this one.
            votes = 0
            for b in range(texture_bins):
                votes += texture_counts[r, i * texture_bins + b]
            texture_counts[r, i * texture_bins] += sizes[r] - votes
        for i in range(texture.shape[1]):
            texture[r, i] = np.float32(texture_counts[r, i]) / np.float32(channels * 8 * sizes[r])
    return sizes, boxes, color, texture, heads, targets[:used].copy(), following[:used].copy()


@njit(cache=True, nogil=True, fastmath=_FAST, boundscheck=False)
def _intersection(a, b):
    total = np.float32(0)
    for i in range(len(a)):
        total += min(a[i], b[i])
    return total


@njit(cache=True, nogil=True, boundscheck=False)
def _similarity(a, b, sizes, boxes, color, texture, use, area):
    total = np.float32(0)
    if use[0]:
        total += _intersection(color[a], color[b])
    if use[1]:
        total += _intersection(texture[a], texture[b])
    both = np.float32(sizes[a] + sizes[b])
    if use[2]:
        total += np.float32(1) - both / np.float32(area)
    if use[3]:
        width = np.int64(max(boxes[a, 2], boxes[b, 2]) - min(boxes[a, 0], boxes[b, 0]))
        height = np.int64(max(boxes[a, 3], boxes[b, 3]) - min(boxes[a, 1], boxes[b, 1]))
        total += np.float32(1) - (np.float32(width * height) - both) / np.float32(area)
    return total


@njit(cache=True, nogil=True, inline="always")
def _before(keys, pairs, i, j):
    """Whether heap entry i comes before j: more similar, or as similar and of the older regions."""
    if keys[i] != keys[j]:
        return keys[i] > keys[j]
    return pairs[i] < pairs[j]


@njit(cache=True, nogil=True, boundscheck=False)
def _push(keys, pairs, count, key, pair):
    i = count
    keys[i] = key
    pairs[i] = pair
    while i > 0:
        up = (i - 1) >> 1
        if not _before(keys, pairs, i, up):
            break
        keys[i], keys[up] = keys[up], keys[i]
        pairs[i], pairs[up] = pairs[up], pairs[i]
        i = up


@njit(cache=True, nogil=True, boundscheck=False)
def _pop(keys, pairs, count):
    """Move the first entry to the end and restore the heap of the ``count - 1`` before it."""
    last = count - 1
    keys[0], keys[last] = keys[last], keys[0]
    pairs[0], pairs[last] = pairs[last], pairs[0]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= last:
            break
        if child + 1 < last and _before(keys, pairs, child + 1, child):
            child += 1
        if not _before(keys, pairs, child, i):
            break
        keys[i], keys[child] = keys[child], keys[i]
        pairs[i], pairs[child] = pairs[child], pairs[i]
        i = child


@njit(cache=True, nogil=True, boundscheck=False)
def group(sizes, boxes, color, texture, heads, targets, following, use, area):
    """Join the most similar neighbours until one region is left; gives the boxes of all regions.

    Rows 0 … N - 1 are the first regions, row N + i is what the i-th joining made.
    """
    number = len(sizes)
    total = 2 * number - 1
    all_sizes = np.zeros(total, np.int64)
    all_boxes = np.zeros((total, 4), np.int32)
    all_color = np.empty((total, color.shape[1]), np.float32)
    all_texture = np.empty((total, texture.shape[1]), np.float32)
    all_sizes[:number] = sizes
    all_boxes[:number] = boxes
    all_color[:number] = color
    all_texture[:number] = texture
    first = np.full(total, -1, np.int32)
    first[:number] = heads
    used = len(targets)
    to = np.empty(max(64, 4 * used), np.int32)
    after = np.empty(len(to), np.int32)
    to[:used] = targets
    after[:used] = following
    alive = np.zeros(total, np.bool_)
    alive[:number] = True
    seen = np.full(total, -1, np.int32)

    keys = np.empty(max(64, 4 * used), np.float32)
    pairs = np.empty(len(keys), np.int64)
    count = 0
    for a in range(number):
        entry = first[a]
        while entry >= 0:
            b = to[entry]
            if b > a:
                if count == len(keys):
                    keys = np.concatenate((keys, np.empty_like(keys)))
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                key = _similarity(a, b, all_sizes, all_boxes, all_color, all_texture, use, area)
                _push(keys, pairs, count, key, np.int64(a) * total + b)
                count += 1
            entry = after[entry]

    new = number
    while new < total:
        _pop(keys, pairs, count)
        count -= 1
        a = pairs[count] // total
        b = pairs[count] % total
        if not (alive[a] and alive[b]):
            continue
        alive[a] = False
        alive[b] = False
        alive[new] = True
        size = all_sizes[a] + all_sizes[b]
        all_sizes[new] = size
        all_boxes[new, 0] = min(all_boxes[a, 0], all_boxes[b, 0])
        all_boxes[new, 1] = min(all_boxes[a, 1], all_boxes[b, 1])
        all_boxes[new, 2] = max(all_boxes[a, 2], all_boxes[b, 2])
        all_boxes[new, 3] = max(all_boxes[a, 3], all_boxes[b, 3])
        share = np.float32(all_sizes[a]) / np.float32(size)
        rest = np.float32(1) - share
        if use[0]:
            for i in range(all_color.shape[1]):
                all_color[new, i] = share * all_color[a, i] + rest * all_color[b, i]
        if use[1]:
            for i in range(all_texture.shape[1]):
                all_texture[new, i] = share * all_texture[a, i] + rest * all_texture[b, i]
        for old in (a, b):
            entry = first[old]
            while entry >= 0:
                c = to[entry]
                entry = after[entry]
                if not alive[c] or seen[c] == new or c == new:
                    continue
                seen[c] = new
                if used + 2 > len(to):
                    to = np.concatenate((to, np.empty_like(to)))
                    after = np.concatenate((after, np.empty_like(after)))
                to[used] = c
                after[used] = first[new]
                first[new] = used
                to[used + 1] = new
                after[used + 1] = first[c]
                first[c] = used + 1
                used += 2
                if count == len(keys):
                    keys = np.concatenate((keys, np.empty_like(keys)))
                    pairs = np.concatenate((pairs, np.empty_like(pairs)))
                key = _similarity(c, new, all_sizes, all_boxes, all_color, all_texture, use, area)
                _push(keys, pairs, count, key, np.int64(c) * total + new)
                count += 1
        new += 1
    return all_boxes
