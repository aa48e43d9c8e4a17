"""Compiled inner loops of the histogram intersection kernel."""

import numpy as np

from foveal.kernels import njit

# Rows of b that stay in the cache while all rows of a pass, and features that are read at a time.
_ROWS = 64
_TABLE_FEATURES = 32


# A sum of minima in any order is as good as in another (the compiler chooses one, for good): only then can it
# be taken eight at a time.
@njit(cache=True, nogil=True, boundscheck=False, fastmath={"reassoc", "nsz", "contract"})
def intersection_kernel(a, b, same, out):
    """Fill ``out[i, j]`` with the sum of the smaller ones of ``a[i]`` and ``b[j]``; ``same``: b is a."""
    features = a.shape[1]
    for start in range(0, len(b), _ROWS):
        end = min(start + _ROWS, len(b))
        for i in range(start if same else 0, len(a)):
            row = a[i]
            for j in range(start, min(end, i + 1) if same else end):
                other = b[j]
                total = np.float32(0)
                for d in range(features):
                    total += row[d] if row[d] < other[d] else other[d]
                out[i, j] = total
                if same:
                    out[j, i] = total


@njit(cache=True, nogil=True, boundscheck=False)
def tabulate_kernel(vectors, coefficients, scales, weights, moments):
    """Add every vector to the step of each feature that its value lies in."""
    number, features = vectors.shape
    classes = coefficients.shape[1]
    for s in range(number):
        for k in range(classes):
            weight = coefficients[s, k]
            if weight == 0:
                continue
            for d in range(features):
                value = np.float64(vectors[s, d])
                step = min(np.int64(np.ceil(value * scales[d])), weights.shape[1] - 1)
                weights[d, step, k] += weight
                moments[d, step, k] += weight * value


@njit(cache=True, nogil=True, boundscheck=False)
def look_up_kernel(rows, scales, table, out):
    """Add to ``out`` what the table says of every feature of every row, between two of its steps linearly."""
    number, features = rows.shape
    last = table.shape[1] - 1
    classes = table.shape[2]
    # Few features at a time: their part of the table stays in the cache.
    for start in range(0, features, _TABLE_FEATURES):
        end = min(start + _TABLE_FEATURES, features)
        for n in range(number):
            for d in range(start, end):
                position = min(rows[n, d] * scales[d], np.float32(last))
                # Nothing is nothing in every class; whatever else a row may hold must not point outside.
                if not position > 0:
                    continue
                step = min(np.int64(position), last - 1)
                share = position - np.float32(step)
                for k in range(classes):
                    low = table[d, step, k]
                    out[n, k] += low + share * (table[d, step + 1, k] - low)
