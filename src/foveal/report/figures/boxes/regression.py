"""Boxes before and after their regression."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import iou
from foveal.images.arrays import check_image
from foveal.report.figures import Figure, image_panel
from foveal.report.figures.axes import say_instead
from foveal.report.figures.canvas import FULL_WIDTH, INK, SERIES, new_figure
from foveal.report.wording import shorten

_BEFORE, _AFTER = SERIES[1], SERIES[0]
# Around the boxes, as a share of their longer side.
_AROUND = 0.25


def draw_regression(
    image: NDArray[np.uint8],
    before: ArrayLike,
    after: ArrayLike,
    *,
    objects: ArrayLike = (),
    names: Sequence[str] = (),
    columns: int = 3,
) -> Figure:
    """What the regression makes of boxes: each proposal and its result, cut out of the image.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    before, after : array-like of shape (N, 4)
        Proposals, dashed, and what they became, solid; an arrow joins their centres.
    objects : array-like of shape (M, 4), optional
        Ground truth, in white; with each pair stands that which its result overlaps most, and the IoU of
        both with it.
    names : sequence of str, of length N, optional
        Written above the panels, such as class and score.
    columns : int, default=3

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If the numbers of boxes and names do not agree.

    Examples
    --------
    >>> image = np.zeros((60, 80, 3), np.uint8)
    >>> figure = draw_regression(image, [[10, 10, 30, 30]], [[14, 12, 38, 36]], objects=[[14, 12, 40, 36]])
    >>> figure.axes[0].get_title(loc="left")
    'IoU 0.39 → 0.92'
    """
    image = check_image(image)
    old, new = (np.asarray(b, np.float64).reshape(-1, 4) for b in (before, after))
    truth = np.asarray(objects, np.float64).reshape(-1, 4)
    image_panel.check_one_each("result", new, "proposal", len(old))
    image_panel.check_one_each("name", names or old, "box", len(old))
    if not len(old):
        return say_instead("There are no boxes.", FULL_WIDTH, 1.6)
    from matplotlib.patheffects import withStroke

    rows, columns = image_panel.arrange(len(old), columns)
    each = FULL_WIDTH / max(columns, 2)
    figure = new_figure(columns * each, rows * (0.8 * each + 0.4) + (0.55 if len(truth) else 0.35))
    overlaps = iou(new, truth)
    known = False
    for i, (was, becomes) in enumerate(zip(old, new, strict=True)):
        best = int(overlaps[i].argmax()) if len(truth) else -1
        its = truth[best : best + 1] if best >= 0 and overlaps[i, best] > 0 else truth[:0]
        known = known or bool(len(its))
        words = [shorten(names[i], 22)] if names else []
        if len(its):
            words.append(f"IoU {iou(was[None], its)[0, 0]:.2f} → {overlaps[i, best]:.2f}")
        elif len(truth):
            words.append("no object there")
        axes = image_panel.show_image(figure, (rows, columns, i + 1), image, ", ".join(words), pale=0.12)
        image_panel.outline_boxes(axes, its, "#ffffff", width=1.8)
        image_panel.outline_boxes(axes, was, _BEFORE, width=2.2, dashed=True)
        image_panel.outline_boxes(axes, becomes, _AFTER, width=2.4)
        start, end = (was[:2] + was[2:]) / 2, (becomes[:2] + becomes[2:]) / 2
        axes.plot(*start, "o", color=_BEFORE, markeredgecolor="#ffffff", markersize=5, zorder=6)
        seam = [withStroke(linewidth=3.2, foreground="#000000")]
        arrow = {"arrowstyle": "-|>", "color": "#ffffff", "linewidth": 1.4, "shrinkA": 1, "shrinkB": 1,
                 "path_effects": seam}  # fmt: skip
        axes.annotate("", tuple(end), tuple(start), arrowprops=arrow, zorder=7)
        axes.plot(*end, "o", color=_AFTER, markeredgecolor="#ffffff", markersize=3.6, zorder=8)
        image_panel.look_at(axes, *_part(np.concatenate([was[None], becomes[None], its]), each, 0.8 * each))
    lines = [(_BEFORE, "--", "before"), (_AFTER, "-", "after the regression")]
    # On a light page a white line is none.
    image_panel.add_rows(figure, lines, columns=3)
    if known:
        legend: Any = figure.legends[0]
        legend.set_title("white: the object", prop={"size": 8.5})
        legend.get_title().set_color(INK)
        legend.set_alignment("left")
    return figure


def _part(boxes: NDArray[np.float64], width: float, height: float) -> NDArray[np.float64]:
    """The part of the image that holds the boxes, in the shape of the panel: x1, y1, x2, y2."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    around = _AROUND * float(max(*(high - low), 4.0))
    low, high = low - around, high + around
    sides = high - low
    wanted = np.array([max(sides[0], sides[1] * width / height), max(sides[1], sides[0] * height / width)])
    return np.concatenate([(low + high - wanted) / 2, (low + high + wanted) / 2])
