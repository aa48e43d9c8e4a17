"""How many examples of each class the parts of a data set hold."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    MOST_CLASSES,
    SERIES,
    TEXT_SIZE,
    largest,
    name_axes,
    new_axes,
    new_figure,
    say_instead,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_class_balance(
    counts: Mapping[str, Sequence[int]], classes: Sequence[str], *, unit: str = "objects"
) -> "Figure":
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
    figure = new_figure(FULL_WIDTH, max(1.6, 1.1 + len(shown) * max(0.3, 0.17 * len(counts))))
    axes = new_axes(figure, grid="x")
    if not shown or not counts:
        say_instead(axes, "No class has an example.")
        return figure
    longest = max(max((part[k] for k in shown), default=0) for part in counts.values())
    for i, (name, part) in enumerate(counts.items()):
        heights = [row - 0.4 + bar * (i + 0.5) for row in range(len(shown))]
        values = [int(part[k]) for k in shown]
        axes.barh(heights, values, bar * 0.88, color=SERIES[i % len(SERIES)], label=name, linewidth=0)
        for y, value in zip(heights, values, strict=True):
            axes.annotate(
                f"{value:,}", (value, y), (4, 0), textcoords="offset points", va="center", color=INK,
                fontsize=TEXT_SIZE - 1.5,
            )  # fmt: skip
    axes.set_yticks(
        range(len(shown)),
        [shorten(classes[k]) for k in shown],
        parse_math=False,
        color=INK,
        fontsize=TEXT_SIZE,
    )
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, max(1, longest) * 1.08)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.4g}" if value < 1000 else f"{value:,.0f}")
    name_axes(axes, f"{unit} (number)")
    if len(shown) < len(classes):
        axes.set_title(
            f"The {MOST_CLASSES} classes with the most {unit}, of {len(classes)}",
            loc="left", fontsize=TEXT_SIZE, color=INK,
        )  # fmt: skip
    if len(counts) > 1:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=len(counts), fontsize=TEXT_SIZE - 0.5,
            labelcolor=INK, frameon=False, handlelength=1.2, borderpad=0.2, columnspacing=1.4,
        )  # fmt: skip
    return figure
