"""Compiled inner loops of the histograms of oriented gradients."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True, boundscheck=False)
def hog_kernel(images, cell, directions, out):
    """Fill ``out`` with the 31 numbers of every cell."""
    number, height, width, _ = images.shape
    rows, columns = out.shape[1], out.shape[2]
    # One ring of cells around: votes that fall outside land there and are dropped.
    votes = np.empty((rows + 2, columns + 2, 18), np.float32)
    energy = np.empty((rows, columns), np.float32)
    used_h, used_w = rows * cell, columns * cell
    left = np.empty(used_w, np.int32)
    share = np.empty(used_w, np.float32)
    for x in range(used_w):
        position = (np.float32(x) + np.float32(0.5)) / np.float32(cell) + np.float32(0.5)
        left[x] = np.int32(position)
        share[x] = position - np.float32(left[x])

    for n in range(number):
        votes[:] = 0
        for y in range(used_h):
            position = (np.float32(y) + np.float32(0.5)) / np.float32(cell) + np.float32(0.5)
            top = np.int32(position)
            low = position - np.float32(top)
            high = np.float32(1) - low
            above = max(y - 1, 0)
            below = min(y + 1, height - 1)
            for x in range(used_w):
                before = max(x - 1, 0)
                after = min(x + 1, width - 1)
                best = np.int32(-1)
                best_dx = np.int32(0)
                best_dy = np.int32(0)
                for k in range(3):
                    dx = np.int32(images[n, y, after, k]) - np.int32(images[n, y, before, k])
                    dy = np.int32(images[n, below, x, k]) - np.int32(images[n, above, x, k])
                    length = dx * dx + dy * dy
                    if length > best:
                        best = length
                        best_dx = dx
                        best_dy = dy
                if best == 0:
                    continue
                vote = np.sqrt(np.float32(best))
                d = directions[best_dy + 255, best_dx + 255]
                c = left[x]
                after_share = share[x] * vote
                before_share = vote - after_share
                votes[top, c, d] += high * before_share
                votes[top, c + 1, d] += high * after_share
                votes[top + 1, c, d] += low * before_share
                votes[top + 1, c + 1, d] += low * after_share

        for r in range(rows):
            for c in range(columns):
                total = np.float32(0)
                for d in range(9):
                    both = votes[r + 1, c + 1, d] + votes[r + 1, c + 1, d + 9]
                    total += both * both
                energy[r, c] = total

        for r in range(rows):
            for c in range(columns):
                texture = out[n, r, c, 27:31]
                out[n, r, c, :27] = 0
                block = 0
                for dr in (-1, 1):
                    other_r = min(max(r + dr, 0), rows - 1)
                    for dc in (-1, 1):
                        other_c = min(max(c + dc, 0), columns - 1)
                        norm = np.float32(1) / np.sqrt(
                            energy[r, c]
                            + energy[other_r, c]
                            + energy[r, other_c]
                            + energy[other_r, other_c]
                            # A grey level or so: keeps the noise of a flat region from being blown up.
                            + np.float32(16.0 * cell)
                        )
                        total = np.float32(0)
                        for d in range(18):
                            value = min(votes[r + 1, c + 1, d] * norm, np.float32(0.2))
                            out[n, r, c, d] += np.float32(0.5) * value
                            total += value
                        for d in range(9):
                            both = (votes[r + 1, c + 1, d] + votes[r + 1, c + 1, d + 9]) * norm
                            out[n, r, c, 18 + d] += np.float32(0.5) * min(both, np.float32(0.2))
                        texture[block] = np.float32(0.2357) * total
                        block += 1
