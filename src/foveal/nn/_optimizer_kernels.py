"""The compiled steps of the optimisers: one pass over weights, gradients and state.

All arrays are flat and of one floating-point type, and so are the numbers: a Python float among float32
would draw the whole line into float64. Each element stands for itself, so that it makes no difference into
how many pieces the arrays are cut.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def sgd_plain(w, g, lr, decay):
    """Without momentum."""
    for i in range(w.size):
        w[i] -= lr * (g[i] + decay * w[i])


@njit(cache=True, nogil=True, error_model="numpy")
def sgd_momentum(w, g, velocity, lr, decay, momentum, intake, ahead, keep):
    """With momentum: the step is ``ahead * gradient + keep * velocity``."""
    for i in range(w.size):
        d = g[i] + decay * w[i]
        v = momentum * velocity[i] + intake * d
        velocity[i] = v
        w[i] -= lr * (ahead * d + keep * v)


@njit(cache=True, nogil=True, error_model="numpy")
def adamw(w, g, mean, square, shrink, intake, beta2, intake2, rate, root, eps):
    """``shrink`` is the decay, ``rate`` and ``1 / root`` hold the corrections of the bias."""
    for i in range(w.size):
        m = mean[i] + intake * (g[i] - mean[i])
        s = beta2 * square[i] + intake2 * g[i] * g[i]
        mean[i] = m
        square[i] = s
        w[i] = shrink * w[i] - rate * m / (np.sqrt(s) * root + eps)
