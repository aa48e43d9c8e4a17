"""Compiled inner loops of batch normalisation; channels are innermost."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def product_sums(a, a_shift, b, b_shift, out, size):
    """Per channel and block of rows, the sums of ``a - a_shift`` and of that times ``b - b_shift``.

    In float64. A block is ``size`` rows and a line of ``out``, which has the shape (blocks, 2, C): the
    caller adds the lines in order, so that the sums do not depend on how many threads took part.
    """
    blocks, _, c = out.shape
    rows = a.shape[0]
    for block in range(blocks):
        first = out[block, 0]
        second = out[block, 1]
        for k in range(c):
            first[k] = 0
            second[k] = 0
        start = block * size
        end = min(start + size, rows)
        # Four rows at a time: the sums of a channel are read and written once for all of them.
        for row in range(start, end - 3, 4):
            a0, a1, a2, a3 = a[row], a[row + 1], a[row + 2], a[row + 3]
            b0, b1, b2, b3 = b[row], b[row + 1], b[row + 2], b[row + 3]
            for k in range(c):
                p = a_shift[k]
                q = b_shift[k]
                p0 = np.float64(a0[k]) - p
                p1 = np.float64(a1[k]) - p
                p2 = np.float64(a2[k]) - p
                p3 = np.float64(a3[k]) - p
                first[k] += (p0 + p1) + (p2 + p3)
                second[k] += (p0 * (b0[k] - q) + p1 * (b1[k] - q)) + (p2 * (b2[k] - q) + p3 * (b3[k] - q))
        for row in range(start + (end - start) // 4 * 4, end):
            for k in range(c):
                p0 = np.float64(a[row, k]) - a_shift[k]
                first[k] += p0
                second[k] += p0 * (b[row, k] - b_shift[k])


@njit(cache=True, nogil=True)
def scale_and_shift(x, center, scale, bias, low, high, out):
    """``(x - center) * scale + bias`` per channel, brought within ``low`` and ``high``."""
    c = x.shape[1]
    for row in range(x.shape[0]):
        source = x[row]
        target = out[row]
        for k in range(c):
            value = (source[k] - center[k]) * scale[k] + bias[k]
            # Comparisons that leave not-a-number as it is.
            value = low if value < low else value
            target[k] = high if value > high else value


@njit(cache=True, nogil=True)
def combine(grad, x, center, grad_factor, x_factor, constant, out):
    """``grad * grad_factor + (x - center) * x_factor + constant`` per channel."""
    c = x.shape[1]
    for row in range(x.shape[0]):
        given = grad[row]
        source = x[row]
        target = out[row]
        for k in range(c):
            target[k] = given[k] * grad_factor[k] + (source[k] - center[k]) * x_factor[k] + constant[k]
