"""Compiled inner loops of warping."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def halve(image):
    """Average blocks of 2×2 pixels; an odd last row or column is averaged with itself."""
    h, w, c = image.shape
    out = np.empty(((h + 1) // 2, (w + 1) // 2, c), np.uint8)
    for y in range(out.shape[0]):
        y0 = 2 * y
        y1 = min(y0 + 1, h - 1)
        for x in range(out.shape[1]):
            x0 = 2 * x
            x1 = min(x0 + 1, w - 1)
            for k in range(c):
                total = (
                    np.int32(image[y0, x0, k])
                    + np.int32(image[y0, x1, k])
                    + np.int32(image[y1, x0, k])
                    + np.int32(image[y1, x1, k])
                )
                out[y, x, k] = np.uint8((total + 2) >> 2)
    return out


@njit(cache=True, nogil=True, boundscheck=False)
def warp_kernel(image, boxes, chosen, out):
    """Bilinear samples at the centres of the result's pixels; the border repeats."""
    h, w, _ = image.shape
    height, width = out.shape[1], out.shape[2]
    left = np.empty(width, np.int32)
    right = np.empty(width, np.int32)
    weight = np.empty(width, np.float32)
    for n in chosen:
        x1, y1, x2, y2 = boxes[n, 0], boxes[n, 1], boxes[n, 2], boxes[n, 3]
        step_x = (x2 - x1) / np.float32(width)
        step_y = (y2 - y1) / np.float32(height)
        for j in range(width):
            x = x1 + (np.float32(j) + np.float32(0.5)) * step_x - np.float32(0.5)
            x = min(max(x, np.float32(0)), np.float32(w - 1))
            left[j] = np.int32(x)
            right[j] = min(left[j] + 1, w - 1)
            weight[j] = x - np.float32(left[j])
        for i in range(height):
            y = y1 + (np.float32(i) + np.float32(0.5)) * step_y - np.float32(0.5)
            y = min(max(y, np.float32(0)), np.float32(h - 1))
            top = np.int32(y)
            bottom = min(top + 1, h - 1)
            wy = y - np.float32(top)
            for j in range(width):
                a = left[j]
                b = right[j]
                wx = weight[j]
                for k in range(3):
                    p = np.float32(image[top, a, k])
                    q = np.float32(image[bottom, a, k])
                    upper = p + (np.float32(image[top, b, k]) - p) * wx
                    lower = q + (np.float32(image[bottom, b, k]) - q) * wx
                    out[n, i, j, k] = np.uint8(upper + (lower - upper) * wy + np.float32(0.5))
