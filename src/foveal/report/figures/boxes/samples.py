"""Pictures with boxes, side by side."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.report.figures.canvas import (
    FULL_WIDTH,
    INK,
    SERIES,
    TEXT_SIZE,
    new_axes,
    new_figure,
    say_instead,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foveal.data.detections import Detections


def draw_samples(
    images: Sequence[NDArray[np.uint8]],
    truths: Sequence[NDArray[Any]] | None = None,
    detections: Sequence["Detections"] | None = None,
    *,
    captions: Sequence[str] = (),
    columns: int = 4,
) -> "Figure":
    """A grid of pictures with ground truth (dashed, white) and detections (solid, coloured by class).

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8
        RGB.
    truths : sequence of array-like of shape (M, 4), optional
        The ground-truth boxes of each picture.
    detections : sequence of Detections, optional
    captions : sequence of str
        One below each picture; may be shorter than ``images``.
    columns : int

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> figure = draw_samples([np.zeros((20, 30, 3), np.uint8)], [np.float32([[2, 2, 9, 9]])])
    >>> len(figure.axes)
    1
    """
    rows = -(-len(images) // columns)
    figure = new_figure(FULL_WIDTH, max(1.5, 2.1 * rows))
    if not len(images):
        say_instead(new_axes(figure), "There are no pictures.")
        return figure
    from matplotlib.patches import Rectangle

    for i, image in enumerate(images):
        axes = new_axes(figure, (rows, columns, i + 1), grid=None)
        axes.imshow(image, interpolation="antialiased")
        axes.set_axis_off()
        for box in truths[i] if truths is not None else ():
            x1, y1, x2, y2 = (float(v) for v in box)
            for color, style, width in (("#000000", "-", 2.4), ("#ffffff", "--", 1.4)):
                axes.add_patch(
                    Rectangle(
                        (x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=color, linestyle=style,
                        linewidth=width,
                    )
                )  # fmt: skip
        if detections is not None:
            found = detections[i]
            for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
                x1, y1, x2, y2 = (float(v) for v in box)
                color = SERIES[int(label) % len(SERIES)]
                axes.add_patch(
                    Rectangle(
                        (x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=color, linewidth=1.8
                    )
                )
                axes.text(
                    x1, y1, f"{shorten(found.classes[int(label)], 14)} {score:.2f}", color="#ffffff",
                    backgroundcolor=color, fontsize=TEXT_SIZE - 2.5, parse_math=False, va="bottom",
                    clip_on=True,
                )  # fmt: skip
        if i < len(captions):
            axes.set_title(
                shorten(captions[i], 40), fontsize=TEXT_SIZE - 1, color=INK, y=-0.14, parse_math=False
            )
    return figure
