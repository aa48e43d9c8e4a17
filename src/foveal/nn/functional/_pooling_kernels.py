"""Compiled inner loops of pooling; channels are innermost."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def max_pool(x, y, places, kernel, stride, padding, dilation):
    """Largest values of windows and which of the window's places they came from."""
    _, h, w, c = x.shape
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                best = y[n, i, j]
                place = places[n, i, j]
                started = False
                for u in range(kernel[0]):
                    row = i * stride[0] - padding[0] + u * dilation[0]
                    if row < 0 or row >= h:
                        continue
                    for v in range(kernel[1]):
                        column = j * stride[1] - padding[1] + v * dilation[1]
                        if column < 0 or column >= w:
                            continue
                        values = x[n, row, column]
                        mark = places.dtype.type(u * kernel[1] + v)
                        if not started:
                            for k in range(c):
                                best[k] = values[k]
                                place[k] = mark
                            started = True
                            continue
                        for k in range(c):
                            value = values[k]
                            before = best[k]
                            # Read before the choice, without which the loop is not vectorised.
                            place_before = place[k]
                            # The first of equals stays; not-a-number wins, as in PyTorch.
                            higher = (value > before) | (value != value)
                            best[k] = value if higher else before
                            place[k] = mark if higher else place_before
                if not started:
                    for k in range(c):
                        best[k] = -np.inf
                        place[k] = 0


@njit(cache=True, nogil=True)
def max_pool_backward(grad, places, out, kernel, stride, padding, dilation):
    """Hand each gradient to the place that its value came from."""
    _, h, w, c = out.shape
    for n in range(out.shape[0]):
        out[n] = 0
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                given = grad[n, i, j]
                place = places[n, i, j]
                for u in range(kernel[0]):
                    row = i * stride[0] - padding[0] + u * dilation[0]
                    if row < 0 or row >= h:
                        continue
                    for v in range(kernel[1]):
                        column = j * stride[1] - padding[1] + v * dilation[1]
                        if column < 0 or column >= w:
                            continue
                        target = out[n, row, column]
                        mark = places.dtype.type(u * kernel[1] + v)
                        for k in range(c):
                            target[k] += given[k] if place[k] == mark else out.dtype.type(0)


@njit(cache=True, nogil=True, inline="always")
def _larger(value, mark, other, other_mark):
    """The first of equals stays; not-a-number wins."""
    higher = (other > value) | (other != other)
    return other if higher else value, other_mark if higher else mark


@njit(cache=True, nogil=True)
def max_pool_2x2(x, y, places):
    """:func:`max_pool` of 2×2 windows that lie side by side."""
    c = x.shape[3]
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                best = y[n, i, j]
                place = places[n, i, j]
                first, second = x[n, 2 * i, 2 * j], x[n, 2 * i, 2 * j + 1]
                third, fourth = x[n, 2 * i + 1, 2 * j], x[n, 2 * i + 1, 2 * j + 1]
                for k in range(c):
                    value, mark = _larger(first[k], np.uint8(0), second[k], np.uint8(1))
                    value, mark = _larger(value, mark, third[k], np.uint8(2))
                    best[k], place[k] = _larger(value, mark, fourth[k], np.uint8(3))


@njit(cache=True, nogil=True)
def max_pool_2x2_backward(grad, places, out):
    """:func:`max_pool_backward` of 2×2 windows that lie side by side: each element is written once."""
    c = out.shape[3]
    zero = out.dtype.type(0)
    for n in range(out.shape[0]):
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                given = grad[n, i, j]
                place = places[n, i, j]
                for u in range(2):
                    for v in range(2):
                        target = out[n, 2 * i + u, 2 * j + v]
                        mark = np.uint8(2 * u + v)
                        for k in range(c):
                            target[k] = given[k] if place[k] == mark else zero
        # An odd last row or column is in no window.
        out[n, 2 * grad.shape[1] :] = zero
        out[n, : 2 * grad.shape[1], 2 * grad.shape[2] :] = zero


@njit(cache=True, nogil=True)
def average(x, y, rows, columns):
    """Means of rectangles; a line of ``rows`` and of ``columns`` is (start, end, divisor)."""
    c = x.shape[3]
    total = np.empty(c, np.float64)
    for n in range(y.shape[0]):
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for k in range(c):
                    total[k] = 0
                for row in range(rows[i, 0], rows[i, 1]):
                    for column in range(columns[j, 0], columns[j, 1]):
                        values = x[n, row, column]
                        for k in range(c):
                            total[k] += values[k]
                result = y[n, i, j]
                part = 1.0 / (rows[i, 2] * columns[j, 2])
                for k in range(c):
                    result[k] = total[k] * part


@njit(cache=True, nogil=True)
def average_backward(grad, out, rows, columns):
    """Share each gradient out over its rectangle."""
    c = out.shape[3]
    for n in range(out.shape[0]):
        out[n] = 0
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                given = grad[n, i, j]
                part = out.dtype.type(1.0 / (rows[i, 2] * columns[j, 2]))
                for row in range(rows[i, 0], rows[i, 1]):
                    for column in range(columns[j, 0], columns[j, 1]):
                        target = out[n, row, column]
                        for k in range(c):
                            target[k] += given[k] * part
