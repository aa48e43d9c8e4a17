"""What the average precision is lost to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foveal.report.figures.canvas import (
    HALF_WIDTH,
    INK,
    SERIES,
    TEXT_SIZE,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EXPLAINED = {
    "Cls": "wrong class",
    "Loc": "badly placed",
    "Both": "wrong class, badly placed",
    "Dupe": "found twice",
    "Bkg": "nothing there",
    "Miss": "missed",
}


def draw_tide(losses: Mapping[str, float], *, width: float = HALF_WIDTH) -> "Figure":
    """The AP50 that mending each kind of error alone would win (Bolya et al. 2020, TIDE).

    Parameters
    ----------
    losses : mapping of str to float
        For each kind of error (``Cls``, ``Loc``, ``Both``, ``Dupe``, ``Bkg``, ``Miss``) the gain in
        AP50, from 0 to 1.
    width : float
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = draw_tide({"Loc": 0.12, "Miss": 0.3})
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['missed', 'badly placed']
    """
    names = sorted(losses, key=lambda name: -losses[name])
    figure = new_figure(width, max(1.5, 0.9 + 0.4 * len(names)))
    axes = new_axes(figure, grid="x")
    if not names:
        say_instead(axes, "No errors were counted.")
        return figure
    values = [100 * float(losses[name]) for name in names]
    axes.barh(range(len(names)), values, 0.62, color=SERIES[1], linewidth=0)
    for i, value in enumerate(values):
        axes.annotate(
            f"{value:.1f}", (max(value, 0), i), (4, 0), textcoords="offset points", va="center", color=INK,
            fontsize=TEXT_SIZE,
        )  # fmt: skip
    axes.set_yticks(
        range(len(names)),
        [_EXPLAINED.get(n, n) for n in names],
        parse_math=False,
        color=INK,
        fontsize=TEXT_SIZE,
    )
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(min(0.0, *values), max(1.0, *values) * 1.15)
    name_axes(axes, "AP50 lost (points of 100)")
    return figure
