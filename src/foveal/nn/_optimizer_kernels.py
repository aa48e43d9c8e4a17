"""The compiled steps of the optimisers: one pass over weights, gradients and state.

All arrays are flat and of one floating-point type, the settings too: a Python float among float32 would
draw the whole line into float64. Each element stands for itself, so that it makes no difference into how
many pieces the arrays are cut.
"""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def sgd_plain(w, g, settings):
    """Without momentum."""
    lr, decay = settings[0], settings[1]
    for i in range(w.size):
        w[i] -= lr * (g[i] + decay * w[i])


@njit(cache=True, nogil=True)
def sgd_momentum(w, g, velocity, settings):
    """With momentum: the step is ``ahead * gradient + keep * velocity``."""
    lr, decay, momentum = settings[0], settings[1], settings[2]
    intake, ahead, keep = settings[3], settings[4], settings[5]
    for i in range(w.size):
        d = g[i] + decay * w[i]
        v = momentum * velocity[i] + intake * d
        velocity[i] = v
        w[i] -= lr * (ahead * d + keep * v)


@njit(cache=True, nogil=True)
def adamw(w, g, mean, square, settings):
    """``shrink`` is the decay; ``rate`` and ``unbias`` hold the corrections of the bias."""
    shrink, intake, beta2, intake2 = settings[0], settings[1], settings[2], settings[3]
    rate, unbias, eps = settings[4], settings[5], settings[6]
    for i in range(w.size):
        m = mean[i] + intake * (g[i] - mean[i])
        s = beta2 * square[i] + intake2 * g[i] * g[i]
        mean[i] = m
        square[i] = s
        w[i] = shrink * w[i] - rate * m / (np.sqrt(s) * unbias + eps)


@njit(cache=True, nogil=True)
def approach(average, w, settings):
    """Move an average towards the weights by a share of their distance."""
    share = settings[0]
    for i in range(w.size):
        average[i] += share * (w[i] - average[i])


@njit(cache=True, nogil=True, fastmath={"reassoc"})
def sum_of_squares(values):
    """In float64; several partial sums at a time."""
    total = 0.0
    for i in range(values.size):
        value = np.float64(values[i])
        total += value * value
    return total
