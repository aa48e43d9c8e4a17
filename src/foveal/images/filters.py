"""Small kernels by name, and images filtered with them.

Foveal's convolution is the field's: the kernel is laid on the image as it stands, multiplied cell by cell
and added up, which mathematics calls cross-correlation. The convolution of mathematics turns the kernel by
half a turn first: ``apply_filter(..., flip=True)``. For a kernel that half a turn leaves as it is (blur,
sharpen, edge detection) both are one; for Sobel, Prewitt, Scharr and emboss the sign turns or the light
comes from the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from foveal.images.arrays import check_dtype, check_plane

__all__ = ["FILTERS", "apply_filter", "kernel"]

Border = Literal["reflect", "symmetric", "edge", "zero"]

_SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
_PREWITT = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
_SCHARR = np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]])
_BINOMIAL_3 = np.outer([1, 2, 1], [1, 2, 1]) / 16
_BINOMIAL_5 = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
_IDENTITY_5 = np.pad([[1]], 2)


def _frozen(values: ArrayLike) -> NDArray[np.float32]:
    array = np.array(values, np.float32)
    array.flags.writeable = False
    return array


_KERNELS: dict[str, ArrayLike] = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "edge_detection_4": [[0, -1, 0], [-1, 4, -1], [0, -1, 0]],
    "edge_detection_8": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "box_blur": np.full((3, 3), 1 / 9),
    "gaussian_blur_3": _BINOMIAL_3,
    "gaussian_blur_5": _BINOMIAL_5,
    "unsharp_mask": 2 * _IDENTITY_5 - _BINOMIAL_5,
    "sobel_x": _SOBEL,
    "sobel_y": _SOBEL.T,
    "prewitt_x": _PREWITT,
    "prewitt_y": _PREWITT.T,
    "scharr_x": _SCHARR,
    "scharr_y": _SCHARR.T,
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
}
FILTERS: Mapping[str, NDArray[np.float32]] = MappingProxyType(
    {name: _frozen(cells) for name, cells in _KERNELS.items()}
)
_SHORT = {"edge_detection": "edge_detection_8", "gaussian_blur": "gaussian_blur_3"}
# OpenCV's names of them.
_BORDERS = {
    "reflect": "BORDER_REFLECT_101",
    "symmetric": "BORDER_REFLECT",
    "edge": "BORDER_REPLICATE",
    "zero": "BORDER_CONSTANT",
}


def kernel(name: str) -> NDArray[np.float32]:
    """The kernel of a filter of the literature.

    ==================== ==== ===== =====================================================================
    name                 size sum   what it does, and where it comes from
    ==================== ==== ===== =====================================================================
    ``identity``         3×3  1     Gives the image back.
    ``edge_detection_4`` 3×3  0     Four times the pixel less its four neighbours: the Laplacian with its
                                    sign turned. Flat parts become 0 (Gonzalez & Woods 2018, section 3.6).
    ``edge_detection_8`` 3×3  0     The same with the four diagonal neighbours (there).
    ``sharpen``          3×3  1     ``identity`` + ``edge_detection_4`` (there, equation 3-54).
    ``box_blur``         3×3  1     The mean of nine pixels.
    ``gaussian_blur_3``  3×3  1     Binomial coefficients 1 2 1, along rows and columns, over 16: nearly a
                                    Gaussian of standard deviation 0.71 pixels (Burt & Adelson 1983).
    ``gaussian_blur_5``  5×5  1     Binomial coefficients 1 4 6 4 1 over 256: standard deviation 1 pixel.
    ``unsharp_mask``     5×5  1     Twice the image less ``gaussian_blur_5``: what blurring takes away is
                                    added once more (Gonzalez & Woods 2018, equations 3-55 and 3-56, k = 1).
    ``sobel_x``          3×3  0     Eight times the slope along a row, smoothed 1 2 1 across it; positive
                                    where the image grows brighter to the right (Sobel & Feldman 1968).
    ``sobel_y``          3×3  0     The same down a column; positive where it grows brighter downwards.
    ``prewitt_x``        3×3  0     Six times the slope, smoothed 1 1 1 across it (Prewitt 1970).
    ``prewitt_y``        3×3  0     The same down a column.
    ``scharr_x``         3×3  0     32 times the slope, smoothed 3 10 3 across it: its direction is the most
                                    accurate of the three (Scharr 2000).
    ``scharr_y``         3×3  0     The same down a column.
    ``emboss``           3×3  1     The image plus its slope along the falling diagonal: a relief of what is
                                    bright, lit from the upper left (the GIMP manual, "Convolution Matrix").
    ==================== ==== ===== =====================================================================

    Parameters
    ----------
    name : str
        A name of the table. Case does not matter and spaces or hyphens do for underscores;
        ``"edge_detection"`` is short for ``edge_detection_8`` and ``"gaussian_blur"`` for
        ``gaussian_blur_3``.

    Returns
    -------
    ndarray of shape (3, 3) or (5, 5), float32
        Read-only: the one that ``FILTERS`` holds.

    Raises
    ------
    ValueError
        If no filter has this name.

    Examples
    --------
    >>> kernel("sobel_x").tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    >>> kernel("Box blur").sum().round(6)
    np.float32(1.0)
    """
    key = "_".join(str(name).lower().replace("-", " ").replace("_", " ").split())
    key = _SHORT.get(key, key)
    if key not in FILTERS:
        raise ValueError(f"There is no filter {name!r}; there are {', '.join(FILTERS)}.")
    return FILTERS[key]


def apply_filter(
    image: NDArray[Any],
    kernel: ArrayLike | str,
    *,
    border: Border = "reflect",
    flip: bool = False,
    dtype: DTypeLike | None = None,
) -> NDArray[Any]:
    """Slide a kernel over an image: at every pixel, the sum of kernel times what lies under it.

    ``y[r, c] = sum over i, j of kernel[i, j] * image[r + i - kh // 2, c + j - kw // 2]``, each channel by
    itself: the cross-correlation that networks call convolution.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C), uint8, uint16, float32 or float64
    kernel : str, or array-like of shape (kh, kw)
        The name of a filter of :func:`kernel`, or a kernel of one's own; finite numbers. Where a side is
        even, the cell at ``(kh // 2, kw // 2)`` lies on the pixel.
    border : {"reflect", "symmetric", "edge", "zero"}, default="reflect"
        What lies beyond the image: the image mirrored in its outermost pixels, mirrored with them repeated,
        its outermost pixels, or 0. The first three are NumPy's names in :func:`numpy.pad`.
    flip : bool, default=False
        Turn the kernel by half a turn first: the convolution of mathematics.
    dtype : dtype, optional
        Of the result: one of the dtypes an image may have. By default the image's. Whole numbers are
        rounded, ties to even, and cut off at the ends of their range; ask for float32 to keep what is
        negative or too large, as slopes are.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)

    Raises
    ------
    ValueError
        If the image has no pixels, another shape or dtype; the kernel has another shape, is empty or not
        finite, or no filter has its name; or border or dtype is none of those above.

    Notes
    -----
    Sums are made in float32, in float64 where the image or the result is. Kernels of more than 11 × 11
    cells go through a Fourier transform (OpenCV), exact to about 1e-6 of the largest sum.

    Examples
    --------
    >>> step = np.uint8([[10, 10, 50, 50]] * 3)
    >>> apply_filter(step, "sobel_x", dtype=np.float32)[1].tolist()
    [0.0, 160.0, 160.0, 0.0]
    >>> apply_filter(step, "sobel_x", dtype=np.float32, flip=True)[1].tolist()
    [0.0, -160.0, -160.0, 0.0]
    >>> apply_filter(step, "box_blur")[1].tolist()
    [10, 23, 37, 50]
    >>> apply_filter(np.zeros((4, 5, 3)), [[1, -1]]).shape
    (4, 5, 3)
    """
    image = check_plane(image)
    out = check_dtype(image.dtype if dtype is None else dtype, "dtype")
    if border not in _BORDERS:
        raise ValueError(f'border must be "reflect", "symmetric", "edge" or "zero", not {border!r}.')
    precise = np.float64 if np.float64 in (image.dtype, out) else np.float32
    cells = _checked(kernel).astype(precise)
    if flip:
        cells = cells[::-1, ::-1]
    sums = _slide(image.astype(precise), cells, border, flip)
    if out.kind == "u":
        sums = np.clip(np.rint(sums), 0, np.iinfo(out).max)
    return sums.astype(out, copy=False)


def _checked(given: ArrayLike | str) -> NDArray[Any]:
    if isinstance(given, str):
        return kernel(given)
    cells = np.asarray(given)
    if cells.ndim != 2 or cells.size == 0 or cells.dtype.kind not in "iufb":
        raise ValueError(f"kernel must be a name or numbers of shape (kh, kw); it has {cells.shape}.")
    if not np.isfinite(cells).all():
        raise ValueError("kernel must be finite; it holds NaN or infinity.")
    return cells


def _slide(image: NDArray[Any], cells: NDArray[Any], border: Border, flip: bool) -> NDArray[Any]:
    import cv2

    how = getattr(cv2, _BORDERS[border])
    height, width = cells.shape
    # Turned, the cell that lay on the pixel is found from the other end.
    anchor = ((width - 1) // 2, (height - 1) // 2) if flip else (width // 2, height // 2)
    # OpenCV takes channels by a few hundred at most: rows of pixels do instead, one channel at a time.
    planes = np.ascontiguousarray(np.moveaxis(image.reshape(*image.shape[:2], -1), 2, 0))
    sums = [
        cv2.filter2D(plane, -1, np.ascontiguousarray(cells), anchor=anchor, borderType=how)
        for plane in planes
    ]
    return np.stack(sums, axis=-1).reshape(image.shape)
