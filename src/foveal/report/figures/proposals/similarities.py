"""How alike the regions were that selective search joined, and how large what it made."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.proposals import Hierarchy
from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, log_axis, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import FULL_WIDTH, SERIES, STYLES, new_figure

_MOST = 4


def draw_similarities(hierarchies: Sequence[Hierarchy]) -> Figure:
    """Similarity of the joined regions, and size of the made ones, as the regions become fewer.

    Parameters
    ----------
    hierarchies : sequence of Hierarchy
        Of one image; the first four are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        Left, the similarity divided by the number of measures that it sums: dots are the joinings of the
        first hierarchy, lines the running medians of each. Right, the share of the image that each made
        region takes (dots), and the largest so far (lines). Time runs to the right: the axes below count the
        regions that are left, falling, on a logarithmic scale.

    Examples
    --------
    >>> from foveal.proposals import SelectiveSearch
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> image[:, 15:] = 255
    >>> trees = SelectiveSearch("fast", sigma=0).propose(image).hierarchy
    >>> [axes.get_ylabel() for axes in draw_similarities(trees).axes]
    ['similarity (mean of the measures, 0 to 1)', 'size (share of the image)']
    """
    shown = [h for h in hierarchies if h.number > 1][:_MOST]
    if not shown:
        return say_instead("There is one region: nothing was joined.", FULL_WIDTH, 3.5)
    figure = new_figure(FULL_WIDTH, 3.5)
    panels = new_axes(figure, (1, 2, 1)), new_axes(figure, (1, 2, 2))
    for i, hierarchy in enumerate(shown):
        left = np.arange(hierarchy.number - 1, 0, -1)
        means = hierarchy.similarities / len(hierarchy.strategy.similarities)
        shares = hierarchy.sizes[hierarchy.number :] / hierarchy.labels.size
        lines = _running_median(means), np.maximum.accumulate(shares)
        for axes, dots, line in zip(panels, (means, shares), lines, strict=True):
            if i == 0:
                axes.plot(left, dots, ".", color=SERIES[0], markersize=3.5, alpha=0.45)
            look: Any = {"color": SERIES[i], "linestyle": STYLES[i], "linewidth": 1.8}
            axes.plot(left, line, label=name_strategy(hierarchy), **look)
    most = max(h.number for h in shown)
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if t <= most]
    for axes in panels:
        log_axis(axes)
        axes.set_xlim(most * 1.12, 0.9)
        axes.set_xticks(ticks, [f"{t:,}" for t in ticks])
        axes.minorticks_off()
    panels[0].set_ylim(0, 1.03)
    panels[1].set_yscale("log")
    panels[1].minorticks_off()
    panels[1].yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    x = "regions left (log scale; time runs to the right)"
    name_axes(panels[0], x, "similarity (mean of the measures, 0 to 1)", "How alike the joined regions were")
    name_axes(panels[1], x, "size (share of the image)", "How large what they made is")
    add_legend(panels[0], location="lower left")
    return figure


def name_strategy(hierarchy: Hierarchy) -> str:
    """A strategy in few words: ``"hsv, k = 50, CTSF"``."""
    strategy = hierarchy.strategy
    return f"{strategy.color_space}, k = {strategy.k:g}, {strategy.similarities}"


def _running_median(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Medians over windows that shrink towards the end, where single joinings matter."""
    number = len(values)
    medians = np.empty(number)
    for i in range(number):
        # The axis is logarithmic in what is left: so is the window.
        half = min((number - i) // 6, i)
        medians[i] = np.median(values[i - half : i + half + 1])
    return medians
