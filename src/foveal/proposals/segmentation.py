"""Graph-based segmentation."""

import numpy as np
from numpy.typing import NDArray


def segment(
    image: NDArray[np.uint8] | NDArray[np.float32],
    k: float = 100.0,
    *,
    sigma: float = 0.8,
    min_size: int | None = None,
) -> NDArray[np.int32]:
    """Part an image into regions by Felzenszwalb & Huttenlocher's graph-based segmentation.

    After Felzenszwalb & Huttenlocher (2004). The image is smoothed by a Gaussian; each pixel is joined to
    its eight neighbours by edges weighing the Euclidean distance of their colours. The edges are gone
    through from the lightest to the heaviest, and an edge between two components joins them if it is no
    heavier than ``min(Int(C1) + k / |C1|, Int(C2) + k / |C2|)`` (equations 3 and 4; the heaviest edge
    inside a component is ``Int``). In the end components smaller than ``min_size`` are joined to a
    neighbour along the lightest edge.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C), uint8 or float32
        Any number of channels; the weights are differences of its values, so ``k`` belongs to a scale of
        0 to 255.
    k : float, default=100.0
        Scale of observation: larger values give larger regions. Not a smallest size.
    sigma : float, default=0.8
        Standard deviation of the smoothing in pixels; 0 for none.
    min_size : int, optional
        Smallest region in pixels; ``k`` by default, as in Uijlings et al. (2013)'s software.

    Returns
    -------
    ndarray of shape (H, W), int32
        The region of each pixel, counted from 0 in the order in which a reader meets them. Each
        region is connected (by sides or corners).

    Raises
    ------
    ValueError
        If the image is empty or not of the shape above.

    Notes
    -----
    Squared weights are rounded to eight significant bits and sorted by counting. Edges of equal rounded
    weight come in reading order; the result is therefore the same on every run.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((4, 6), np.uint8)
    >>> image[:, 3:] = 200
    >>> segment(image, k=10, sigma=0, min_size=1)[0]
    array([0, 0, 0, 1, 1, 1], dtype=int32)
    """
    from foveal.proposals._segmentation_kernels import join, sorted_edges

    if image.ndim == 2:
        image = image[:, :, None]
    if image.ndim != 3 or image.size == 0:
        raise ValueError(f"An image to segment is (H, W) or (H, W, C) with pixels in it; got {image.shape}.")
    smooth = smoothed(image, sigma)
    order, starts = sorted_edges(smooth)
    labels, _ = join(
        order, starts, smooth.shape[0], smooth.shape[1], float(k), int(k if min_size is None else min_size)
    )
    return np.asarray(labels)


def smoothed(image: NDArray[np.uint8] | NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """The image in float32, smoothed by a Gaussian of ``sigma`` pixels; the border repeats."""
    import cv2

    values = np.ascontiguousarray(image, np.float32)
    if sigma > 0:
        # Four standard deviations to either side, as in the original's implementation.
        side = 2 * int(np.ceil(4 * sigma)) + 1
        shape = values.shape
        values = np.asarray(
            cv2.GaussianBlur(values, (side, side), sigma, borderType=cv2.BORDER_REPLICATE), np.float32
        ).reshape(shape)
    return values
