"""What a network sees of one image while it learns."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.augmentation import Augmentation
from foveal.report.figures import Figure
from foveal.report.figures.canvas import FULL_WIDTH, TEXT_SIZE, new_figure
from foveal.report.figures.image_panel import show_pixels
from foveal.report.wording import shorten


def draw_augmentations(
    image: NDArray[np.uint8],
    augmentations: Augmentation | dict[str, Augmentation],
    *,
    count: int = 7,
    random_state: int | np.random.Generator | None = 0,
) -> Figure:
    """An image, and what random changes made of it.

    Parameters
    ----------
    image : ndarray of shape (H, W, C), uint8
        Of one channel (grey) or three (RGB).
    augmentations : Augmentation or dict of str to Augmentation
        A row for each, with its name. Mixup is left out: it needs a second image.
    count : int, default=7
        Changed images in a row.
    random_state : int, Generator or None, default=0

    Returns
    -------
    matplotlib.figure.Figure
        The image itself is the first of each row.

    Examples
    --------
    >>> figure = draw_augmentations(np.zeros((8, 8, 3), np.uint8), {"light": Augmentation.light()}, count=3)
    >>> len(figure.axes)
    4
    """
    rows = augmentations if isinstance(augmentations, dict) else {"": augmentations}
    figure = new_figure(FULL_WIDTH, max(1.2, (FULL_WIDTH / (count + 1) + 0.3) * len(rows)))
    shape = (len(rows), count + 1)
    for row, (name, augmentation) in enumerate(rows.items()):
        rng = np.random.default_rng(random_state)
        batch = np.repeat(image[None], count, axis=0)
        changed, _ = replace(augmentation, mixup=0.0)(batch, np.zeros(count, np.int64), rng)
        views: list[NDArray[Any]] = [image, *changed]
        for place, view in enumerate(views):
            pixels = view[..., 0] if view.shape[2] == 1 else view
            title = "" if place else shorten(name or "the picture", 14)
            position = (*shape, row * shape[1] + place + 1)
            show_pixels(figure, position, pixels, title, size=TEXT_SIZE - 1, cmap="gray", vmin=0, vmax=255)
    return figure
