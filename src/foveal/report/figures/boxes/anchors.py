"""Anchors over an image: what a region proposal network begins with, and which of them are foreground."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import IGNORE, Matches, iou
from foveal.images.arrays import check_image
from foveal.report.figures import Axes, Figure, image_panel
from foveal.report.figures.axes import add_legend, count_axis, mark_x, name_axes, new_axes, say_instead
from foveal.report.figures.canvas import CLASSES, FULL_WIDTH, MUTED, SERIES, new_figure
from foveal.report.wording import shorten
from foveal.wording import count

# So many boxes that count neither way, or are background, are drawn: more would hide the image.
_FEW = 24
_MOST_OBJECTS = 6
# Levels side by side; more go into a further row.
_MOST_COLUMNS = 4
_IGNORED, _BACKGROUND = SERIES[4], SERIES[7]
# An object's name stands above its box, unless less than this share of the image is there.
_LABEL_ROOM = 0.06


def draw_anchors(
    image: NDArray[np.uint8],
    sizes: Sequence[ArrayLike],
    strides: Sequence[float],
    *,
    place: tuple[float, float] | None = None,
) -> Figure:
    """All anchors at one place of an image, one panel a level (Ren et al. 2015, figure 3).

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    sizes : sequence of array-like of shape (A_l, 2)
        Width and height of the anchors of each level, in the image's pixels.
    strides : sequence of float
        The distance of neighbouring places on each level, in the image's pixels.
    place : (float, float), optional
        x and y; the anchors of the nearest place of each level are drawn. By default the middle.

    Returns
    -------
    matplotlib.figure.Figure
        The places are drawn as dots, anchors of one ratio in one colour.

    Raises
    ------
    ValueError
        If there are not as many strides as sizes, or the image is not (H, W, 3) uint8.

    Examples
    --------
    >>> image = np.zeros((64, 96, 3), np.uint8)
    >>> figure = draw_anchors(image, [[[16, 16], [22.6, 11.3]], [[32, 32]]], [8, 16])
    >>> [axes.get_title(loc="left").splitlines()[0] for axes in figure.axes]
    ['stride 8 pixels', 'stride 16 pixels']
    """
    image = check_image(image)
    levels = [np.asarray(s, np.float64).reshape(-1, 2) for s in sizes]
    image_panel.check_one_each("stride", strides, "level", len(levels))
    if not levels:
        return say_instead("There are no levels.", FULL_WIDTH, 2.0)
    height, width = image.shape[:2]
    x, y = (width / 2, height / 2) if place is None else place
    lines, columns = image_panel.arrange(len(levels), _MOST_COLUMNS)
    drawn, views = [], []
    for anchors, stride in zip(levels, strides, strict=True):
        last = np.ceil([width / stride, height / stride]) - 1
        centre = (np.clip(np.floor(np.array([x, y]) / stride), 0, last) + 0.5) * stride
        boxes = np.concatenate([centre - anchors / 2, centre + anchors / 2], axis=1)
        drawn.append((centre, boxes))
        low = np.minimum(boxes[:, :2].min(axis=0, initial=0), 0) - 1
        high = np.maximum(boxes[:, 2:].max(axis=0, initial=0), (width, height)) + 1
        # Beyond the outermost line there is room for its width.
        room = 0.015 * (high - low)
        views.append((*(low - room).tolist(), *(high + room).tolist()))
    # Anchors that reach over the image make their panel taller: none shall push its title out.
    tallest = max(views, key=lambda view: (view[3] - view[1]) / (view[2] - view[0]))
    shape = tallest[3] - tallest[1], tallest[2] - tallest[0]
    narrow = columns == _MOST_COLUMNS
    panel = image_panel.panel_height(shape, FULL_WIDTH / columns) + (0.45 if narrow else 0.3)
    figure = new_figure(FULL_WIDTH, lines * panel + 0.45)
    ratios = _ratios(np.concatenate(levels))
    for i, (anchors, stride) in enumerate(zip(levels, strides, strict=True)):
        down, across = int(np.ceil(height / stride)), int(np.ceil(width / stride))
        kinds = f"{count(len(anchors), 'anchor')} at each of {count(down * across, 'place')}"
        title = f"stride {stride:.3g} pixels\n{kinds.replace(' of ', chr(10) + 'of ') if narrow else kinds}"
        axes = image_panel.show_image(figure, (lines, columns, i + 1), image, title, pale=0.35, grey=True)
        axes.set_anchor("N")
        at_x, at_y = np.meshgrid((np.arange(across) + 0.5) * stride, (np.arange(down) + 0.5) * stride)
        axes.plot(
            at_x.ravel(), at_y.ravel(), ".", color="#000000", markersize=min(2.4, 0.12 * stride), alpha=0.35,
            markeredgewidth=0, rasterized=True,
        )  # fmt: skip
        centre, boxes = drawn[i]
        nearest = [int(np.argmin([abs(np.log(r / (h / w))) for r in ratios])) for w, h in anchors]
        colors = [CLASSES[k % len(CLASSES)] for k in nearest]
        image_panel.outline_boxes(axes, boxes, colors, width=1.8)
        axes.plot(*centre, "o", color="#ffffff", markeredgecolor="#000000", markersize=4.5)
        image_panel.look_at(axes, *views[i])
    rows = [(CLASSES[i % len(CLASSES)], "-", f"height : width = {r:.2g}") for i, r in enumerate(ratios)]
    image_panel.add_rows(figure, rows, columns=4)
    return figure


def draw_anchor_matches(
    image: NDArray[np.uint8],
    anchors: ArrayLike,
    objects: ArrayLike,
    matches: Matches,
    *,
    names: Sequence[str] = (),
    foreground: float = 0.7,
    background: float = 0.3,
) -> Figure:
    """Which anchors are foreground, which count neither way, which are background, and why.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.
    anchors : array-like of shape (N, 4)
        In the image's pixels.
    objects : array-like of shape (M, 4)
        The ground truth.
    matches : Matches
        As :func:`foveal.boxes.match` gives them; those that were ignored for crossing the border are
        ``IGNORE`` there.
    names : sequence of str, of length M, optional
        What the objects are.
    foreground, background : float, default=0.7 and 0.3
        The thresholds that were used.

    Returns
    -------
    matplotlib.figure.Figure
        Three images: the foreground in the colour of its object, dashed where the anchor reaches no
        threshold and is only the object's best; those ignored, 24 at most, the nearest to being foreground
        (other reasons than an IoU between the thresholds: the anchor crosses the border, or lies on an
        object that is not counted); 24 of the background, evenly chosen. Below, how the IoU is distributed.

    Raises
    ------
    ValueError
        If the numbers of anchors, matches, objects and names do not agree.

    References
    ----------
    Ren, He, Girshick & Sun, "Faster R-CNN", NeurIPS 2015, section 3.1.2.

    Examples
    --------
    >>> from foveal.boxes import match
    >>> image, objects = np.zeros((40, 60, 3), np.uint8), [[5, 5, 25, 25]]
    >>> anchors = [[5, 5, 25, 25], [5, 5, 25, 15], [30, 10, 50, 30]]
    >>> matches = match(anchors, objects, foreground=0.7, background=0.3, force_best=True)
    >>> figure = draw_anchor_matches(image, anchors, objects, matches, names=["dog"])
    >>> [axes.get_title(loc="left").splitlines()[0] for axes in figure.axes[:3]]
    ['1 foreground', '1 ignored', '1 background']
    """
    image = check_image(image)
    boxes, truth = (np.asarray(b, np.float64).reshape(-1, 4) for b in (anchors, objects))
    if len(matches) != len(boxes) or (len(truth) and int(matches.indices.max(initial=-1)) >= len(truth)):
        raise ValueError(
            f"there are {len(boxes)} anchors and {len(truth)} objects, and {len(matches)} matches."
        )
    if names:
        image_panel.check_one_each("name", names, "object", len(truth))
    near = np.flatnonzero(matches.foreground)
    own = iou(boxes[near], truth[matches.indices[near]], elementwise=True)
    forced = own < foreground
    neither, away = np.flatnonzero(matches.indices == IGNORE), np.flatnonzero(matches.background)
    between = int((matches.ious[neither] >= background).sum())
    titles = (
        f"{len(near):,} foreground\nIoU ≥ {foreground:g}, or an object's best",
        f"{len(neither):,} ignored\n{between:,} between, {len(neither) - between:,} for other reasons",
        f"{len(away):,} background\nIoU < {background:g}",
    )
    tall = image_panel.panel_height(image.shape, FULL_WIDTH / 3) + 0.4
    said = [_say_object(k, names, own[matches.indices[near] == k], foreground) for k in range(len(truth))]
    rows = [(_color(k), "-", words) for k, words in enumerate(said[:_MOST_OBJECTS])]
    if len(said) > _MOST_OBJECTS:
        rows.append((MUTED, "-", f"and {len(said) - _MOST_OBJECTS} more objects"))
    below = 0.2 * -(-len(rows) // 2)
    figure = new_figure(FULL_WIDTH, tall + 1.95 + below)
    halves: Any = figure.subfigures(2, 1, height_ratios=[tall, 1.95 + below], facecolor="none")
    upper, lower = halves

    first, second, third = (
        image_panel.show_image(upper, (1, 3, i + 1), image, title, pale=0.25, grey=True)
        for i, title in enumerate(titles)
    )
    order = np.argsort(own)
    colors = np.array([_color(k) for k in matches.indices[near]], object)
    for dashed in (False, True):
        which = order[forced[order] == dashed]
        image_panel.outline_boxes(first, boxes[near[which]], list(colors[which]), width=1.5, dashed=dashed)
    shown = neither[np.argsort(-matches.ious[neither], kind="stable")[:_FEW]]
    image_panel.outline_boxes(second, boxes[shown[::-1]], _IGNORED, width=1.2, halo=False)
    spread = away[np.linspace(0, len(away) - 1, min(_FEW, len(away))).astype(int)]
    image_panel.outline_boxes(third, boxes[spread], _BACKGROUND, width=1.0, halo=False)
    for axes in (first, second, third):
        _frame_objects(axes, truth, names)
    _draw_overlaps(lower, matches, own, forced, near, foreground, background)
    image_panel.add_rows(lower, rows, columns=2)
    return figure


def _ratios(sizes: NDArray[np.float64]) -> list[float]:
    """The different ratios of height to width, rising; those within a tenth of each other are one."""
    found: list[float] = []
    for ratio in sorted(float(h / w) for w, h in sizes):
        if not found or ratio > 1.1 * found[-1]:
            found.append(ratio)
    return found


def _color(index: int) -> str:
    # Two of them are those of what is no foreground.
    colors = [c for c in CLASSES if c not in (_IGNORED, _BACKGROUND)]
    return colors[int(index) % len(colors)]


def _say_object(index: int, names: Sequence[str], own: NDArray[Any], foreground: float) -> str:
    name = shorten(names[index], 16) if names else f"object {index + 1}"
    if not len(own):
        return f"{name}: no anchor (not counted, or no overlap)"
    enough = own[own >= foreground]
    if not len(enough):
        return (
            f"{name}: only its best {'anchor' if len(own) == 1 else 'anchors'}, IoU {own.max():.2f} (dashed)"
        )
    span = f"{enough.min():.2f}" if len(enough) == 1 else f"{enough.min():.2f}–{enough.max():.2f}"
    more = len(own) - len(enough)
    also = f" ({more} more only as its best)" if more else ""
    return f"{name}: {count(len(enough), 'anchor')}, IoU {span}{also}"


def _frame_objects(axes: Axes, truth: NDArray[np.float64], names: Sequence[str]) -> None:
    image_panel.outline_boxes(axes, truth, "#ffffff", width=1.4)
    if len(truth) > _MOST_OBJECTS:
        return
    bottom = max(axes.get_ylim())
    for k, box in enumerate(truth):
        words = shorten(names[k], 14) if names else str(k + 1)
        # On the image's upper border it would cover the title.
        image_panel.label_place(
            axes, words, box[0], box[1], _color(k), below=bool(box[1] < _LABEL_ROOM * bottom)
        )


def _draw_overlaps(
    figure: Any,
    matches: Matches,
    own: NDArray[Any],
    forced: NDArray[np.bool_],
    near: NDArray[np.int64],
    foreground: float,
    background: float,
) -> None:
    axes = new_axes(figure, grid="y")
    best = np.asarray(matches.ious, np.float64).copy()
    best[near] = own
    edges = np.linspace(0, 1, 41)
    only_best = np.zeros(len(best), bool)
    only_best[near[forced]] = True
    parts = {
        "background": (best[matches.background], _BACKGROUND),
        "ignored": (best[matches.indices == IGNORE], _IGNORED),
        "foreground: an object's best": (best[only_best], SERIES[6]),
        "foreground: above the threshold": (best[matches.foreground & ~only_best], SERIES[0]),
    }
    for name, (values, color) in parts.items():
        if len(values):
            counts = np.histogram(values, edges)[0]
            drawn = counts > 0
            axes.bar(
                edges[:-1][drawn], counts[drawn], np.diff(edges)[drawn], align="edge", color=color,
                alpha=0.75, label=name, linewidth=0,
            )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.6)
    axes.minorticks_off()
    count_axis(axes.yaxis)
    axes.set_xlim(0, 1)
    for threshold in (background, foreground):
        mark_x(axes, threshold, f"{threshold:g}", shift=(3, -2))
    name_axes(axes, "best IoU with an object", "anchors (log scale)")
    add_legend(axes, location="upper right")
