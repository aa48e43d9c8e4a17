"""Colour histograms."""

import numpy as np
from numpy.typing import NDArray

from foveal.images.arrays import check_images


def color_histogram(images: NDArray[np.uint8], grid: int = 4, bins: int = 8) -> NDArray[np.float32]:
    """Histograms of the opponent colours over a grid of cells.

    The opponent colour space (van de Sande, Gevers & Snoek 2010, section 3.1) parts the intensity
    ``(R + G + B) / 3`` from the two colour axes ``(R - G) / 2`` and ``(R + G - 2B) / 4``, here scaled to
    the same range. Each channel votes, shared linearly between the two nearest bins. A cell's histogram
    sums to one a channel and its square root is taken, so that a linear classifier on it compares
    histograms by the Hellinger kernel (Arandjelović & Zisserman 2012).

    Parameters
    ----------
    images : ndarray of shape (N, H, W, 3), uint8
    grid : int, default=4
        Cells a side. Pixels are shared out as evenly as whole pixels allow; where a cell has 8×8 or
        more, every second pixel of every second row votes.
    bins : int, default=8
        Bins a channel, at least 2.

    Returns
    -------
    ndarray of shape (N, grid, grid, 3 * bins), float32
        A cell without pixels (an image smaller than the grid) is zero.

    Raises
    ------
    ValueError
        If the batch is not (N, H, W, 3) uint8, or there are fewer than two bins.

    Examples
    --------
    >>> import numpy as np
    >>> white = np.full((1, 4, 4, 3), 255, np.uint8)
    >>> color_histogram(white, grid=1, bins=2)[0, 0, 0].round(2)
    array([0.  , 1.  , 0.71, 0.71, 0.71, 0.71], dtype=float32)
    """
    from foveal.features._color_kernels import color_kernel

    images = check_images(images)
    if bins < 2 or grid < 1:
        raise ValueError(f"A histogram has at least two bins and one cell; got bins={bins} and grid={grid}.")
    out = np.zeros((len(images), grid, grid, 3 * bins), np.float32)
    color_kernel(np.ascontiguousarray(images), bins, out)
    return out
