"""Hard-negative mining, round by round."""

from collections.abc import Mapping, Sequence
from typing import Any

from foveal.report.figures import Figure
from foveal.report.figures.axes import add_legend, count_axis, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import (
    CLASSES,
    FULL_WIDTH,
    MOST_CLASSES,
    MUTED,
    SERIES,
    largest,
    new_figure,
)
from foveal.report.wording import shorten


def draw_mining(rounds: Sequence[Mapping[str, Any]]) -> Figure:
    """Negatives in training, and false positives added to them, by round and class.

    Parameters
    ----------
    rounds : sequence of mappings
        One a class and round, with ``label`` (the class's name), ``round``, ``negatives`` and
        ``added``: the ``mining_round`` events of a training log.

    Returns
    -------
    matplotlib.figure.Figure
        Two panels. With more classes than there are colours, each class is a thin grey line and the
        coloured line is their mean; with more than 20, only the 20 with the most negatives.

    Examples
    --------
    >>> log = [{"label": "cat", "round": r, "negatives": 100 + 10 * r, "added": 50 >> r} for r in range(3)]
    >>> len(draw_mining(log).axes)
    2
    """
    names = list(dict.fromkeys(str(row["label"]) for row in rounds))
    if not names:
        return say_instead("No round of mining was logged.", FULL_WIDTH, 3.0)
    figure = new_figure(FULL_WIDTH, 3.0)
    by_class = {
        n: sorted((r for r in rounds if str(r["label"]) == n), key=lambda r: r["round"]) for n in names
    }
    shown = [names[i] for i in largest([by_class[n][-1].get("negatives", 0) for n in names])]
    few = len(shown) <= len(CLASSES)
    panels = (("negatives", "negative regions in training"), ("added", "false positives added"))
    for column, (key, title) in enumerate(panels, start=1):
        axes = new_axes(figure, (1, 2, column))
        totals: dict[int, list[float]] = {}
        for i, name in enumerate(shown):
            x = [int(r["round"]) for r in by_class[name]]
            y = [float(r.get(key, 0)) for r in by_class[name]]
            for at, value in zip(x, y, strict=True):
                totals.setdefault(at, []).append(value)
            if few:
                axes.plot(x, y, "o-", color=CLASSES[i], linewidth=1.8, markersize=4, label=shorten(name, 18))
            else:
                axes.plot(x, y, "-", color=MUTED, alpha=0.35, linewidth=1)
        if not few:
            rounds_seen = sorted(totals)
            means = [sum(totals[r]) / len(totals[r]) for r in rounds_seen]
            axes.plot(rounds_seen, means, "o-", color=SERIES[0], linewidth=2.2, markersize=4, label="mean")
        axes.set_xticks(sorted(totals))
        axes.set_ylim(bottom=0)
        count_axis(axes.yaxis)
        if column == 1 and len(shown) < len(names):
            title += f" ({MOST_CLASSES} of {len(names)} classes)"
        name_axes(axes, "round", "regions (number)", title)
        if column == 2 or not few:
            add_legend(axes, columns=1 if len(shown) <= 4 or not few else 2)
    return figure
