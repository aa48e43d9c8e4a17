"""Images with boxes changed at random while a detector learns; the boxes follow the pixels exactly."""

from dataclasses import dataclass, replace
from math import exp, isfinite, log
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes import area
from foveal.data.colour_jitter import check_shares, jitter_strengths, recolour
from foveal.errors import SettingError
from foveal.images.arrays import check_image
from foveal.parallel import one_opencv_thread

# What lies outside the image: the middle grey that the pretrained backbone sees as nothing.
_OUTSIDE = 127

# Linear interpolation takes two pixels by two: shrunk by more, it would leave pixels out.
_LINEAR_SHRINKS = 2

View = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]


@dataclass(frozen=True)
class BoxAugmentation:
    """A random view of an image on a canvas, and its boxes in that view.

    The image is mirrored or not, scaled, put on the canvas, and gets other colours. Where the scaled
    image is larger than the canvas, the view is a random crop of it; where it is smaller, grey (127)
    surrounds it. Called as ``augmentation(image, boxes, (H, W), rng)``; the same generator state gives the
    same view.

    Parameters
    ----------
    flip : float, default=0.5
        The probability that the image is mirrored, left to right.
    scale : (float, float), default=(0.6, 1.5)
        The range of the scale, log-uniform. 1 is the size at which the whole image just fits the canvas;
        its aspect ratio stays what it is.
    centred : bool, default=False
        Along a side where the image is smaller than the canvas, put it in the middle instead of anywhere.
    jitter : float or (float, float, float, float), default=0.0
        As for :class:`foveal.data.Augmentation`, as is what is raised. The grey around the image keeps its
        colour.
    visible : float, default=0.3
        An object is kept where at least this share of its box's area lies on the canvas, above 0 in any case.

    Notes
    -----
    Mirroring, scale and place are one affine map, so that pixels are interpolated once, linearly
    (``cv2.warpAffine``). Where it shrinks by more than 2, the image is first made smaller by a whole number
    with the mean over areas. A corner of a box at ``x`` comes to ``scale * x + left``, mirrored to
    ``scale * (width - x) + left``, edges being whole numbers and the centres of pixels halves; ``left`` and
    ``top`` are whole numbers.

    Examples
    --------
    >>> image = np.zeros((10, 20, 3), np.uint8)
    >>> same = BoxAugmentation(flip=1.0, scale=(1.0, 1.0))
    >>> view, boxes, kept = same(image, [[0, 0, 5, 10]], (20, 40), np.random.default_rng(0))
    >>> view.shape, boxes.tolist(), kept.tolist()
    ((20, 40, 3), [[30.0, 0.0, 40.0, 20.0]], [True])
    """

    flip: float = 0.5
    scale: tuple[float, float] = (0.6, 1.5)
    centred: bool = False
    jitter: float | tuple[float, float, float, float] = 0.0
    visible: float = 0.3

    def __post_init__(self) -> None:
        check_shares(self, "flip", "visible")
        scale = self.scale
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] or not isfinite(scale[1]):
            raise SettingError(
                f"scale of an augmentation is {scale}; give two numbers above 0, such as (0.6, 1.5)."
            )
        jitter_strengths(self.jitter)

    @classmethod
    def none(cls, **changes: Any) -> Self:
        """The whole image, as large as the canvas allows, in its middle.

        Examples
        --------
        >>> BoxAugmentation.none().scale
        (1.0, 1.0)
        """
        return replace(cls(flip=0.0, scale=(1.0, 1.0), centred=True, jitter=0.0, visible=0.0), **changes)

    def __call__(
        self, image: NDArray[np.uint8], boxes: ArrayLike, size: tuple[int, int], rng: np.random.Generator
    ) -> View:
        """Draw a view.

        Parameters
        ----------
        image : ndarray of shape (h, w, 3), uint8
        boxes : array-like of shape (N, 4)
            In the image's pixels.
        size : (int, int)
            Height and width of the canvas, H and W.
        rng : Generator
            The same number of draws is taken whatever comes out.

        Returns
        -------
        image : ndarray of shape (H, W, 3), uint8
        boxes : ndarray of shape (N, 4), float32
            In the view's pixels, clipped to it; every box that came in, in its order.
        kept : ndarray of shape (N,), bool
            Whether enough of the box is left; False for one without area.

        Raises
        ------
        ValueError
            If the image or the boxes have another shape or type, or a side is 0.
        """
        image = check_image(image)
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        height, width = int(size[0]), int(size[1])
        if min(height, width) < 1:
            raise ValueError(f"A view has at least one pixel; got {size}.")
        # Always as many draws: what one image gets does not depend on the settings of another.
        drawn = rng.random(4)
        mirrored = bool(drawn[0] < self.flip)
        rows, columns = image.shape[:2]
        low, high = log(self.scale[0]), log(self.scale[1])
        factor = exp(low + (high - low) * drawn[1]) * min(width / columns, height / rows)
        left = self._place(width - factor * columns, drawn[2])
        top = self._place(height - factor * rows, drawn[3])
        view = np.full((height, width, 3), _OUTSIDE, np.uint8)
        y1, y2 = max(0, top), min(height, top + max(1, round(factor * rows)))
        x1, x2 = max(0, left), min(width, left + max(1, round(factor * columns)))
        with one_opencv_thread():
            seen = _drawn(image, (y2 - y1, x2 - x1), factor, mirrored, left - x1, top - y1)
            recolour(seen[None], jitter_strengths(self.jitter), rng)
        view[y1:y2, x1:x2] = seen
        if mirrored:
            boxes = boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [columns, 0, columns, 0]
        boxes = boxes * factor + [left, top, left, top]
        clipped: NDArray[Any] = np.clip(boxes, 0, np.array([width, height, width, height], np.float64))
        left_over = area(clipped)
        # Rounding must not lose a box that lies inside wholly.
        kept = (left_over > 0) & (left_over >= self.visible * area(boxes) * (1 - 1e-9))
        return view, clipped.astype(np.float32), kept

    def _place(self, room: float, drawn: float) -> int:
        """Where the image begins on the canvas, along one side: in the room, or cut off at both ends."""
        share = 0.5 if self.centred and room > 0 else drawn
        return round(share * room)


def _drawn(
    image: NDArray[np.uint8], size: tuple[int, int], factor: float, mirrored: bool, left: int, top: int
) -> NDArray[np.uint8]:
    """The part of the scaled image that a canvas shows; ``left`` and ``top`` are not above 0."""
    import cv2

    rows, columns = image.shape[:2]
    if factor * _LINEAR_SHRINKS < 1:
        times = int(1 / factor)
        smaller = (max(1, round(columns / times)), max(1, round(rows / times)))
        image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    # The sides were rounded: each has a scale of its own, so that the edges stay where they are.
    across, down = factor * columns / image.shape[1], factor * rows / image.shape[0]
    shift = float(left)
    if mirrored:
        shift += factor * columns
        across = -across
    # From the canvas to the image, between centres of pixels, which OpenCV counts from.
    back = np.array(
        [[1 / across, 0, (0.5 - shift) / across - 0.5], [0, 1 / down, (0.5 - top) / down - 0.5]], np.float64
    )
    view = cv2.warpAffine(
        image,
        back,
        (size[1], size[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        # Half a pixel along the edges, whose neighbours are outside.
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(view, np.uint8)
