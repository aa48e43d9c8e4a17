"""Compiled inner loops of the rectifiers and of the error function."""

import numpy as np

from foveal.kernels import njit


@njit(cache=True, nogil=True)
def rectify(x, slope, upper, out):
    """``x`` above 0 and up to ``upper``, ``slope * x`` below; not-a-number stays."""
    zero = out.dtype.type(0)
    if slope == 0:
        # Not a product: minus infinity times 0 is not a number.
        for i in range(x.size):
            value = zero if x[i] <= 0 else x[i]
            out[i] = upper if value > upper else value
    else:
        for i in range(x.size):
            out[i] = x[i] * slope if x[i] < 0 else x[i]


@njit(cache=True, nogil=True)
def rectify_backward(grad, y, slope, upper, out):
    """``grad`` where ``y`` is above 0 and not ``upper``, ``slope * grad`` where it is not above 0.

    ``upper`` 0 is none.
    """
    zero = out.dtype.type(0)
    for i in range(y.size):
        value = grad[i] * slope if y[i] <= 0 else grad[i]
        out[i] = zero if (y[i] == upper) & (y[i] > 0) else value


@njit(cache=True, nogil=True)
def normal_distribution(x, out):
    """``Φ(x)`` in float32, within 2e-7.

    The error function as the quotient of polynomials that Eigen and XLA use: unlike the C library's it is
    vectorised, for which a division by 0 must not be an error.
    """
    for i in range(x.size):
        t = x[i] * np.float32(0.7071067811865476)
        t = np.float32(-4) if t < np.float32(-4) else t
        t = np.float32(4) if t > np.float32(4) else t
        s = t * t
        p = s * np.float32(-2.72614225801306e-10) + np.float32(2.77068142495902e-08)
        p = p * s + np.float32(-2.10102402082508e-06)
        p = p * s + np.float32(-5.69250639462346e-05)
        p = p * s + np.float32(-7.34990630326855e-04)
        p = p * s + np.float32(-2.95459980854025e-03)
        p = p * s + np.float32(-1.60960333262415e-02)
        q = s * np.float32(-1.45660718464996e-05) + np.float32(-2.13374055278905e-04)
        q = q * s + np.float32(-1.68282697438203e-03)
        q = q * s + np.float32(-7.37332916720468e-03)
        q = q * s + np.float32(-1.42647390514189e-02)
        value = np.float32(0.5) + np.float32(0.5) * (t * p / q)
        # Exactly 0 and 1 at the ends, as x may be large.
        value = np.float32(0) if t == np.float32(-4) else value
        out[i] = np.float32(1) if t == np.float32(4) else value
