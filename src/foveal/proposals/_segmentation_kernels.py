"""Compiled inner loops of graph-based segmentation.

Pixels, components and places in arrays are unsigned, since Numba has to ask of every signed index whether
it counts from the end.
"""

import numpy as np

from foveal.kernels import njit

# A key is what is left of a squared weight's float32 bits without the lower 16: exponent and seven bits
# after the leading one. Where there is no edge it is that of infinity.
BUCKETS = 1 << 15
NO_EDGE = 0x7F80

_U1, _U2, _U3 = np.uint32(1), np.uint32(2), np.uint32(3)
_ONE = np.uint64(1)
_AT_A_TIME = 256


@njit(cache=True, nogil=True, boundscheck=False, fastmath={"contract", "nsz"})
def edge_keys(planes, keys, squared, bits):
    """Fill in the keys of the squared weights of all edges, shape (4, H, W), int16.

    ``planes`` is (C, H, W), float32. The edges of a pixel are those to the right, below and below right,
    and the one that crosses the latter: from the pixel on the right to the one below. ``squared`` (4, W),
    float32, is room to work in; ``bits`` is the same memory as int32.
    """
    channels, h, w = planes.shape
    for y in range(h):
        last = y + 1 == h
        squared[:] = 0
        right, down, falling, rising = squared[0], squared[1], squared[2], squared[3]
        for c in range(channels):
            here = planes[c, y]
            below = planes[c, y if last else y + 1]
            for x in range(w - 1):
                d = here[x] - here[x + 1]
                right[x] += d * d
            for x in range(w):
                d = here[x] - below[x]
                down[x] += d * d
            for x in range(w - 1):
                d = here[x] - below[x + 1]
                falling[x] += d * d
            for x in range(w - 1):
                d = here[x + 1] - below[x]
                rising[x] += d * d
        for e in range(4):
            row, from_bits = keys[e, y], bits[e]
            for x in range(w):
                row[x] = from_bits[x] >> 16
            if e != 1:
                row[w - 1] = NO_EDGE
            if e > 0 and last:
                row[:] = NO_EDGE


@njit(cache=True, nogil=True, boundscheck=False)
def needed(keys, kept):
    """Fill in which edges are not the heaviest of a triangle or square of pixels, (4, H, W), uint8.

    A side stays unless another way round, by two or three edges of one square, is lighter throughout; a
    diagonal has to be lighter than each way round by the sides.
    """
    _, h, w = keys.shape
    kept[:] = 0
    for y in range(h):
        R, D, F, G = keys[0, y], keys[1, y], keys[2, y], keys[3, y]
        right, down, falling, rising = kept[0, y], kept[1, y], kept[2, y], kept[3, y]
        for x in range(w - 1):
            right[x] = 1
        if y > 0:
            Ra, Da, Fa, Ga = keys[0, y - 1], keys[1, y - 1], keys[2, y - 1], keys[3, y - 1]
            for x in range(w - 1):
                square = max(max(Da[x], Da[x + 1]), Ra[x])
                way = min(min(max(Da[x], Fa[x]), max(Da[x + 1], Ga[x])), square)
                right[x] &= R[x] <= way
        if y + 1 == h:
            continue
        Rb = keys[0, y + 1]
        for x in range(w):
            down[x] = 1
        for x in range(w - 1):
            square = max(max(D[x], D[x + 1]), Rb[x])
            way = min(min(max(D[x], G[x]), max(D[x + 1], F[x])), square)
            right[x] &= R[x] <= way
        for x in range(w - 1):
            square = max(max(R[x], Rb[x]), D[x + 1])
            way = min(min(max(R[x], G[x]), max(Rb[x], F[x])), square)
            down[x] &= D[x] <= way
        for x in range(1, w):
            square = max(max(R[x - 1], Rb[x - 1]), D[x - 1])
            way = min(min(max(R[x - 1], F[x - 1]), max(Rb[x - 1], G[x - 1])), square)
            down[x] &= D[x] <= way
        for x in range(w - 1):
            falling[x] = F[x] < min(max(R[x], D[x + 1]), max(D[x], Rb[x]))
        for x in range(w - 1):
            rising[x] = G[x] < min(max(R[x], D[x]), max(D[x + 1], Rb[x]))


@njit(cache=True, nogil=True, boundscheck=False)
def sorted_edges(keys, kept, edges, edge_keys):
    """The kept edges by rising key, as ``4 * pixel + direction``, and where each key's edges end.

    ``edges``, uint32, and ``edge_keys``, uint16, of length 4 H W + 1 are room to work in.

    Edges of equal key come row by row; within a row those to the right first, then those below, falling
    and rising ones.
    """
    _, h, w = keys.shape
    n = np.uint64(0)
    for y in range(h):
        for e in range(4):
            row, keep = keys[e, y], kept[e, y]
            edge = np.uint32(4 * y * w + e)
            for x in range(w):
                # Written always and counted only if kept: a branch would be guessed wrong half the time.
                edges[n] = edge
                edge_keys[n] = row[x]
                n += keep[x]
                edge += np.uint32(4)
    return by_key(edges[:n], edge_keys[:n])


@njit(cache=True, nogil=True, boundscheck=False)
def by_key(edges, keys):
    """Sort by counting; equal keys keep their order. Gives the edges and where each key's edges end."""
    number = np.uint64(len(edges))
    place = np.zeros(BUCKETS, np.uint32)
    for i in range(number):
        place[keys[i]] += _U1
    total = np.uint32(0)
    for b in range(BUCKETS):
        count = place[b]
        place[b] = total
        total += count
    order = np.empty(number, np.uint32)
    for i in range(number):
        b = keys[i]
        order[place[b]] = edges[i]
        place[b] += _U1
    return order, place


@njit(cache=True, nogil=True, inline="always")
def _find(parent, i):
    while True:
        up = parent[i]
        if up == i:
            return i
        top = parent[up]
        parent[i] = top
        i = top


@njit(cache=True, nogil=True, boundscheck=False, inline="always")
def _ends(edge, step):
    """The two pixels of an edge; the rising one begins on the right."""
    direction = edge & _U3
    p = edge >> _U2
    return p + np.uint32(direction == _U3), p + step[direction]


@njit(cache=True, nogil=True, boundscheck=False)
def grow(edges, ends, weight_of_key, width, k, parent, size, limit):
    """Join components along edges from the lightest to the heaviest; gives the edges that join nothing.

    ``ends`` is where the edges of each key end, ``limit`` is Int(C) + k / |C| of each component, at its root.

    Of the edges of one weight first those are put aside whose ends two steps up are the same, without a
    branch that would be guessed wrong; then the others are looked at one by one.
    """
    # Where an edge leads from its pixel.
    step = np.array([1, width, width + 1, width], np.uint32)
    scale = np.float32(k)
    rejected = np.empty(len(edges), np.uint32)
    rejected_keys = np.empty(len(edges), np.uint16)
    kept = np.uint64(0)
    open_edge, open_p, open_q = np.empty((3, _AT_A_TIME), np.uint32)
    begin = np.uint64(0)
    for key in range(BUCKETS):
        last = np.uint64(ends[key])
        weight = weight_of_key[key]
        while begin < last:
            end = min(begin + np.uint64(_AT_A_TIME), last)
            number = np.uint64(0)
            for i in range(begin, end):
                edge = edges[i]
                p, q = _ends(edge, step)
                a, c = parent[parent[p]], parent[parent[q]]
                parent[p] = a
                parent[q] = c
                open_edge[number] = edge
                open_p[number] = a
                open_q[number] = c
                number += np.uint64(a != c)
            for j in range(number):
                a, c = _find(parent, open_p[j]), _find(parent, open_q[j])
                if a == c:
                    continue
                if weight <= min(limit[a], limit[c]):
                    if size[a] < size[c]:
                        a, c = c, a
                    parent[c] = a
                    both = size[a] + size[c]
                    size[a] = both
                    limit[a] = weight + scale / np.float32(both)
                else:
                    rejected[kept] = open_edge[j]
                    rejected_keys[kept] = key
                    kept += _ONE
            begin = end
    return rejected[:kept].copy(), rejected_keys[:kept].copy()


@njit(cache=True, nogil=True, boundscheck=False)
def finish(rejected, height, width, min_size, parent, size):
    """Join what is smaller than ``min_size`` to a neighbour; gives the labels and their number.

    ``size`` is used up: in the end it holds the names of the components.
    """
    step = np.array([1, width, width + 1, width], np.uint32)
    for i in range(np.uint64(len(rejected))):
        p, q = _ends(rejected[i], step)
        a, c = _find(parent, p), _find(parent, q)
        if a != c and (size[a] < min_size or size[c] < min_size):
            if size[a] < size[c]:
                a, c = c, a
            parent[c] = a
            size[a] += size[c]
    labels = np.empty((height, width), np.int32)
    flat = labels.reshape(-1)
    number = np.int32(0)
    for i in range(np.uint32(height * width)):
        root = _find(parent, i)
        # A size is above 0, a name is not: 0, -1, -2 ...
        if size[root] > 0:
            size[root] = -number
            number += np.int32(1)
        flat[i] = -size[root]
    return labels, number
