"""What a layer has made of an image, and what the first layer looks for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures import Figure
from foveal.report.figures.axes import say_instead
from foveal.report.figures.canvas import FULL_WIDTH, INK, MUTED, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import add_color_bar, arrange, show_pixels
from foveal.wording import count

_TITLE = 0.42
# Of filters with many input channels.
_MOST_CHANNELS = 16


def draw_feature_maps(
    maps: ArrayLike, *, title: str = "", names: Sequence[str] = (), most: int = 32, columns: int = 8
) -> Figure:
    """The channels of a layer's output as images, all on one scale.

    Parameters
    ----------
    maps : array-like of shape (H, W, C)
        One image's output of any layer.
    title : str, optional
        By default how many channels there are, and their size.
    names : sequence of str, optional
        Written above each; by default its number.
    most : int, default=32
        So many channels are shown, those with the largest standard deviation, in their order.
    columns : int, default=8

    Returns
    -------
    matplotlib.figure.Figure
        From dark for the smallest number to bright for the largest where none is below 0; else red above 0
        and blue below.

    Raises
    ------
    ValueError
        If maps is not (H, W, C), or there are names, but not one for each channel.

    Examples
    --------
    >>> figure = draw_feature_maps(np.zeros((8, 6, 3)))
    >>> figure.get_suptitle(), [axes.get_title() for axes in figure.axes[:3]]
    ('3 channels of 8 × 6', ['0', '1', '2'])
    """
    maps = np.asarray(maps)
    if maps.ndim != 3:
        raise ValueError(
            f"maps must have the shape (H, W, C), one image without its batch; it has {maps.shape}."
        )
    height, width, number = maps.shape
    if names and len(names) != number:
        raise ValueError(f"There are {number} channels and {len(names)} names.")
    if maps.size == 0:
        return say_instead("There are no feature maps.")
    shown = list(range(number))
    if number > most:
        shown = sorted(np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:most].tolist())
    if not title:
        title = f"{count(number, 'channel')} of {height} × {width}"
        title = title if number <= most else f"The {most} liveliest of {title}"
    values = maps.astype(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    signed = low < 0
    limits = (-max(-low, high), max(-low, high)) if signed else (0.0, high or 1.0)
    tiles = [(names[k] if names else str(k), values[..., k]) for k in shown]
    return _draw_tiles(tiles, title, columns, "RdBu_r" if signed else "viridis", limits, "activation")


def draw_first_layer_filters(
    weights: ArrayLike, *, title: str = "", most: int = 64, columns: int = 8
) -> Figure:
    """The kernels of a first convolution as small images: what it looks for.

    Parameters
    ----------
    weights : array-like of shape (O, I, kh, kw)
        :class:`foveal.nn.Conv2d`'s ``weight.data``.
    title : str, optional
        By default how many filters there are, and their size.
    most : int, default=64
        The first so many filters are shown.
    columns : int, default=8
        Of tiles, where a filter is one tile.

    Returns
    -------
    matplotlib.figure.Figure
        All on one symmetrical scale, on which 0 is the middle grey. With three input channels each filter is
        one tile in RGB; with one channel in grey; with another number a row of grey tiles, one for each of
        the first 16 channels.

    Raises
    ------
    ValueError
        If weights is not (O, I, kh, kw).

    Examples
    --------
    >>> figure = draw_first_layer_filters(np.zeros((4, 3, 5, 5)))
    >>> figure.get_suptitle(), figure.axes[0].images[0].get_array().shape
    ('4 filters of 5 × 5, middle grey is 0', (5, 5, 3))
    """
    weights = np.asarray(weights)
    if weights.ndim != 4:
        raise ValueError(f"weights must have the shape (O, I, kh, kw); it has {weights.shape}.")
    outputs, inputs, height, width = weights.shape
    if weights.size == 0:
        return say_instead("There are no filters.")
    if not title:
        first = f"The first {most} of " if outputs > most else ""
        title = f"{first}{count(outputs, 'filter')} of {height} × {width}, middle grey is 0"
    values = weights[:most].astype(np.float64)
    strongest = float(np.abs(values).max()) or 1.0
    limits = (-strongest, strongest)
    if inputs == 3:
        colors = 0.5 + values.transpose(0, 2, 3, 1) / (2 * strongest)
        return _draw_tiles([(str(k), tile) for k, tile in enumerate(colors)], title, columns, "gray", limits)
    if inputs == 1:
        tiles = [(str(k), tile) for k, tile in enumerate(values[:, 0])]
        return _draw_tiles(tiles, title, columns, "gray", limits, "weight")
    channels = min(inputs, _MOST_CHANNELS)
    tiles = [
        (f"{o}, {i}", values[o, i]) for o in range(min(len(values), _MOST_CHANNELS)) for i in range(channels)
    ]
    return _draw_tiles(tiles, f"{title} (output, input channel)", channels, "gray", limits, "weight")


def _draw_tiles(
    tiles: Sequence[tuple[str, NDArray[Any]]],
    title: str,
    columns: int,
    colors: str,
    limits: tuple[float, float],
    scale: str = "",
) -> Figure:
    """Images in rows, named above, with one colour bar at the right."""
    rows, columns = arrange(len(tiles), columns)
    height, width = tiles[0][1].shape[:2]
    # Few tiles do not become giants, nor do tall ones leave the page.
    panel = min((FULL_WIDTH - 0.8) / columns, 1.5)
    tall = min(panel * height / width, 2 * panel)
    figure = new_figure(max(columns * panel + 0.9, 3.4), rows * (tall + 0.24) + _TITLE)
    figure.suptitle(title, color=INK, fontsize=TEXT_SIZE + 0.5, x=0.02, ha="left", parse_math=False)
    look: dict[str, Any] = {"cmap": colors, "vmin": limits[0], "vmax": limits[1], "interpolation": "nearest"}
    look |= {"color": MUTED, "size": TEXT_SIZE - 1.5, "pad": 2.0}
    panels = [
        show_pixels(figure, (rows, columns, i + 1), tile, name, **look)
        for i, (name, tile) in enumerate(tiles)
    ]
    if scale:
        add_color_bar(figure, panels, colors, *limits, scale, fraction=0.06, aspect=18)
    return figure
