"""An image under every filter of the literature."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.images.filters import FILTERS, apply_filter, kernel
from foveal.images.resizing import resize_to_fit
from foveal.report.figures import Axes, Figure
from foveal.report.figures.canvas import FULL_WIDTH, MUTED, PAPER, new_figure
from foveal.report.figures.image_panel import arrange, show_pixels
from foveal.report.figures.number_grid import NEGATIVE, POSITIVE

_LONGEST = 400


def draw_filters_gallery(
    image: NDArray[Any], names: Sequence[str] = tuple(FILTERS), *, columns: int = 4
) -> Figure:
    """An image and what each filter makes of it, with the kernel in a corner.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3), uint8
        Made smaller where a side is longer than 400 pixels.
    names : sequence of str
        Of :data:`foveal.images.filters.FILTERS`; by default all.
    columns : int, default=4

    Returns
    -------
    matplotlib.figure.Figure
        Kernels whose cells add up to 0 (edges, slopes) are laid on the grey image and shown with 0 as middle
        grey, each on a scale of its own; all others give an image, cut off at 0 and 255.

    Raises
    ------
    ValueError
        If the image has another shape or dtype, or a filter does not exist.

    Examples
    --------
    >>> figure = draw_filters_gallery(np.zeros((20, 30), np.uint8), ["sharpen", "sobel_x"])
    >>> [axes.get_title() for axes in figure.axes if axes.get_title()]
    ['sharpen', 'sobel_x, grey is 0']
    """
    image = np.asarray(image)
    colored = image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or image.size == 0 or not (colored or image.ndim == 2):
        raise ValueError(
            f"image must be uint8 of shape (H, W) or (H, W, 3), not {image.dtype} of {image.shape}."
        )
    image, _ = resize_to_fit(image, _LONGEST)
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32) if colored else image.astype(np.float32)
    rows, columns = arrange(len(names), columns)
    panel = FULL_WIDTH / columns
    figure = new_figure(FULL_WIDTH, rows * (min(1.4 * panel, panel * image.shape[0] / image.shape[1]) + 0.34))
    for i, name in enumerate(names):
        cells = kernel(name)
        signed = abs(cells.sum()) < 1e-3
        shown = apply_filter(grey if signed else image, cells)
        title, low, high = name, 0.0, 255.0
        if signed:
            title += ", grey is 0"
            # A few pixels at the sharpest edges would leave all others grey.
            high = float(np.percentile(np.abs(shown), 99.5)) or float(np.abs(shown).max()) or 1.0
            low = -high
        axes = show_pixels(figure, (rows, columns, i + 1), shown, title, cmap="gray", vmin=low, vmax=high)
        _draw_kernel(axes, cells)
    return figure


def _draw_kernel(axes: Axes, cells: NDArray[np.float32]) -> None:
    """The kernel in the lower right corner: blue above 0, orange below."""
    from matplotlib.colors import to_rgb

    inset = axes.inset_axes((0.765, 0.03, 0.22, 0.22), zorder=6)
    strength = np.abs(cells / np.abs(cells).max())[..., None] ** 0.6
    color = np.where(cells[..., None] < 0, to_rgb(NEGATIVE), to_rgb(POSITIVE))
    inset.imshow(1 - strength * (1 - color), interpolation="nearest", aspect="equal")
    inset.set_anchor("SE")
    inset.set_xticks([])
    inset.set_yticks([])
    inset.set_facecolor(PAPER)
    for spine in inset.spines.values():
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)
