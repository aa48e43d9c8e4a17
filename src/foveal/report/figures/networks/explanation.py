"""Why a picture was named what it was named: the picture, and maps over it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    MUTED,
    SERIES,
    TEXT_SIZE,
    name_axes,
    new_axes,
    new_figure,
    shorten,
)
from foveal.report.figures.networks.overlays import overlay_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
) -> "Figure":
    """A picture, beside it each map laid over it, and how probable the classes are.

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
        axes = new_axes(figure, (1, columns, i + 1), grid=None)
        axes.imshow(shown, interpolation="nearest" if i == 0 else "bilinear")
        axes.set_axis_off()
        name_axes(axes, title=name)
    if probabilities:
        order = sorted(probabilities, key=lambda name: -probabilities[name])
        named = order[:_MOST_CLASSES]
        if label in probabilities and label not in named:
            named[-1] = label
        axes = new_axes(figure, (1, columns, columns), grid=None)
        numbers = [probabilities[name] for name in named]
        colors = [SERIES[0] if name == label else MUTED for name in named]
        places = np.arange(len(named))
        axes.barh(places, numbers, height=0.62, color=colors)
        axes.set_yticks(places, [shorten(name, 14) for name in named], parse_math=False)
        axes.set_ylim(max(len(named), 3) - 0.5, -0.5)
        axes.set_xlim(0, 1.25)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        for place, number in enumerate(numbers):
            axes.text(number + 0.03, place, f"{number:.2f}", color=INK, fontsize=TEXT_SIZE - 0.5, va="center")
        name_axes(axes, title="probability")
    return figure
