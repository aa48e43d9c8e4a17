"""How large the images of a data set are."""

import numpy as np
from numpy.typing import ArrayLike

from foveal.report.figures import Figure
from foveal.report.figures.axes import count_axis, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import HALF_WIDTH, SERIES, new_figure


def draw_image_sizes(sizes: ArrayLike) -> Figure:
    """Width and height of the images, a dot a size, the larger the more images have it.

    Parameters
    ----------
    sizes : array-like of shape (N, 2)
        Widths and heights in pixels; those that are not known, 0, are left out.

    Returns
    -------
    matplotlib.figure.Figure
        Its axes have one scale: what is square lies on the diagonal.

    Examples
    --------
    >>> figure = draw_image_sizes([[640, 480], [640, 480], [480, 640]])
    >>> figure.axes[0].collections[0].get_offsets().tolist()
    [[480.0, 640.0], [640.0, 480.0]]
    """
    known = np.asarray(sizes, np.float64).reshape(-1, 2)
    known = known[(known > 0).all(axis=1)]
    if not len(known):
        return say_instead("The size of no image is known.", HALF_WIDTH, 3.4)
    different, times = np.unique(known, axis=0, return_counts=True)
    figure = new_figure(HALF_WIDTH, 3.4)
    axes = new_axes(figure)
    axes.scatter(
        different[:, 0], different[:, 1], s=10 + 290 * times / times.max(), color=SERIES[0], alpha=0.45,
        linewidths=0, rasterized=len(different) > 2000,
    )  # fmt: skip
    most = 1.12 * float(known.max())
    axes.plot([0, most], [0, most], ":", color=SERIES[7], linewidth=1.0)
    axes.set_xlim(0, most)
    axes.set_ylim(0, most)
    for axis in (axes.xaxis, axes.yaxis):
        count_axis(axis)
    name_axes(axes, "width (pixels)", "height (pixels)")
    return figure
