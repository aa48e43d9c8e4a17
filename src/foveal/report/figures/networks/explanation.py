"""Why an image was named what it was named: the image, and maps over it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import draw_bars, name_axes, name_rows, new_axes
from foveal.report.figures.canvas import FULL_WIDTH, INK, MUTED, SERIES, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import show_pixels
from foveal.report.figures.networks.overlays import overlay_map
from foveal.report.wording import shorten

# Classes whose probabilities are drawn.
_MOST_CLASSES = 6


def draw_explanation(
    image: NDArray[np.uint8],
    maps: Mapping[str, ArrayLike],
    label: str,
    probability: float,
    *,
    probabilities: Mapping[str, float] | None = None,
    title: str = "",
) -> Figure:
    """An image, beside it each map laid over it, and how probable the classes are.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    maps : mapping of str to array-like of shape (h, w)
        By the names that are written above them; see :func:`foveal.report.overlay_map`.
    label : str
        The class that was asked about.
    probability : float
        What the classifier gives it.
    probabilities : mapping of str to float, optional
        Of all classes; the six most probable are drawn as bars, and the one that was asked about.
    title : str, optional
        Such as the name of the file.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> image = np.full((32, 32, 3), 90, np.uint8)
    >>> figure = draw_explanation(image, {"Grad-CAM": np.eye(4)}, "mug", 0.93)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['mug 0.93', 'Grad-CAM']
    """
    panels: dict[str, NDArray[np.uint8]] = {f"{shorten(label, 15)} {probability:.2f}": image}
    panels |= {name: overlay_map(image, values) for name, values in maps.items()}
    bars = bool(probabilities)
    columns = len(panels) + bars
    each = min(2.6, FULL_WIDTH / columns)
    tall = min(max(each * image.shape[0] / image.shape[1], 0.6 * each), 2 * each)
    figure = new_figure(columns * each, tall + (0.75 if title else 0.45))
    if title:
        figure.suptitle(shorten(title, 60), color=INK, fontsize=TEXT_SIZE + 0.5, x=0.02, ha="left",
                        parse_math=False)  # fmt: skip
    for i, (name, shown) in enumerate(panels.items()):
        look = "nearest" if i == 0 else "bilinear"
        name_axes(show_pixels(figure, (1, columns, i + 1), shown, interpolation=look), title=name)
    if probabilities:
        named = sorted(probabilities, key=lambda name: -probabilities[name])[:_MOST_CLASSES]
        if label in probabilities and label not in named:
            named[-1] = label
        axes = new_axes(figure, (1, columns, columns), grid=None)
        numbers = [probabilities[name] for name in named]
        colors = [SERIES[0] if name == label else MUTED for name in named]
        draw_bars(
            axes, named, numbers, [f"{number:.2f}" for number in numbers], colors=colors, thickness=0.62
        )
        name_rows(axes, named, longest=14, rows=3)
        axes.set_xlim(0, 1.25)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        name_axes(axes, title="probability")
    return figure
