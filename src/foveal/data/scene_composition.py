"""How a scene is put together."""

import cv2
import numpy as np
from numpy.typing import NDArray

from foveal.data.scene_painting import (
    Canvas,
    Ink,
    Part,
    background,
    blend,
    digit_images,
    digit_ink,
    ink_box,
    piece_ink,
    stroke_ink,
)
from foveal.errors import SettingError

# Coverage from which a pixel counts as ink when the box is drawn.
_INKED = 0.4
# A digit has at least this share of its ink visible, or it is not drawn.
_VISIBLE = 0.85
_ATTEMPTS = 30


def compose_scene(
    rng: np.random.Generator,
    pool: NDArray[np.int64],
    size: tuple[int, int],
    digits: tuple[int, int],
    heights: tuple[float, float],
    clutter: bool,
    part: Part | None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]:
    """Draw one scene with digits of a pool; see :func:`foveal.data.scenes.make_scene`.

    Parameters
    ----------
    rng : numpy.random.Generator
    pool : ndarray, int64
        Indices into scikit-learn's digits.
    size, digits, heights, clutter, part
        As for ``make_scene``; ``part`` is that of the backgrounds.

    Returns
    -------
    image : ndarray of shape (H, W, 3), uint8
    boxes : ndarray of shape (N, 4), float32
    labels : ndarray of shape (N,), int64
    """
    height, width = size
    if not 0 <= digits[0] <= digits[1]:
        raise SettingError(f"digits is {digits}; give the fewest and the most, such as (1, 6).")
    if not 8 <= heights[0] <= heights[1]:
        raise SettingError(
            f"heights is {heights}; give the least and the greatest, from 8, such as (24, 96)."
        )
    if min(size) < heights[0] * 1.5:
        raise SettingError(
            f"A scene of {width}×{height} pixels is too small for digits of {heights[0]} pixels."
        )
    images, labels = digit_images()
    canvas = background(rng, height, width, part)
    if clutter:
        _draw_clutter(rng, canvas, pool, heights)
    owner = np.zeros((height, width), np.int16)  # 1 + the index of the digit whose ink is on top
    inked: list[int] = []
    drawn: list[int] = []
    for _ in range(int(rng.integers(digits[0], digits[1] + 1))):
        source = int(rng.choice(pool))
        place = _find_place(rng, images[source], owner, inked, heights)
        if place is None:
            continue
        ink, (x, y) = place
        _paint(rng, canvas, ink, (x, y))
        drawn.append(source)
        mask = ink >= _INKED
        inked.append(int(mask.sum()))
        owner[y : y + ink.shape[0], x : x + ink.shape[1]][mask] = len(drawn)
    image = _photograph_it(rng, canvas)
    boxes = np.array([ink_box(owner == i + 1) for i in range(len(drawn))], np.float32).reshape(-1, 4)
    return image, boxes, labels[drawn] if drawn else np.zeros(0, np.int64)


def _ink(rng: np.random.Generator, digit: NDArray[np.uint8], heights: tuple[float, float]) -> Ink:
    # Sizes are even on a logarithmic scale, as the sizes of things in photographs about are.
    tall = float(np.exp(rng.uniform(np.log(heights[0]), np.log(heights[1]))))
    return digit_ink(
        digit,
        tall,
        angle=float(rng.uniform(-15, 15)),
        shear=float(rng.uniform(-0.15, 0.15)),
        aspect=float(rng.uniform(0.85, 1.15)),
    )


def _find_place(
    rng: np.random.Generator,
    digit: NDArray[np.uint8],
    owner: NDArray[np.int16],
    inked: list[int],
    heights: tuple[float, float],
) -> tuple[Ink, tuple[int, int]] | None:
    """A size and a corner at which the digits beneath keep enough of their ink."""
    height, width = owner.shape
    for _ in range(_ATTEMPTS):
        ink = _ink(rng, digit, heights)
        h, w = ink.shape
        if h > height or w > width:
            continue
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        covered = owner[y : y + h, x : x + w][ink >= _INKED]
        lost = np.bincount(covered, minlength=len(inked) + 1)[1:]
        visible = [int((owner == i + 1).sum()) for i in np.flatnonzero(lost)]
        if all(
            v - lost[i] >= _VISIBLE * inked[i] for v, i in zip(visible, np.flatnonzero(lost), strict=True)
        ):
            return ink, (x, y)
    return None


def _paint(rng: np.random.Generator, canvas: Canvas, ink: Ink, corner: tuple[int, int]) -> None:
    x, y = corner
    h, w = ink.shape
    color = _contrasting(rng, canvas[y : y + h, x : x + w].reshape(-1, 3).mean(0))
    if rng.random() < 0.2:  # a shadow beneath
        shift = max(1, h // 20)
        shadow = cv2.GaussianBlur(ink, (0, 0), max(0.8, h / 25)) * np.float32(0.5)
        blend(canvas, shadow, (x + shift, y + shift), np.zeros(3, np.float32))
    if rng.random() < 0.3:  # softer edges than the rest; too little to move the box
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.4, 1.0))), np.float32)
    if rng.random() < 0.4:  # the colour runs from top to bottom
        top, bottom = rng.uniform(-35, 35, 2)
        shade = np.linspace(float(top), float(bottom), h, dtype=np.float32)[:, None, None]
        color = color + np.broadcast_to(shade, (h, w, 1))
    if rng.random() < 0.3:
        grain = rng.standard_normal((h, w, 1), dtype=np.float32) * np.float32(rng.uniform(5, 22))
        color = color + grain
    blend(canvas, ink, corner, color)


def _contrasting(rng: np.random.Generator, ground: NDArray[np.float32]) -> NDArray[np.float32]:
    """A colour that can be told from the ground: light on dark, dark on light, or of another hue."""
    least = rng.uniform(55, 115)
    kind = rng.random()
    for _ in range(20):
        if kind < 0.6:
            lightness = rng.uniform(150, 255) if ground.mean() < 128 else rng.uniform(0, 105)
            color = lightness + rng.uniform(-20, 20, 3)
        else:
            color = rng.uniform(0, 255, 3)
        if np.abs(color - ground).mean() >= least:
            return np.clip(color, 0, 255).astype(np.float32)
    return np.full(3, 255 if ground.mean() < 128 else 0, np.float32)


def _draw_clutter(
    rng: np.random.Generator, canvas: Canvas, pool: NDArray[np.int64], heights: tuple[float, float]
) -> None:
    """Scribbles, lines, spots and pieces of digits, in place and beneath the digits."""
    height, width = canvas.shape[:2]

    def anywhere() -> tuple[int, int]:
        return int(rng.integers(-8, width - 8)), int(rng.integers(-8, height - 8))

    for _ in range(int(rng.integers(0, 4))):
        color = rng.uniform(0, 255, 3).tolist()
        thick = int(rng.integers(1, 5))
        cv2.line(canvas, anywhere(), anywhere(), color, thick, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 3))):
        color = rng.uniform(0, 255, 3).tolist()
        cv2.circle(canvas, anywhere(), int(rng.integers(3, 16)), color, -1, cv2.LINE_AA)
    inks = [
        stroke_ink(rng, int(rng.uniform(heights[0], 0.7 * heights[1]))) for _ in range(rng.integers(0, 4))
    ]
    images = digit_images()[0]
    for source in rng.choice(pool, int(rng.integers(0, 3))):
        inks.append(piece_ink(rng, _ink(rng, images[source], heights)))
    for ink in inks:
        x, y = anywhere()
        ground = canvas[max(0, y) : max(1, y + ink.shape[0]), max(0, x) : max(1, x + ink.shape[1])]
        blend(canvas, ink, (x, y), _contrasting(rng, ground.reshape(-1, 3).mean(0)))


def _photograph_it(rng: np.random.Generator, canvas: Canvas) -> NDArray[np.uint8]:
    """The camera's part: blur and noise, then whole numbers."""
    if rng.random() < 0.4:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.4, 1.1))), np.float32)
    if rng.random() < 0.6:
        noise = rng.standard_normal((*canvas.shape[:2], 1), dtype=np.float32)
        canvas = canvas + noise * np.float32(rng.uniform(1, 9))
    return np.rint(np.clip(canvas, 0, 255)).astype(np.uint8)
