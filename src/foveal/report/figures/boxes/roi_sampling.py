"""What RoIAlign reads off a map for a box, beside what RoIPool rounds it to."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.report.figures import Axes, Figure
from foveal.report.figures.axes import name_axes, new_axes
from foveal.report.figures.canvas import FULL_WIDTH, GRID, INK, MUTED, PAPER, SERIES, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import look_at
from foveal.report.figures.number_grid import MARK, MOST_CELLS, format_number
from foveal.wording import count

# Cells that are shown around the box.
_AROUND = 1.6
_BOX, _BINS = SERIES[1], SERIES[0]


def draw_roi_sampling(
    x: ArrayLike,
    box: ArrayLike,
    output_size: int = 7,
    *,
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    bin: tuple[int, int] | None = None,
    point: int = 0,
) -> Figure:
    """RoIAlign's sampling points for a box on the grid of its map, and RoIPool's whole cells beside them.

    Parameters
    ----------
    x : array-like of shape (H, W)
        One channel of a map, or the mean of several: shaded below, and read at the points.
    box : array-like of shape (4,)
        ``x1, y1, x2, y2``, half-open, in the image's pixels.
    output_size : int, default=7
    spatial_scale : float, default=1.0
        Cells of the map a pixel of the image: 1 / stride.
    sampling_ratio : int, default=2
        Points along each side of a bin.
    bin : (int, int), optional
        Row and column of the bin that is looked into; by default the middle one.
    point : int, default=0
        Which of its points is drawn with its four neighbours and their weights.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If ``bin`` or ``point`` is not there, or a shape or size is impossible.

    See Also
    --------
    foveal.nn.roi_align_steps, foveal.nn.roi_pool_steps : The same as data.

    References
    ----------
    He, Gkioxari, Dollár & Girshick, "Mask R-CNN", ICCV 2017, section 3 and figure 3. Girshick, "Fast
    R-CNN", ICCV 2015, section 2.1.

    Examples
    --------
    >>> x = np.arange(96.0).reshape(8, 12)
    >>> figure = draw_roi_sampling(x, [20, 18, 74, 50], 3, spatial_scale=1 / 8)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['RoIAlign: 3 × 3 bins, 2 × 2 points each', 'RoIPool: whole cells, the largest of each bin']
    """
    from foveal.nn.functional.roi_pool import covered_cells
    from foveal.nn.roi_walkthrough import roi_align_steps, roi_pool_steps

    x, corners = np.asarray(x, np.float64), np.asarray(box, np.float64)
    aligned = roi_align_steps(
        x, corners, output_size, spatial_scale=spatial_scale, sampling_ratio=sampling_ratio
    )
    pooled = roi_pool_steps(x, corners, output_size, spatial_scale=spatial_scale)
    row, column = (output_size // 2, output_size // 2) if bin is None else bin
    if not (0 <= row < output_size and 0 <= column < output_size):
        raise ValueError(f"bin is {bin}; there are {output_size} rows and columns.")
    if not 0 <= point < sampling_ratio**2:
        raise ValueError(f"point is {point}; there are {sampling_ratio**2} in a bin.")
    chosen = row * output_size + column
    scaled = corners * spatial_scale
    whole = covered_cells(corners[None], spatial_scale)[0].astype(np.float64)
    left, top = np.minimum(scaled[:2], whole[:2]) - _AROUND
    right, bottom = np.maximum(scaled[2:], whole[2:]) + _AROUND
    view = (left, top, right, bottom)
    tall = min(max(FULL_WIDTH / 2 * (bottom - top) / (right - left), 1.8), 5.0)
    figure = new_figure(FULL_WIDTH, tall + 0.95)
    points = f"{sampling_ratio} × {count(sampling_ratio, 'point')} each"
    titles = (
        f"RoIAlign: {output_size} × {output_size} bins, {points}",
        "RoIPool: whole cells, the largest of each bin",
    )
    said = _say_aligned(aligned[chosen], point), _say_pooled(pooled[chosen], scaled, whole)
    panels = [_show_map(figure, (1, 2, i + 1), x, view) for i in (0, 1)]
    _draw_aligned(panels[0], aligned, scaled, chosen, point, sampling_ratio, right - left)
    _draw_pooled(panels[1], pooled, scaled, whole, chosen)
    for axes, title, words in zip(panels, titles, said, strict=True):
        name_axes(axes, title=title)
        axes.set_xlabel(words, color=INK, fontsize=TEXT_SIZE - 1, labelpad=6)
    # Where the aspect makes the panels narrower, one round of the layout leaves the labels no room.
    figure.draw_without_rendering()
    return figure


def _show_map(
    figure: Figure, position: tuple[int, int, int], x: NDArray[np.float64], view: tuple[float, ...]
) -> Axes:
    """The map in pale grey with the lines between its cells."""
    axes = new_axes(figure, position, grid=None)
    left, top, right, bottom = view
    height, width = x.shape
    known = x[np.isfinite(x)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    shade = np.clip((np.nan_to_num(x) - low) / (high - low if high > low else 1.0), 0, 1)
    colors = np.zeros((height, width, 4))
    # Grey that lets the page through is readable on a light one and on a dark one.
    colors[..., :3], colors[..., 3] = 0.45, 0.55 * shade
    axes.imshow(colors, extent=(0, width, height, 0), interpolation="nearest")
    first, last = max(0, int(np.floor(left))), min(width, int(np.ceil(right)))
    upper, lower = max(0, int(np.floor(top))), min(height, int(np.ceil(bottom)))
    if max(last - first, lower - upper) <= 2 * MOST_CELLS:
        for j in range(first, last + 1):
            axes.plot([j, j], [upper, lower], color=GRID, linewidth=0.8, zorder=1.5)
        for i in range(upper, lower + 1):
            axes.plot([first, last], [i, i], color=GRID, linewidth=0.8, zorder=1.5)
    look_at(axes, left, top, right, bottom)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def _frame(axes: Axes, box: Any, color: str, width: float, style: str = "-", fill: float = 0.0) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    x1, y1, x2, y2 = (float(v) for v in box)
    axes.add_patch(
        Rectangle(
            (x1, y1), x2 - x1, y2 - y1, facecolor=to_rgba(color, fill) if fill else "none", edgecolor=color,
            linewidth=width, linestyle=style, zorder=3,
        )
    )  # fmt: skip


def _draw_aligned(
    axes: Axes, steps: Any, box: NDArray[np.float64], chosen: int, point: int, ratio: int, across: float
) -> None:
    for step in steps:
        _frame(axes, step.bin, _BINS, 0.7)
    points = np.concatenate([step.points for step in steps])
    dot = max(1.4, min(4.0, 60 / across / max(ratio, 1)))
    axes.plot(*points.T, "o", color=_BINS, markersize=dot, markeredgewidth=0, zorder=4)
    _frame(axes, box, _BOX, 2.2)
    step = steps[chosen]
    _frame(axes, step.bin, MARK, 1.8, fill=0.12)
    at = step.points[point]
    axes.plot(*at, "o", color=MARK, markersize=dot + 2.5, zorder=6)
    seen: dict[tuple[int, int], float] = {}
    for i, j, weight in zip(step.rows[point], step.columns[point], step.weights[point], strict=True):
        seen[int(i), int(j)] = seen.get((int(i), int(j)), 0.0) + float(weight)
    for (i, j), weight in seen.items():
        x, y = j + 0.5, i + 0.5
        axes.plot([at[0], x], [at[1], y], color=MARK, linewidth=0.8 + 2.2 * weight, zorder=5)
        axes.plot(x, y, "s", color=MARK, markersize=4, zorder=6)
        outward = (-1 if x < at[0] else 1, -1 if y < at[1] else 1)
        axes.annotate(
            f"{weight:.2f}", (x, y), (5 * outward[0], -6 * outward[1]), textcoords="offset points",
            fontsize=TEXT_SIZE - 1.5, color=MARK, ha="right" if outward[0] < 0 else "left", va="center",
            zorder=7,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip


def _draw_pooled(
    axes: Axes, steps: Any, box: NDArray[np.float64], whole: NDArray[np.float64], chosen: int
) -> None:
    for step in steps:
        if step.chosen is not None:
            _frame(axes, _cells(step), _BINS, 0.7)
    picked = {step.chosen for step in steps if step.chosen is not None}
    for i, j in sorted(picked):
        axes.plot(j + 0.5, i + 0.5, "s", color=_BINS, markersize=3.2, zorder=4)
    _frame(axes, box, _BOX, 2.2)
    _frame(axes, whole, MUTED, 1.8, "--")
    step = steps[chosen]
    if step.chosen is not None:
        _frame(axes, _cells(step), MARK, 1.8, fill=0.12)
        axes.plot(step.chosen[1] + 0.5, step.chosen[0] + 0.5, "s", color=MARK, markersize=5.5, zorder=6)


def _cells(step: Any) -> tuple[int, int, int, int]:
    return step.columns[0], step.rows[0], step.columns[-1] + 1, step.rows[-1] + 1


def _say_aligned(step: Any, point: int) -> str:
    at = step.points[point]
    listed = ", ".join(format_number(float(v), 2) for v in step.values[:4])
    more = "" if len(step.values) <= 4 else ", …"
    read = format_number(float(step.values[point]), 2)
    return (
        f"the map at ({at[0]:.2f}, {at[1]:.2f}) is {read}, weighted from "
        f"four cells;\nbin [{step.row}, {step.column}] is the mean of {listed}{more}: "
        f"{format_number(step.value, 2)}"
    )


def _say_pooled(step: Any, scaled: NDArray[np.float64], whole: NDArray[np.float64]) -> str:
    cells = f"{len(step.rows)} × {len(step.columns)} cells"
    moved = float(np.abs(scaled - whole).max())
    return (
        f"sides rounded to whole cells (dashed), by up to {moved:.2f} of a cell;\n"
        f"bin [{step.row}, {step.column}] is the largest of {cells}: {format_number(step.value, 2)}"
    )
