"""How many examples of each class the parts of a data set hold."""

from collections.abc import Mapping, Sequence

from foveal.report.figures import Figure
from foveal.report.figures.axes import (
    add_legend,
    count_axis,
    name_axes,
    name_rows,
    new_axes,
    say_instead,
    write_beside,
)
from foveal.report.figures.canvas import FULL_WIDTH, MOST_CLASSES, SERIES, TEXT_SIZE, largest, new_figure


def draw_class_balance(
    counts: Mapping[str, Sequence[int]], classes: Sequence[str], *, unit: str = "objects"
) -> Figure:
    """Horizontal bars: the examples of each class, one bar for each part.

    Parameters
    ----------
    counts : mapping of str to sequence of K int
        For each part of the data set (``"train"``, ``"test"``) the number of examples of each class.
    classes : sequence of K str
    unit : str
        What is counted.

    Returns
    -------
    matplotlib.figure.Figure
        With more than 20 classes, the 20 with the most examples.

    Examples
    --------
    >>> figure = draw_class_balance({"train": [8, 3], "test": [2, 1]}, ["cat", "dog"])
    >>> [round(bar.get_width()) for bar in figure.axes[0].patches]
    [8, 3, 2, 1]
    """
    shown = largest([sum(part[k] for part in counts.values()) for k in range(len(classes))])
    bar = 0.8 / max(1, len(counts))
    height = max(1.6, 1.1 + len(shown) * max(0.3, 0.17 * len(counts)))
    if not shown or not counts:
        return say_instead("No class has an example.", FULL_WIDTH, height)
    figure = new_figure(FULL_WIDTH, height)
    axes = new_axes(figure, grid="x")
    for i, (name, part) in enumerate(counts.items()):
        heights = [row - 0.4 + bar * (i + 0.5) for row in range(len(shown))]
        values = [int(part[k]) for k in shown]
        axes.barh(heights, values, bar * 0.88, color=SERIES[i % len(SERIES)], label=name, linewidth=0)
        for y, value in zip(heights, values, strict=True):
            write_beside(axes, f"{value:,}", value, y, size=TEXT_SIZE - 1.5)
    name_rows(axes, [classes[k] for k in shown])
    axes.set_xlim(0, 1.08 * max(1, *(part[k] for k in shown for part in counts.values())))
    count_axis(axes.xaxis)
    most = f"The {MOST_CLASSES} classes with the most {unit}, of {len(classes)}"
    name_axes(axes, f"{unit} (number)", title=most if len(shown) < len(classes) else "")
    if len(counts) > 1:
        add_legend(
            axes, columns=len(counts), location="lower right", bbox_to_anchor=(1, 1), frameon=False,
            handlelength=1.2, borderpad=0.2, columnspacing=1.4,
        )  # fmt: skip
    return figure
