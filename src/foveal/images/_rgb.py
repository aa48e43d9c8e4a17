"""From any of Pillow's modes to 8-bit RGB."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foveal.files import read_regular

if TYPE_CHECKING:
    from PIL.Image import Image


# Pixels that are converted at a time: what is between the file and the result takes tens of bytes a pixel.
_BAND = 1 << 22
# Bytes of a file that is decoded a second time, for its 16 bits: 100 million pixels have 0.6 GB.
_LARGEST = 1 << 31


def to_rgb(image: "Image", format: str) -> NDArray[np.uint8]:
    """The pixels as a new array of shape (H, W, 3), uint8, writeable and contiguous.

    The rules are those of :func:`foveal.images.read`.
    """
    convert = _conversion(image, format)
    parts = ((rows, convert(part)) for rows, part in _bands(image))
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for rows, part in parts:
        rgb[rows] = part
    return rgb


def _bands(image: "Image") -> Iterator[tuple[slice, "Image"]]:
    """The image in pieces of whole rows."""
    width, height = image.size
    rows = max(1, _BAND // width)
    if rows >= height:
        yield slice(0, height), image
        return
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield slice(top, bottom), image.crop((0, top, width, bottom))


def _conversion(image: "Image", format: str) -> Callable[["Image"], NDArray[np.uint8]]:
    """What makes RGB of each piece of an image; the range of its values is that of the whole."""
    if image.mode.startswith("I;16"):
        bits = used_bits(largest(image))
        return lambda part: _three_times(_from_16_bits(np.asarray(part), bits))
    if image.mode == "I":
        integers = _from_integers(*_range(image), sixteen=format in ("PNG", "PPM"))
        return lambda part: _three_times(integers(np.asarray(part)))
    if image.mode == "F":
        floats = _from_floats(*_range(image))
        return lambda part: _three_times(floats(np.asarray(part)))
    return _colors


def _colors(image: "Image") -> NDArray[np.uint8]:
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info:
        image = _on_white(image.convert("RGBA"))
    elif image.mode != "RGB":
        image = image.convert("RGB")
    return np.asarray(image)


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


def largest(image: "Image") -> int:
    """The largest value of an image of whole numbers."""
    return max(int(np.asarray(part).max()) for _, part in _bands(image))


def from_16_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values of 0 to 65535, or of the fewer bits that they fill, as 0 to 255; (H, W, ...)."""
    bits = used_bits(int(values.max()))
    result = np.empty(values.shape, np.uint8)
    rows = max(1, _BAND // max(1, values[0].size))
    for top in range(0, len(values), rows):
        result[top : top + rows] = _from_16_bits(values[top : top + rows], bits)
    return result


def _from_16_bits(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    # 65535 = 255 * 257, so that black and white stay what they are.
    most = 2**bits - 1
    return np.asarray((values.astype(np.uint32) * 255 + most // 2) // most, np.uint8)


def sixteen_bit_colors(path: str | os.PathLike[str]) -> NDArray[np.uint16] | None:
    """The pixels of a file of 16 bits a channel, (H, W, 3) uint16; None where OpenCV cannot tell."""
    import cv2

    try:
        content = np.frombuffer(read_regular(path, largest=_LARGEST), np.uint8)
        pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        return None
    if pixels is None or pixels.dtype != np.uint16 or pixels.ndim != 3 or pixels.shape[2] != 3:
        return None
    return np.asarray(pixels[..., ::-1])


def _range(image: "Image") -> tuple[float, float, bool]:
    """The lowest and the highest of the finite values, 0 where there is none, and whether all are finite."""
    low, high, finite = np.inf, -np.inf, True
    for _, part in _bands(image):
        values = np.asarray(part)
        if values.dtype.kind == "f" and not (known := np.isfinite(values)).all():
            values, finite = values[known], False
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high, finite) if low <= high else (0.0, 0.0, finite)


def _from_integers(
    low: float, high: float, _: bool, *, sixteen: bool
) -> Callable[[NDArray[Any]], NDArray[np.uint8]]:
    if low >= 0 and high <= 255 and not sixteen:
        return lambda values: values.astype(np.uint8)
    if low >= 0 and high <= 65535:
        bits = used_bits(int(high))
        return lambda values: _from_16_bits(values, bits)
    return lambda values: _stretched(values.astype(np.float64), low, high)


def _from_floats(low: float, high: float, finite: bool) -> Callable[[NDArray[Any]], NDArray[np.uint8]]:
    """Of NaN and infinities it makes what it makes of 0."""

    def convert(values: NDArray[Any]) -> NDArray[np.uint8]:
        values = values.astype(np.float64)
        if not finite:
            values[~np.isfinite(values)] = 0
        if low >= 0 and high <= 1:
            return _rounded(values * 255)
        if low >= 0 and high <= 255:
            return _rounded(values)
        return _stretched(values, low, high)

    return convert


def _stretched(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    span = (high - low) or 1.0
    return _rounded(np.clip((values - low) / span, 0, 1) * 255)


def _rounded(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(values).astype(np.uint8))
