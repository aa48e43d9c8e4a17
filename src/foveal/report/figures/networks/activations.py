"""Activations and their derivatives as curves."""

from collections.abc import Mapping

import numpy as np

from foveal.nn.module import Module
from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, MUTED, SERIES, new_figure
from foveal.report.figures.image_panel import arrange

_COLUMNS = 4
_NAMES = ("ReLU", "ReLU6", "LeakyReLU", "Sigmoid", "Tanh", "GELU", "SiLU")


def draw_activations(
    layers: Mapping[str, Module] | None = None, *, between: tuple[float, float] = (-5.0, 7.0)
) -> Figure:
    """What activations do to a number, and with what factor they pass its gradient on.

    Parameters
    ----------
    layers : mapping of str to Module, optional
        Layers that work on each number by itself, by name; by default all that :mod:`foveal.nn` has. The
        derivatives are those of their backward passes.
    between : (float, float), default=(-5.0, 7.0)
        The smallest and the largest number; past 6, ReLU6 is flat.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``between`` is not a smaller number and a larger one.

    Examples
    --------
    >>> from foveal import nn
    >>> figure = draw_activations({"ReLU": nn.ReLU()})
    >>> value, slope = figure.axes[0].lines[:2]
    >>> value.get_ydata()[[0, -1]].tolist(), slope.get_ydata()[[0, -1]].tolist()
    ([0.0, 7.0], [0.0, 1.0])
    """
    from foveal import nn

    low, high = between
    if not low < high:
        raise ValueError(f"between must be a smaller and a larger number, not {between}.")
    if layers is None:
        layers = {name: getattr(nn, name)() for name in _NAMES}
    if not layers:
        return say_instead("There are no activations.")
    rows, columns = arrange(len(layers), _COLUMNS)
    figure = new_figure(max(FULL_WIDTH * columns / _COLUMNS, 3.2), 2.3 * rows + 0.35)
    x = np.linspace(low, high, 601)
    for i, (name, layer) in enumerate(layers.items()):
        value, slope = layer(x), layer.backward(np.ones_like(x))
        slope = np.zeros_like(x) if slope is None else slope
        # A jump is no slope: the line is broken there.
        jumps = np.flatnonzero(np.abs(np.diff(slope)) > 0.3)
        places, broken = np.insert(x, jumps + 1, x[jumps]), np.insert(slope, jumps + 1, np.nan)
        axes = new_axes(figure, (rows, columns, i + 1))
        axes.plot(x, value, color=SERIES[0], linewidth=2.0, label="value")
        dashes = (0, (4, 2))
        axes.plot(places, broken, color=SERIES[1], linewidth=1.8, linestyle=dashes, label="derivative")
        axes.axhline(0, color=MUTED, linewidth=0.7)
        axes.axvline(0, color=MUTED, linewidth=0.7)
        axes.set_xlim(low, high)
        lowest = i + columns >= len(layers)
        name_axes(axes, "input" if lowest else "", "" if i % columns else "output", name)
        if i == 0:
            add_legend(axes, location="upper left")
    return figure
