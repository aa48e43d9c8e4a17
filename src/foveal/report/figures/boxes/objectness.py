"""Where a region proposal network sees objects: its objectness over the image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images.arrays import check_image
from foveal.report.figures import Figure, image_panel
from foveal.report.figures.axes import say_instead
from foveal.report.figures.canvas import FULL_WIDTH, new_figure

_COLORS = "inferno"


def draw_objectness(
    image: NDArray[np.uint8], maps: Sequence[ArrayLike], strides: Sequence[float], *, columns: int = 3
) -> Figure:
    """Objectness over an image, one panel a level of the pyramid, all on one scale of colours.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    maps : sequence of array-like of shape (h, w) or (h, w, A)
        The probability that there is an object, at each place of a level; of several anchors the highest
        is drawn.
    strides : sequence of float
        The side of a place on each level, in the image's pixels. Maps may reach beyond the image, where it
        was padded; what lies beyond is cut off.
    columns : int, default=3
        At most so many panels side by side.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there are not as many strides as maps, or a shape is another.

    Examples
    --------
    >>> image = np.zeros((64, 96, 3), np.uint8)
    >>> figure = draw_objectness(image, [np.full((8, 12, 3), 0.2), np.full((4, 6), 0.9)], [8, 16])
    >>> [axes.get_title(loc="left").splitlines()[1] for axes in figure.axes[:2]]
    ['8 × 12 places, at most 0.20', '4 × 6 places, at most 0.90']
    """
    image = check_image(image)
    image_panel.check_one_each("stride", strides, "level", len(maps))
    if not len(maps):
        return say_instead("There are no levels.", FULL_WIDTH, 2.0)
    from matplotlib import colormaps

    rows, columns = image_panel.arrange(len(maps), columns)
    each = (FULL_WIDTH - 0.7) / max(columns, 2)
    figure = new_figure(0.7 + columns * each, rows * (image_panel.panel_height(image, each) + 0.2))
    panels = []
    for i, (values, stride) in enumerate(zip(maps, strides, strict=True)):
        level = np.asarray(values, np.float64)
        if level.ndim not in (2, 3) or level.size == 0:
            raise ValueError(f"maps must have the shape (h, w) or (h, w, A); number {i} has {level.shape}.")
        level = level if level.ndim == 2 else level.max(axis=2)
        high, wide = level.shape
        title = f"stride {stride:.3g} pixels\n{high} × {wide} places, at most {level.max():.2f}"
        axes = image_panel.show_image(figure, (rows, columns, i + 1), image, title, grey=True)
        colors = colormaps[_COLORS](np.clip(level, 0, 1))
        # The surer, the more opaque, so that the image is seen where nothing is claimed.
        colors[..., 3] = 0.35 + 0.5 * np.clip(level, 0, 1)
        axes.imshow(colors, extent=(0, wide * stride, high * stride, 0), interpolation="nearest")
        image_panel.look_at(axes, 0, 0, image.shape[1], image.shape[0])
        panels.append(axes)
    image_panel.add_color_bar(figure, panels, _COLORS, 0, 1, "probability of an object", fraction=0.03)
    return figure
