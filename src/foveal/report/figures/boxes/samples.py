"""Images with boxes, side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.detections import Detections
from foveal.report.figures import Figure
from foveal.report.figures.axes import say_instead
from foveal.report.figures.canvas import FULL_WIDTH, INK, SERIES, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import label_place, outline_boxes, show_image
from foveal.report.wording import shorten


def draw_samples(
    images: Sequence[NDArray[np.uint8]],
    truths: Sequence[NDArray[Any]] | None = None,
    detections: Sequence[Detections] | None = None,
    *,
    captions: Sequence[str] = (),
    columns: int = 4,
) -> Figure:
    """A grid of images with ground truth (dashed, white) and detections (solid, coloured by class).

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8
        RGB.
    truths : sequence of array-like of shape (M, 4), optional
        The ground-truth boxes of each image.
    detections : sequence of Detections, optional
    captions : sequence of str
        One below each image; may be shorter than ``images``.
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
    if not len(images):
        return say_instead("There are no pictures.", FULL_WIDTH, 1.5)
    figure = new_figure(FULL_WIDTH, max(1.5, 2.1 * rows))
    for i, image in enumerate(images):
        axes = show_image(figure, (rows, columns, i + 1), image)
        if truths is not None:
            outline_boxes(axes, truths[i], "#ffffff", width=1.4, dashed=True)
        if detections is not None:
            found = detections[i]
            for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True):
                color = SERIES[int(label) % len(SERIES)]
                outline_boxes(axes, box, color, width=1.8, halo=False)
                words = f"{shorten(found.classes[int(label)], 14)} {score:.2f}"
                label_place(axes, words, float(box[0]), float(box[1]), color)
        if i < len(captions):
            axes.set_title(
                shorten(captions[i], 40), fontsize=TEXT_SIZE - 1, color=INK, y=-0.14, parse_math=False
            )
    return figure
