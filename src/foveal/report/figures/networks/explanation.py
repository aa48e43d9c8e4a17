"""What speaks for an answer: maps laid over the images that they are about, and probabilities."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images import resize, resize_to_fit
from foveal.report.figures import Figure
from foveal.report.figures.axes import draw_bars, name_axes, new_axes
from foveal.report.figures.canvas import FULL_WIDTH, INK, MUTED, SERIES, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import show_pixels
from foveal.report.wording import shorten

# Classes whose probabilities are drawn.
_MOST_CLASSES = 6
# How much of the image is left where a map is strongest.
_STRONGEST = 0.8
# Smaller images are enlarged, so that a smooth map stays smooth.
_LEAST_SIDE = 224
_LONGEST_SIDE = 640


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
        words = [f"{number:.2f}" for number in numbers]
        draw_bars(axes, named, numbers, words, colors=colors, thickness=0.62, longest=14)
        # Below fewer rows there is room.
        axes.set_ylim(max(len(named), 3) - 0.5, -0.5)
        axes.set_xlim(0, 1.25)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        name_axes(axes, title="probability")
    return figure


def overlay_map(image: NDArray[np.uint8], values: ArrayLike) -> NDArray[np.uint8]:
    """An image in grey with a map in colour over it: nothing where it is 0, opaque where it is strongest.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    values : array-like of shape (h, w)
        Of any size, stretched over the image. Where none is below 0 it goes from dark red to yellow; else
        what is above 0 is red and what is below is blue. What is no finite number counts as 0.

    Returns
    -------
    ndarray of shape (H', W', 3), uint8
        The image's size; images whose longer side is below 224 pixels are enlarged by a whole factor,
        those above 640 are made smaller.

    Raises
    ------
    ValueError
        If the shapes are others.

    Examples
    --------
    >>> shown = overlay_map(np.full((40, 80, 3), 100, np.uint8), [[0.0, 1.0]])
    >>> shown.shape, shown[0, 0].tolist()
    ((120, 240, 3), [143, 143, 143])
    """
    from matplotlib import colormaps

    numbers = np.asarray(values, np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image must have the shape (H, W, 3); it has {image.shape}.")
    if numbers.ndim != 2 or numbers.size == 0:
        raise ValueError(f"values must have the shape (h, w); they have {numbers.shape}.")
    large = _shown(image)
    height, width = large.shape[:2]
    numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    spread = np.asarray(resize(numbers[..., None], (height, width)), np.float32).reshape(height, width)
    strongest = float(np.abs(numbers).max())
    strength = np.clip(spread / strongest, -1, 1) if strongest > 0 else np.zeros_like(spread)
    if numbers.min() < 0:
        colors = colormaps["coolwarm"](0.5 + 0.5 * np.sign(strength))[..., :3]
    else:
        colors = colormaps["inferno"](0.25 + 0.7 * strength)[..., :3]
    opaque = (_STRONGEST * np.abs(strength) ** 0.8)[..., None]
    # Paler, so that colours stand out against dark images and bright ones.
    grey = 0.28 + 0.72 * (large @ np.array([0.299, 0.587, 0.114]))[..., None] / 255
    return np.asarray(np.rint(255 * ((1 - opaque) * grey + opaque * colors)), np.uint8)


def beside(image: NDArray[np.uint8], *shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image and what :func:`overlay_map` made of it, side by side with a white gap.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    *shown : ndarrays of one shape, (H', W', 3), uint8

    Returns
    -------
    ndarray of shape (H', _, 3), uint8
    """
    first = _shown(image)
    gap = np.full((first.shape[0], max(2, first.shape[1] // 40), 3), 255, np.uint8)
    parts = [first]
    for other in shown:
        parts += [gap, other]
    return np.concatenate(parts, axis=1)


def _shown(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The image at the size at which it is looked at."""
    factor = -(-_LEAST_SIDE // max(image.shape[:2]))
    if factor > 1:
        return image.repeat(factor, axis=0).repeat(factor, axis=1)
    return np.asarray(resize_to_fit(image, _LONGEST_SIDE)[0])
