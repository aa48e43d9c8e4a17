"""Boxes drawn on images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.images.arrays import check_image
from foveal.images.palette import Color, color_of


def draw_boxes(
    image: NDArray[np.uint8],
    boxes: ArrayLike,
    names: Sequence[str | None] | None = None,
    colors: ArrayLike | None = None,
    width: int | None = None,
) -> NDArray[np.uint8]:
    """A copy of an image with boxes, and their names, drawn on it.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB. It is not changed.
    boxes : array-like of shape (N, 4)
        ``x1, y1, x2, y2`` in pixels, half-open. What sticks out of the image is drawn along its border; a
        box wholly outside is not drawn. Best first: earlier boxes lie above later ones and get the
        better places for their names.
    names : sequence of str or None, of length N, optional
        Written on a filled label of the box's colour, just outside the box where there is room, always inside
        the image; shortened where the image is too narrow, left out where ``None`` or empty.
    colors : array-like of shape (N,), int, or (N, 3), optional
        Indices into the palette (the labels of classes, see :func:`color_of`), or RGB, 0 to 255. By
        default all boxes have the palette's first colour.
    width : int, optional
        Of the lines, in pixels. By default it grows with the image, as the text does.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        If the image is not (H, W, 3) uint8, or boxes, names and colours do not agree in number.

    Examples
    --------
    >>> image = np.zeros((60, 80, 3), np.uint8)
    >>> drawn = draw_boxes(image, [[10, 20, 40, 50]], ["dog"], colors=[1], width=1)
    >>> drawn[49, 39].tolist(), drawn[50, 40].tolist()
    ([86, 180, 233], [0, 0, 0])
    """
    from foveal.boxes._arrays import as_boxes

    image = check_image(image, empty=True)
    boxes = as_boxes(boxes)
    if names is not None and len(names) != len(boxes):
        raise ValueError(f"there must be one name a box, not {len(names)} for {len(boxes)}.")
    rgb = _colors(colors, len(boxes))
    if width is not None and width < 1:
        raise ValueError(f"width must be at least 1 pixel, not {width}.")
    if image.size == 0 or len(boxes) == 0:
        return image.copy()
    line = max(1, round(max(image.shape[:2]) / 250)) if width is None else width

    from PIL import Image, ImageDraw

    from foveal.images._labels import Labeller, text_color

    canvas = Image.fromarray(np.ascontiguousarray(image))
    draw = ImageDraw.Draw(canvas)
    outlines = [_outline(box, canvas.width, canvas.height) for box in boxes.astype(np.float64)]
    for outline, color in reversed(list(zip(outlines, rgb, strict=True))):
        if outline is not None:
            draw.rectangle(outline, outline=color, width=line)
    if names is not None:
        labeller = Labeller(canvas.width, canvas.height)
        placed = [
            (labeller.place(name, outline), color)
            for name, outline, color in zip(names, outlines, rgb, strict=True)
            if name and outline is not None
        ]
        for label, color in reversed(placed):
            if label is not None:
                draw.rectangle(label[:4], fill=color)
                origin = labeller.text_origin(label)
                draw.text(origin, label.text, fill=text_color(color), font=labeller.font)
    return np.array(canvas)


def _colors(colors: ArrayLike | None, count: int) -> list[Color]:
    if colors is None:
        return [color_of(0)] * count
    values = np.asarray(colors)
    if values.size == 0 and count == 0:
        return []
    if values.shape == (count,) and values.dtype.kind in "iu":
        return [color_of(int(index)) for index in values]
    if values.shape == (count, 3) and values.dtype.kind in "iu":
        return [(int(r), int(g), int(b)) for r, g, b in np.clip(values, 0, 255)]
    raise ValueError(
        f"colors must be whole numbers of shape ({count},), palette indices, or ({count}, 3), RGB; "
        f"they are {values.dtype} of shape {values.shape}."
    )


def _outline(box: NDArray[np.float64], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The box's first and last columns and rows inside the image; None where it lies outside."""
    x1, y1, x2, y2 = box
    if x2 < 0 or y2 < 0 or x1 > width or y1 > height or x2 < x1 or y2 < y1:
        return None
    left, top = min(max(round(x1), 0), width - 1), min(max(round(y1), 0), height - 1)
    # Half-open: the last pixel of a box is the one before x2. An empty box is drawn as one pixel.
    return left, top, max(left, min(round(x2), width) - 1), max(top, min(round(y2), height) - 1)
