"""Compiled inner loops of selective search's grouping."""

import numpy as np

from foveal.kernels import njit

_FAST = {"reassoc", "nsz", "contract", "nnan"}


@njit(cache=True, nogil=True, fastmath=_FAST, boundscheck=False)
def _intersection(a, b):
    total = np.float32(0)
    for i in range(len(a)):
        total += min(a[i], b[i])
    return total


@njit(cache=True, nogil=True, boundscheck=False, inline="always")
def _extent(boxes, a, b):
    """The area of the box around two boxes."""
    width = max(boxes[a, 2], boxes[b, 2]) - min(boxes[a, 0], boxes[b, 0])
    height = max(boxes[a, 3], boxes[b, 3]) - min(boxes[a, 1], boxes[b, 1])
    return np.float32(width) * np.float32(height)


@njit(cache=True, nogil=True, boundscheck=False)
def _similarity(a, b, sizes, boxes, histograms, use_size, use_fill, area):
    total = np.float32(0)
    if histograms.shape[1]:
        total += _intersection(histograms[a], histograms[b])
    both = np.float32(sizes[a] + sizes[b])
    if use_size:
        total += np.float32(1) - both / area
    if use_fill:
        total += np.float32(1) - (_extent(boxes, a, b) - both) / area
    return total


@njit(cache=True, nogil=True, boundscheck=False)
def _doubled(array):
    larger = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):
        larger[i] = array[i]
    return larger


@njit(cache=True, nogil=True, boundscheck=False)
def _enter(tree, leaves, region, value):
    """Write a region's best similarity into the tournament and play its games again."""
    i = leaves + region
    tree[i] = value
    i >>= 1
    while i:
        winner = max(tree[2 * i], tree[2 * i + 1])
        if tree[i] == winner:
            break
        tree[i] = winner
        i >>= 1


@njit(cache=True, nogil=True, boundscheck=False)
def _best_owned(region, owned_from, partners, values, alive):
    """The most similar older neighbour that is still there, of equal ones the oldest; -1 for none."""
    best, value = np.int32(-1), np.float32(-np.inf)
    for i in range(owned_from[region], owned_from[region + 1]):
        b = partners[i]
        if alive[b] and (values[i] > value or (values[i] == value and b < best)):
            best, value = b, values[i]
    return best, value


@njit(cache=True, nogil=True, boundscheck=False)
def group(sizes, boxes, histograms, pairs, use_size, use_fill, area, joined, similarities, room):
    """Join the most similar neighbours until one region is left (Uijlings et al. 2013, algorithm 1).

    ``sizes`` (2 N - 1,), ``boxes`` (2 N - 1, 4) and ``histograms`` (2 N - 1, D) have those of the first
    regions in their first N rows; the others are filled in. So are ``joined`` (N - 1, 2), which two were
    joined each time, and ``similarities`` (N - 1,) of those. ``room`` to work in is

    - seven rows of 2 N, int32;
    - a tournament of twice as many as the next power of two from 2 N - 1 on, float32;
    - the partners of each region's pairs, int32, their values, float32, and two lists as long as those,
      int32. Where they do not suffice, longer ones are made.

    Regions 0 … N - 1 are the first ones, N + i is what the i-th joining made. Of equally similar pairs the
    one whose younger region is older is joined first, then the one whose older region is older.

    Each pair is owned by its younger region, with the similarity that it will always have. A region knows
    the best pair that it owns; a tournament over all regions knows the best of those.
    """
    total = len(sizes)
    number = (total + 1) // 2
    columns = histograms.shape[1]
    area = np.float32(area)
    rows, tree, partners, values, entry_of, following = room
    # What a region of index r knows: arrays of the whole, as Numba takes long over each that is made here.
    # Pairs by their younger region: partners and values of region r stand from owned_from[r] on. Its younger
    # neighbours stand in a linked list that begins at heads[r].
    owned_from, place, heads, best = rows[0], rows[1], rows[2], rows[3]
    seen, neighbors, alive = rows[4], rows[5], rows[6]
    owned_from[total] = 0
    for r in range(total):
        owned_from[r] = 0
        heads[r] = best[r] = seen[r] = -1
        alive[r] = r < number
    for i in range(len(pairs)):
        owned_from[pairs[i, 1] + 1] += 1
    for r in range(total):
        owned_from[r + 1] += owned_from[r]
        place[r] = owned_from[r]
    owned = len(pairs)
    entries = 0
    for i in range(len(pairs)):
        a, b = np.int32(pairs[i, 0]), np.int32(pairs[i, 1])
        partners[place[b]] = a
        values[place[b]] = _similarity(a, b, sizes, boxes, histograms, use_size, use_fill, area)
        place[b] += 1
        entry_of[entries] = b
        following[entries] = heads[a]
        heads[a] = entries
        entries += 1

    leaves = len(tree) // 2
    for i in range(len(tree)):
        tree[i] = -np.inf
    for r in range(number):
        best[r], tree[leaves + r] = _best_owned(np.int32(r), owned_from, partners, values, alive)
    for i in range(leaves - 1, 0, -1):
        tree[i] = max(tree[2 * i], tree[2 * i + 1])

    for new in range(np.int32(number), np.int32(total)):
        i = 1
        while i < leaves:
            i = 2 * i + (tree[2 * i] != tree[i])
        b = np.int32(i - leaves)
        a = best[b]
        joined[new - number, 0] = a
        joined[new - number, 1] = b
        similarities[new - number] = tree[1]
        alive[a] = False
        alive[b] = False
        _enter(tree, leaves, a, np.float32(-np.inf))
        _enter(tree, leaves, b, np.float32(-np.inf))
        size = sizes[a] + sizes[b]
        sizes[new] = size
        boxes[new, 0] = min(boxes[a, 0], boxes[b, 0])
        boxes[new, 1] = min(boxes[a, 1], boxes[b, 1])
        boxes[new, 2] = max(boxes[a, 2], boxes[b, 2])
        boxes[new, 3] = max(boxes[a, 3], boxes[b, 3])
        share = np.float32(sizes[a]) / np.float32(size)
        rest = np.float32(1) - share
        of_a, of_b, mixed = histograms[a], histograms[b], histograms[new]
        for i in range(columns):
            mixed[i] = share * of_a[i] + rest * of_b[i]

        count = 0
        for old in (a, b):
            # Its older neighbours stand in what it owns, its younger ones in its list.
            for at in range(owned_from[old], owned_from[old + 1]):
                c = partners[at]
                if alive[c] and seen[c] != new:
                    seen[c] = new
                    neighbors[count] = c
                    count += 1
            at = heads[old]
            while at >= 0:
                c = entry_of[at]
                at = following[at]
                if alive[c] and seen[c] != new:
                    seen[c] = new
                    neighbors[count] = c
                    count += 1

        begin = owned
        best_partner, best_value = np.int32(-1), np.float32(-np.inf)
        while owned + count > len(partners):
            partners, values = _doubled(partners), _doubled(values)
        while entries + count > len(entry_of):
            entry_of, following = _doubled(entry_of), _doubled(following)
        for i in range(count):
            c = neighbors[i]
            if best[c] == a or best[c] == b:
                best[c], value = _best_owned(c, owned_from, partners, values, alive)
                _enter(tree, leaves, c, value)
            value = _similarity(c, new, sizes, boxes, histograms, use_size, use_fill, area)
            partners[owned] = c
            values[owned] = value
            owned += 1
            entry_of[entries] = new
            following[entries] = heads[c]
            heads[c] = entries
            entries += 1
            if value > best_value or (value == best_value and c < best_partner):
                best_partner, best_value = c, value
        # New regions own their pairs in the order in which they are made.
        owned_from[new] = begin
        owned_from[new + 1] = owned
        alive[new] = True
        best[new] = best_partner
        _enter(tree, leaves, new, best_value)
