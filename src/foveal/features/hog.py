"""Histograms of oriented gradients."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from foveal.compiling import ready
from foveal.images.arrays import check_images

CHANNELS = 31


def hog(images: NDArray[np.uint8], cell: int = 8) -> NDArray[np.float32]:
    """Histograms of oriented gradients of a batch of images.

    After Dalal & Triggs (2005) in the form of Felzenszwalb, Girshick, McAllester & Ramanan (2010,
    section 6): at each pixel the gradient ``[-1, 0, 1]`` of the colour channel where it is longest votes
    with its length, shared bilinearly between the four nearest cells, for one of 18 directions. The
    histogram of a cell is normalised by the energy of each of the four blocks of 2×2 cells that it
    belongs to and clipped at 0.2. A cell's 31 numbers are 18 signed directions and 9 unsigned ones,
    each summed over the four normalisations, and four sums over the directions, one for each
    normalisation (texture energy).

    Cells at the border are kept: where a block would stick out of the image, its nearest cells stand
    in (the original drops the outermost ring of cells).

    Parameters
    ----------
    images : ndarray of shape (N, H, W, 3), uint8
        All of one size. Rows and columns beyond a whole number of cells are ignored.
    cell : int, default=8
        Side of a cell in pixels.

    Returns
    -------
    ndarray of shape (N, H // cell, W // cell, 31), float32

    Raises
    ------
    ValueError
        If the batch is not (N, H, W, 3) uint8 or holds not even one cell.

    Examples
    --------
    >>> import numpy as np
    >>> edge = np.zeros((1, 16, 16, 3), np.uint8)
    >>> edge[:, :, 8:] = 255
    >>> cells = hog(edge)
    >>> cells.shape
    (1, 2, 2, 31)
    >>> int(cells[0, 0, 0, :18].argmax())  # the gradient points right: direction 0
    0
    """
    ready("foveal.features.")
    from foveal.features._hog_kernels import hog_kernel

    images = check_images(images)
    rows, columns = images.shape[1] // cell, images.shape[2] // cell
    if rows < 1 or columns < 1:
        raise ValueError(
            f"Images of {images.shape[1]}×{images.shape[2]} pixels hold no cell of {cell} pixels."
        )
    out = np.empty((len(images), rows, columns, CHANNELS), np.float32)
    hog_kernel(np.ascontiguousarray(images), cell, _directions(), out)
    return out


@cache
def _directions() -> NDArray[np.uint8]:
    """The direction, 0 … 17, of every gradient of 8-bit pixels: ``table[dy + 255, dx + 255]``."""
    dy, dx = np.mgrid[-255:256, -255:256]
    angle = np.arctan2(dy, dx)
    # Half up, not half to even: opposite gradients go to opposite directions, upright ones too.
    return np.asarray(np.floor(angle * (18 / (2 * np.pi)) + 0.5).astype(np.int64) % 18, np.uint8)
