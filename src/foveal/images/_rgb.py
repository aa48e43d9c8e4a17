"""From any of Pillow's modes to 8-bit RGB."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image


def to_rgb(image: "Image", format: str) -> NDArray[np.uint8]:
    """The pixels as a new array of shape (H, W, 3), uint8, writeable and contiguous.

    The rules are those of :func:`foveal.images.read`.
    """
    if image.mode.startswith("I;16"):
        return _three_times(from_16_bits(np.asarray(image)))
    if image.mode == "I":
        return _three_times(_from_integers(np.asarray(image), sixteen=format in ("PNG", "PPM")))
    if image.mode == "F":
        return _three_times(_from_floats(np.asarray(image)))
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info:
        image = _on_white(image.convert("RGBA"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    return np.array(image)


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    canvas = Image.new("RGB", image.size, (255, 255, 255))
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _three_times(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey[..., None], 3, axis=2)


def used_bits(largest: int) -> int:
    """The bits of the range that 16-bit values fill, of which the largest is given.

    16, unless the largest is below an eighth of the range: then as many as hold it, and at least 8.
    """
    return 16 if largest >= 2**13 else max(8, largest.bit_length())


def from_16_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values of 0 to 65535, or of the fewer bits that they fill, as 0 to 255."""
    # 65535 = 255 * 257, so that black and white stay what they are.
    largest = 2 ** used_bits(int(values.max())) - 1
    return np.asarray((values.astype(np.uint32) * 255 + largest // 2) // largest, np.uint8)


def sixteen_bit_colors(path: str | os.PathLike[str]) -> NDArray[np.uint16] | None:
    """The pixels of a file of 16 bits a channel, (H, W, 3) uint16; None where OpenCV cannot tell."""
    import cv2

    content = np.fromfile(path, np.uint8)
    pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] != 3:
        return None
    return np.ascontiguousarray(pixels[..., ::-1])


def _from_integers(values: NDArray[Any], sixteen: bool) -> NDArray[np.uint8]:
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= 255 and not sixteen:
        return values.astype(np.uint8)
    if low >= 0 and high <= 65535:
        return from_16_bits(values)
    return _stretched(values.astype(np.float64), low, high)


def _from_floats(values: NDArray[Any]) -> NDArray[np.uint8]:
    values = values.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        values[~finite] = 0
        if not finite.any():
            return np.zeros(values.shape, np.uint8)
    low, high = float(values[finite].min()), float(values[finite].max())
    if low >= 0 and high <= 1:
        return _rounded(values * 255)
    if low >= 0 and high <= 255:
        return _rounded(values)
    return _stretched(values, low, high)


def _stretched(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    span = (high - low) or 1.0
    return _rounded(np.clip((values - low) / span, 0, 1) * 255)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(values).astype(np.uint8))
