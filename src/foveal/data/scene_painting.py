"""What a drawn scene is made of: the ink of a handwritten digit, backgrounds and clutter.

Everything here takes a :class:`numpy.random.Generator` and draws nothing from anywhere else.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "test"]
Ink = NDArray[np.float32]
Canvas = NDArray[np.float32]

# Share of every photograph's columns, from the left, that training backgrounds are cut from.
_TRAIN_COLUMNS = 0.6


@cache
def digit_images() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Scikit-learn's handwritten digits (Alpaydin and Kaynak 1998).

    Returns
    -------
    images : ndarray of shape (1797, 8, 8), uint8
        From 0 (paper) to 255 (ink).
    labels : ndarray of shape (1797,), int64
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.rint(digits.images * (255 / 16)).astype(np.uint8), digits.target.astype(np.int64)


@cache
def photographs() -> tuple[NDArray[np.uint8], ...]:
    """Scikit-learn's sample photographs, each (427, 640, 3) uint8."""
    from sklearn.datasets import load_sample_images

    return tuple(np.asarray(image, np.uint8) for image in load_sample_images().images)


def digit_ink(digit: NDArray[np.uint8], height: float, angle: float, shear: float, aspect: float) -> Ink:
    """One digit as coverage by ink, enlarged, turned and slanted.

    The 8×8 pixels are interpolated with bicubic splines in one warp, smoothed by a quarter of a source
    pixel, and cut at a level with a slope of about one pixel, which gives strokes with crisp edges.

    Parameters
    ----------
    digit : ndarray of shape (8, 8), uint8
    height : float
        The longer side of the ink, in pixels, before it is turned.
    angle : float
        In degrees, anticlockwise.
    shear : float
        Columns moved per row.
    aspect : float
        What the width is multiplied by.

    Returns
    -------
    ndarray of shape (H, W), float32
        Coverage from 0 to 1, cropped to where it is not 0.
    """
    rows, columns = np.nonzero(digit > 96)
    scale = height / max(np.ptp(rows) + 1, np.ptp(columns) + 1)
    side = int(np.ceil(scale * 14))
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[cos, sin], [-sin, cos]]) @ np.array([[aspect, shear], [0, 1]]) * scale
    # The centre of the 8×8 pixels, at (3.5, 3.5), comes to the centre of the canvas.
    move = np.full(2, (side - 1) / 2) - turn @ np.full(2, 3.5)
    matrix = np.column_stack([turn, move])
    source = digit.astype(np.float32) / np.float32(255)
    ink = cv2.warpAffine(source, matrix, (side, side), flags=cv2.INTER_CUBIC)
    ink = cv2.GaussianBlur(ink, (0, 0), scale * 0.28)
    ink = np.clip(0.5 + (ink - 0.52) * np.float32(scale * 0.7), 0, 1)
    return crop_to_ink(np.asarray(ink, np.float32), 0.0)


def crop_to_ink(ink: Ink, level: float) -> Ink:
    """The smallest rectangle that holds all coverage above a level."""
    x1, y1, x2, y2 = ink_box(ink > level)
    return ink[y1:y2, x1:x2]


def ink_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The tight half-open box of the true pixels; four zeros where there is none.

    Examples
    --------
    >>> ink_box(np.array([[False, True, True], [False, False, False]]))
    (1, 0, 3, 1)
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def blend(canvas: Canvas, ink: Ink, corner: tuple[int, int], color: NDArray[np.float32]) -> None:
    """Lay colour over an image, in place, where the ink covers it; what sticks out is cut off.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), float32
    ink : ndarray of shape (h, w), float32
    corner : tuple of int
        Column and row of the ink's upper left pixel; may be negative.
    color : ndarray of shape (3,) or (h, w, 3), float32
    """
    x, y = corner
    height, width = canvas.shape[:2]
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(ink.shape[0], height - y), min(ink.shape[1], width - x)
    if bottom <= top or right <= left:
        return
    cover = ink[top:bottom, left:right, None]
    if color.ndim == 3:
        color = color[top:bottom, left:right]
    place = canvas[y + top : y + bottom, x + left : x + right]
    place += cover * (color - place)


def background(rng: np.random.Generator, height: int, width: int, part: Part | None) -> Canvas:
    """A photograph's cut-out or a drawn texture, (height, width, 3) float32, one or the other at equal odds.

    Parameters
    ----------
    rng : numpy.random.Generator
    height, width : int
    part : {"train", "test"} or None
        The left 60 % of a photograph's columns are for training, the rest for testing; None takes all.
    """
    if rng.random() < 0.5:
        return _photograph(rng, height, width, part)
    return _TEXTURES[rng.integers(len(_TEXTURES))](rng, height, width)


def _photograph(rng: np.random.Generator, height: int, width: int, part: Part | None) -> Canvas:
    photos = photographs()
    photo = photos[rng.integers(len(photos))]
    middle = int(photo.shape[1] * _TRAIN_COLUMNS)
    photo = {"train": photo[:, :middle], "test": photo[:, middle:], None: photo}[part]
    largest = min(photo.shape[0] / height, photo.shape[1] / width)
    scale = largest * rng.uniform(0.5, 1.0)
    h, w = max(1, int(height * scale)), max(1, int(width * scale))
    y, x = rng.integers(photo.shape[0] - h + 1), rng.integers(photo.shape[1] - w + 1)
    cut = photo[y : y + h, x : x + w]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    resized = cv2.resize(np.ascontiguousarray(cut), (width, height), interpolation=cv2.INTER_LINEAR)
    canvas = np.asarray(resized, np.float32)
    return canvas * np.float32(rng.uniform(0.6, 1.1)) + np.float32(rng.uniform(-15, 25))


def _two_colors(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # Near enough to each other that a digit can stand out from both.
    first = np.clip(rng.uniform(40, 215) + rng.uniform(-60, 60, 3), 10, 245)
    second = np.clip(first + rng.uniform(-60, 60) + rng.uniform(-30, 30, 3), 5, 250)
    return first.astype(np.float32), second.astype(np.float32)


def _mix(rng: np.random.Generator, share: NDArray[Any]) -> Canvas:
    first, second = _two_colors(rng)
    share = np.asarray(share, np.float32)[..., None]
    return first * (1 - share) + second * share


def _along(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    # Distance of every pixel along a random direction.
    angle = rng.uniform(0, np.pi)
    y, x = np.ogrid[:height, :width]
    return np.asarray(x * np.cos(angle) + y * np.sin(angle), np.float32)


def _gradient(rng: np.random.Generator, height: int, width: int) -> Canvas:
    along = _along(rng, height, width)
    return _mix(rng, (along - along.min()) / max(1e-6, float(np.ptp(along))))


def _stripes(rng: np.random.Generator, height: int, width: int) -> Canvas:
    wave = np.sin(_along(rng, height, width) * np.float32(2 * np.pi / rng.uniform(8, 60)))
    return _mix(rng, np.clip(0.5 + wave * np.float32(rng.uniform(0.5, 4)), 0, 1))


def _checkers(rng: np.random.Generator, height: int, width: int) -> Canvas:
    side = int(rng.integers(10, 50))
    y, x = np.ogrid[:height, :width]
    return _mix(rng, ((y + rng.integers(side)) // side + (x + rng.integers(side)) // side) % 2)


def _noise(rng: np.random.Generator, height: int, width: int) -> Canvas:
    # Noise at three scales: clouds, spots and grain.
    share = np.zeros((height, width), np.float32)
    for cell, weight in ((rng.uniform(30, 80), 1.0), (rng.uniform(6, 20), 0.5), (1.0, rng.uniform(0, 0.4))):
        small = rng.random((int(height / cell) + 2, int(width / cell) + 2), dtype=np.float32)
        share += np.float32(weight) * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return _mix(rng, (share - share.min()) / max(1e-6, float(np.ptp(share))))


def _blobs(rng: np.random.Generator, height: int, width: int) -> Canvas:
    canvas = np.full((height, width, 3), _two_colors(rng)[0], np.float32)
    base = canvas[0, 0].copy()
    for _ in range(int(rng.integers(4, 16))):
        color = np.clip(base + rng.uniform(-50, 50, 3), 0, 255)
        center = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(8, 60)), int(rng.integers(8, 60)))
        turn = float(rng.uniform(0, 180))
        cv2.ellipse(canvas, center, axes, turn, 0, 360, color.tolist(), -1, cv2.LINE_AA)
    return canvas


_TEXTURES: tuple[Callable[[np.random.Generator, int, int], Canvas], ...] = (
    _gradient,
    _stripes,
    _checkers,
    _noise,
    _blobs,
)


def stroke_ink(rng: np.random.Generator, side: int) -> Ink:
    """A scribble that looks like a letter and is none: one to three bent strokes, (side, side) float32."""
    canvas = np.zeros((side, side), np.uint8)
    width = max(2, round(side * rng.uniform(0.08, 0.17)))
    for _ in range(int(rng.integers(1, 4))):
        ends = rng.uniform(0.15, 0.85, (3, 2)) * side
        t = np.linspace(0, 1, 12)[:, None]
        # A quadratic Bézier curve; the straight one in a third of the cases.
        bend = ends[1] if rng.random() < 0.66 else (ends[0] + ends[2]) / 2
        curve = (1 - t) ** 2 * ends[0] + 2 * t * (1 - t) * bend + t**2 * ends[2]
        cv2.polylines(canvas, [np.rint(curve).astype(np.int32)], False, 255, width, cv2.LINE_AA)
    return canvas.astype(np.float32) / np.float32(255)


def piece_ink(rng: np.random.Generator, ink: Ink) -> Ink:
    """A third to less than half of a digit, cut off straight along one side."""
    share = rng.uniform(0.33, 0.45)
    cut = ink if rng.random() < 0.5 else ink[::-1]
    if rng.random() < 0.5:
        return cut[: max(2, int(len(cut) * share))]
    return cut[:, : max(2, int(cut.shape[1] * share))]
