"""Pooling with all its numbers, and arrays on their way through a network."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from foveal.nn.functional.windows import Pair, pair
from foveal.nn.walkthrough import pooling_steps
from foveal.report.figures import Figure
from foveal.report.figures import number_grid as grid
from foveal.report.figures.canvas import FULL_WIDTH, MUTED


def draw_pooling(
    x: ArrayLike,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    *,
    kind: Literal["max", "average"] = "max",
    step: int | None = None,
) -> Figure:
    """What pooling keeps of an image.

    Parameters
    ----------
    x : array-like of shape (H, W)
        At most 64 × 64.
    kernel_size, stride, padding, kind
        As in :func:`foveal.nn.pooling_steps`.
    step : int, optional
        Which output is framed, with its window; below 0 from the end. By default all windows are framed,
        where they do not overlap. What max pooling chooses of a window is marked.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If x has another shape or is too large, a setting is none of those allowed, or there is no such step.

    Examples
    --------
    >>> figure = draw_pooling([[1, 5, 2, 0], [3, 4, 2, 2]], 2, step=0)
    >>> figure.axes[0].texts[-1].get_text()
    'output[0, 0] = the largest of 1, 5, 3, 4 = 5'
    """
    x = np.asarray(x)
    grid.check_cells(x, "x")
    steps = pooling_steps(x, kernel_size, stride, padding, kind=kind)
    if step is not None and not -len(steps) <= step < len(steps):
        raise ValueError(f"There are {len(steps)} steps, counted from 0; step is {step}.")
    output = np.array([s.value for s in steps]).reshape(steps[-1].row + 1, steps[-1].column + 1)
    over = pair(padding)
    rows, columns = x.shape[0] + 2 * over[0], x.shape[1] + 2 * over[1]
    size = (len(steps[0].rows), len(steps[0].columns))
    strides = kernel_size if stride is None else stride
    down, across = pair(strides)
    source = f"input {grid.shape_of(x)}" + grid.setting_of("padding", padding, 0)
    name = f"{kind} pooling {size[0]} × {size[1]}" + grid.setting_of("stride", strides, size)
    free = FULL_WIDTH - 2 * grid.MARGIN - grid.GAP
    cell = min(grid.LARGEST_CELL, free / (columns + output.shape[1]), 5.0 / rows)
    wide_in = max(columns * cell, grid.title_width(source))
    wide_out = max(output.shape[1] * cell, grid.title_width(name))
    width = 2 * grid.MARGIN + wide_in + grid.GAP + wide_out
    top = grid.MARGIN + grid.TITLE
    # A line of words stands below a step.
    height = top + rows * cell + (0.46 if step is not None else grid.MARGIN)
    sheet = grid.NumberSheet(max(width, 4.35 if step is not None else 0), height)

    right = grid.MARGIN + wide_in + grid.GAP
    sheet.write(source, grid.MARGIN, top - 0.16, align="left")
    sheet.write(name, right, top - 0.16, align="left")
    source_corner = left, upper = grid.MARGIN + over[1] * cell, top + over[0] * cell
    pixels = grid.looks_like_pixels(x)
    sheet.draw_padding(x, over, (grid.MARGIN, top), cell, "−∞" if kind == "max" else "0")
    sheet.draw(x, source_corner, cell, pixels=pixels)
    sheet.point_right(right - grid.GAP + 0.14, top + rows * cell / 2, grid.GAP - 0.28)
    strongest = 255.0 if x.dtype == np.uint8 else float(np.abs(x).max()) or None
    sheet.draw(output, (right, top), cell, pixels=pixels, strongest=strongest)
    if step is None and down >= size[0] and across >= size[1]:
        for s in steps:
            sheet.frame_cells(source_corner, cell, (s.rows[0], s.columns[0]), size, MUTED, 2.0)
    for s in steps if step is None else [steps[step]]:
        if s.chosen is not None and s.window.size > 1:
            inset = 0.1 * cell
            corner = (left + s.chosen[1] * cell + inset, upper + s.chosen[0] * cell + inset)
            sheet.frame((*corner, cell - 2 * inset, cell - 2 * inset), width=1.6)
    if step is not None:
        s = steps[step]
        sheet.frame_cells(source_corner, cell, (s.rows[0], s.columns[0]), size, width=2.8)
        sheet.frame_cells((right, top), cell, (s.row, s.column), width=2.8)
        listed = ", ".join(grid.format_number(float(v)) for v in s.window.ravel() if np.isfinite(v))
        what = "the largest" if kind == "max" else "the mean"
        value = grid.format_number(s.value)
        words = f"output[{s.row}, {s.column}] = {what} of {listed} = {value}"
        if len(words) > 90:
            words = f"output[{s.row}, {s.column}] = {what} of {s.window.size} numbers = {value}"
        sheet.write(words, grid.MARGIN, height - 0.2, align="left")
    return sheet.figure


def draw_stages(stages: Mapping[str, ArrayLike]) -> Figure:
    """Arrays side by side, with their numbers: an image on its way through the layers of a network.

    Parameters
    ----------
    stages : mapping of str to array-like of shape (H, W)
        In their order. The first is drawn in grey where nothing is below 0; all others in blue above 0 and
        orange below, each with the strongest colour for its own largest magnitude.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no stage, or one has another shape or is larger than 64 × 64.

    Examples
    --------
    >>> x = np.array([[1, -2], [3, 4]])
    >>> figure = draw_stages({"input": x, "ReLU": np.maximum(x, 0), "max pooling": [[4]]})
    >>> [text.get_text() for text in figure.axes[0].texts if len(text.get_text()) > 5]
    ['input, 2 × 2', 'ReLU, 2 × 2', 'max pooling, 1 × 1']
    """
    arrays = {name: np.asarray(values) for name, values in stages.items()}
    if not arrays:
        raise ValueError("There are no stages to draw.")
    for name, values in arrays.items():
        grid.check_cells(values, name)
    titles = {name: f"{name}, {grid.shape_of(v)}" for name, v in arrays.items()}
    least = [grid.title_width(title) for title in titles.values()]
    counts = [v.shape[1] for v in arrays.values()]
    free = FULL_WIDTH - 2 * grid.MARGIN - grid.GAP * (len(arrays) - 1)
    cell = grid.LARGEST_CELL
    while cell > 0.1 and sum(max(c * cell, w) for c, w in zip(counts, least, strict=True)) > free:
        cell -= 0.01
    rows = max(v.shape[0] for v in arrays.values())
    cell = min(cell, 5.0 / rows)
    wide = [max(c * cell, w) for c, w in zip(counts, least, strict=True)]
    top = grid.MARGIN + grid.TITLE
    width = 2 * grid.MARGIN + sum(wide) + grid.GAP * (len(arrays) - 1)
    sheet = grid.NumberSheet(width, top + rows * cell + grid.MARGIN)
    left = grid.MARGIN
    for i, (name, values) in enumerate(arrays.items()):
        sheet.write(titles[name], left, top - 0.16, align="left")
        sheet.draw(values, (left, top), cell, pixels=i == 0 and grid.looks_like_pixels(values))
        if i:
            tall = max(values.shape[0], 1) * cell
            sheet.point_right(left - grid.GAP + 0.14, top + min(tall, rows * cell) / 2, grid.GAP - 0.28)
        left += wide[i] + grid.GAP
    return sheet.figure
