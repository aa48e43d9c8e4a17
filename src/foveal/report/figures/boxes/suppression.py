"""Proposals before and after non-maximum suppression."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images.arrays import check_image
from foveal.report.figures import Figure, image_panel
from foveal.report.figures.canvas import FULL_WIDTH, new_figure
from foveal.wording import count

_COLORS = "plasma"


def draw_suppression(
    image: NDArray[np.uint8],
    boxes: ArrayLike,
    scores: ArrayLike,
    kept: ArrayLike,
    *,
    objects: ArrayLike = (),
    threshold: float | None = None,
    most: int = 100,
) -> Figure:
    """Boxes before and after non-maximum suppression, side by side, coloured by their scores.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    boxes : array-like of shape (N, 4)
        Before the suppression.
    scores : array-like of shape (N,)
    kept : array-like of shape (K,), int
        Rows of ``boxes`` that were kept, as :func:`foveal.boxes.nms` gives them.
    objects : array-like of shape (M, 4), optional
        Ground truth, drawn in dashed white.
    threshold : float, optional
        The IoU above which the worse box was dropped, for the title.
    most : int, default=100
        How many boxes are drawn on each side, the best.

    Returns
    -------
    matplotlib.figure.Figure
        With one panel where all boxes were kept and no threshold is given.

    Raises
    ------
    ValueError
        If there is not one score a box, or ``kept`` names other rows.

    Examples
    --------
    >>> from foveal.boxes import nms
    >>> boxes, scores = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], [0.5, 0.9, 0.7]
    >>> figure = draw_suppression(np.zeros((20, 40, 3), np.uint8), boxes, scores, nms(boxes, scores))
    >>> [axes.get_title(loc="left") for axes in figure.axes[:2]]
    ['before: 3 boxes', 'after: 2 boxes']
    """
    image = check_image(image)
    rows, values = np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(scores, np.float64).ravel()
    stays = np.asarray(kept, np.int64).ravel()
    image_panel.check_one_each("score", values, "box", len(rows))
    if len(stays) and not 0 <= stays.min() <= stays.max() < len(rows):
        raise ValueError(f"kept must be rows of the {len(rows)} boxes.")
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    low = min(0.0, float(values.min(initial=0.0)))
    high = float(values.max(initial=low)) if len(values) else 1.0
    high = 1.0 if low == 0 and 0.5 < high <= 1 else high if high > low else low + 1.0
    norm = Normalize(low, high)
    each = (FULL_WIDTH - 0.7) / 2
    drops = f" (IoU > {threshold:g} drops)" if threshold is not None else ""
    sides = [("before", np.arange(len(rows))), ("after" + drops, stays)]
    if threshold is None and len(stays) == len(rows):
        sides = [("all", stays)]
    tall = image_panel.panel_height(image.shape, each)
    figure = new_figure(FULL_WIDTH if len(sides) == 2 else each + 0.7, tall)
    panels = []
    for i, (name, which) in enumerate(sides):
        order = which[np.argsort(-values[which], kind="stable")]
        drawn = order[:most]
        title = f"{name}: {count(len(order), 'box', 'boxes')}"
        if len(drawn) < len(order):
            title += f", the best {len(drawn)} drawn"
        axes = image_panel.show_image(figure, (1, len(sides), i + 1), image, title, pale=0.15, grey=True)
        # The best lie above.
        colors = colormaps[_COLORS](norm(values[drawn[::-1]]))
        image_panel.outline_boxes(
            axes, rows[drawn[::-1]], colors, width=1.0 if len(drawn) > 40 else 1.6, halo=False
        )
        image_panel.outline_boxes(axes, objects, "#ffffff", width=1.6, dashed=True)
        panels.append(axes)
    image_panel.add_color_bar(figure, panels, _COLORS, low, high, "score", fraction=0.03)
    return figure
