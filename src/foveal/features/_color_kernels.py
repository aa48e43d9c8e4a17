"""Compiled inner loops of the colour histograms."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True, boundscheck=False)
def color_kernel(images, bins, out):
    """Add every pixel's votes, then normalise each cell and take square roots."""
    number, height, width, _ = images.shape
    grid = out.shape[1]
    column = np.empty(width, np.int32)
    for x in range(width):
        column[x] = x * grid // width
    scale = np.float32(bins - 1) / np.float32(255)
    # Every second pixel of every second row says enough of a cell that has many.
    step = 2 if min(height, width) >= 8 * grid else 1
    for n in range(number):
        for y in range(0, height, step):
            row = y * grid // height
            for x in range(0, width, step):
                r = np.float32(images[n, y, x, 0])
                g = np.float32(images[n, y, x, 1])
                b = np.float32(images[n, y, x, 2])
                cell = out[n, row, column[x]]
                for k in range(3):
                    if k == 0:
                        value = (r + g + b) / np.float32(3)
                    elif k == 1:
                        value = (r - g) * np.float32(0.5) + np.float32(127.5)
                    else:
                        value = (r + g - 2 * b) * np.float32(0.25) + np.float32(127.5)
                    position = value * scale
                    bin_ = min(np.int32(position), bins - 2)
                    upper = position - np.float32(bin_)
                    cell[k * bins + bin_] += np.float32(1) - upper
                    cell[k * bins + bin_ + 1] += upper
        for row in range(grid):
            for c in range(grid):
                cell = out[n, row, c]
                total = np.float32(0)
                for i in range(bins):
                    total += cell[i]
                if total > 0:
                    for i in range(3 * bins):
                        cell[i] = np.sqrt(max(cell[i], np.float32(0)) / total)
