"""Image files: what is in them, upright and in RGB, or one plain sentence why not."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foveal.errors import ImageError
from foveal.images._opening import opened

if TYPE_CHECKING:
    from PIL.Image import Transpose
    from PIL.ImageFile import ImageFile

EXTENSIONS = frozenset(
    {
        ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg",
        ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
    }
)  # fmt: skip
"""Suffixes, in lower case, of the files that count as images. The content decides how one is read.

HEIC is read where the package ``pillow-heif`` is installed (``pip install 'foveal[heic]'``); elsewhere the
error says so."""

_ORIENTATION = 274
# Chunks of a PNG, of which most hold 8 kB of pixels or more, and bytes of EXIF, which has 64 kB in a JPEG.
_MOST_CHUNKS, _MOST_EXIF = 100_000, 1 << 20


@dataclass(frozen=True)
class ImageInfo:
    """What the header of an image file says.

    Attributes
    ----------
    width, height : int
        In pixels, of the upright image (EXIF orientation applied).
    format : str
        Of the content, whatever the file's name says: ``"JPEG"``, ``"PNG"``, ...
    mode : str
        Pillow's word for the kind of pixels: ``"L"`` (grey), ``"P"`` (palette), ``"RGB"``,
        ``"RGBA"``, ``"CMYK"``, ``"I;16"`` (16-bit grey), ...
    bits : int
        Of one channel of one pixel in the file, or of a palette's index.
    orientation : int
        EXIF's, 1 to 8; 1 is upright as stored.
    animated : bool
        Whether there are further frames or pages; the first is what :func:`read` gives.
    """

    width: int
    height: int
    format: str
    mode: str
    bits: int
    orientation: int = 1
    animated: bool = False


def read(path: str | os.PathLike[str], *, max_pixels: int = 100_000_000) -> NDArray[np.uint8]:
    """Read an image file as upright RGB.

    The format is told by the content, not by the name. EXIF orientation is applied. Of an animation
    or a file of several pages the first is read. Pixels become 8-bit RGB like this:

    - grey and palette: their colours; anything transparent is laid on white;
    - CMYK: ``(255 - C)(255 - K) / 255`` and so on, in Adobe's inverted JPEGs too; colour profiles are
      not looked at;
    - 16 bits a channel: divided by 257 (in colour: the upper 8 bits), so the full range becomes
      the full range and the contrast is not stretched. Where the largest value of the file is below an
      eighth of the range, as in the 12-bit data of cameras and scanners, the range is that of the fewest
      bits that hold it, and at least 8: of a file whose largest value is 3000, 4095 becomes 255;
    - 32-bit integers and floats (TIFF), which say nothing about their range: floats within
      [0, 1] are multiplied by 255; values within [0, 255] are taken as they are; integers within
      [0, 65535] as 16 bits; anything else is stretched from its lowest to its highest value. NaN and
      infinities become what 0 becomes.

    Parameters
    ----------
    path : path-like
    max_pixels : int, default=100_000_000
        The largest width times height that is decoded, checked before decoding.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
        A new, contiguous array.

    Raises
    ------
    ImageError
        If the file is missing, a folder, a pipe or the like, empty, no image, truncated, damaged, or has too
        many pixels, a side of more than 200,000, or more than the memory holds. Whatever a decoder raises
        becomes one. The message names the file and the mend.

    Notes
    -----
    Safe to call from several threads. A truncated file is refused even where the process has set Pillow's
    ``LOAD_TRUNCATED_IMAGES``; Pillow's own limit on pixels is not consulted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "grey.png"
    >>> Image.new("L", (4, 3), 200).save(file)
    >>> image = read(file)
    >>> image.shape, image[0, 0].tolist()
    ((3, 4, 3), [200, 200, 200])
    """
    return _read(path, max_pixels)[0]


def used_bits(path: str | os.PathLike[str]) -> int:
    """The bits of one channel that the pixels of an image of 16 bits a channel fill; see :func:`read`.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    int
        16 where the range is used, 8 to 13 where the largest value is below an eighth of it; 8 of other
        images.

    Raises
    ------
    ImageError
        As for :func:`read`.
    """
    return _read(path, 100_000_000)[1]


def _read(path: str | os.PathLike[str], max_pixels: int) -> tuple[NDArray[np.uint8], int]:
    """An image, and how many bits of a channel its values fill."""
    from foveal.images import _rgb

    with opened(path) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageError(
                f"{os.fspath(path)} has {width} x {height} = {width * height / 1e6:.1f} million pixels, more "
                f"than the limit of {max_pixels / 1e6:g} million; make it smaller or raise max_pixels."
            )
        orientation = _orientation(image)
        format = str(image.format)
        bits = _bits(image)
        image.load()
        # Pillow turns TIFFs itself while it decodes them.
        turn = None if format == "TIFF" else _turn(orientation)
        rgb = _rgb.to_rgb(image if turn is None else image.transpose(turn), format)
        if bits != 16:
            return rgb, 8
        if image.mode.startswith("I"):
            return rgb, _rgb.used_bits(_rgb.largest(image))
        # Of colours Pillow keeps the upper 8 bits alone.
        dark = image.mode == "RGB" and format in ("PNG", "TIFF") and rgb.max() < 2**5
        deep = _rgb.sixteen_bit_colors(path) if dark and orientation == 1 else None
        if deep is None or deep.shape != rgb.shape:
            return rgb, 16
        return _rgb.from_16_bits(deep), _rgb.used_bits(int(deep.max()))


def probe(path: str | os.PathLike[str]) -> ImageInfo:
    """Read the header of an image file.

    Fast, since no pixel is decoded; a file whose pixels are truncated or damaged is not noticed.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    ImageInfo
        ``width`` and ``height`` are those of the array that :func:`read` gives.

    Raises
    ------
    ImageError
        If the file is missing, a folder, a pipe or the like, empty, no image, its header is damaged, or a
        side has more than 200,000 pixels.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "really a.png.jpg"
    >>> Image.new("RGBA", (4, 3)).save(file, "PNG")
    >>> probe(file)
    ImageInfo(width=4, height=3, format='PNG', mode='RGBA', bits=8, orientation=1, animated=False)
    """
    with opened(path) as image:
        width, height = image.size
        orientation = _orientation(image)
        format = str(image.format)
        if orientation >= 5 and format != "TIFF":
            width, height = height, width
        # The further images of an MPO, a camera's JPEG, are previews.
        animated = format != "MPO" and _is_animated(image)
        return ImageInfo(
            width,
            height,
            "JPEG" if format == "MPO" else format,
            image.mode,
            _bits(image),
            orientation,
            animated,
        )


def _is_animated(image: "ImageFile") -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:
        # There is a further frame, and it is damaged.
        return True


def _turn(orientation: int) -> "Transpose | None":
    """What brings an image upright that is stored with an EXIF orientation."""
    from PIL.Image import Transpose

    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)


def _orientation(image: "ImageFile") -> int:
    """EXIF's orientation from the header; 1 where there is none or it makes no sense."""
    from PIL import Image

    try:
        if image.format == "TIFF":
            value = image.tag_v2.get(_ORIENTATION, 1)  # type: ignore[attr-defined]
        elif image.format == "PNG":
            # Of a PNG, getexif() of its own class would decode all pixels in search of a late chunk.
            late = None if "exif" in image.info else _late_exif(image)
            if late is not None:
                exif = Image.Exif()
                exif.load(late)
            else:
                exif = Image.Image.getexif(image)
            value = exif.get(_ORIENTATION, 1)
        else:
            value = image.getexif().get(_ORIENTATION, 1)
    except Exception:
        # Damaged EXIF is common and no reason to refuse the image.
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _late_exif(image: "ImageFile") -> bytes | None:
    """The EXIF chunk of a PNG, wherever it stands: some programs write it behind the pixels."""
    file = image.fp
    assert file is not None
    start = file.tell()
    try:
        file.seek(8)
        for _ in range(_MOST_CHUNKS):
            head = file.read(8)
            length = int.from_bytes(head[:4], "big")
            if head[4:] == b"eXIf":
                return file.read(length) if length <= _MOST_EXIF else None
            if len(head) < 8 or head[4:] == b"IEND":
                return None
            file.seek(length + 4, os.SEEK_CUR)
        return None
    finally:
        file.seek(start)


def _bits(image: "ImageFile") -> int:
    if image.format == "PNG" and image.fp is not None:
        start = image.fp.tell()
        image.fp.seek(24)
        bits = image.fp.read(1)[0]
        image.fp.seek(start)
        return bits
    if image.format == "TIFF":
        sizes = image.tag_v2.get(258, (1,))  # type: ignore[attr-defined]
        return int(sizes[0])
    if image.mode.startswith("I;16"):
        return 16
    return {"1": 1, "I": 16 if image.format == "PPM" else 32, "F": 32}.get(image.mode, 8)
