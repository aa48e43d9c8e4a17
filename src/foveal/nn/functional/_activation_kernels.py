"""Compiled inner loops of the rectifiers."""

from numba import njit


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
