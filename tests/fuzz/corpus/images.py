"""Image files that once did harm: the bytes of each, by what it is."""

import io
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from image_files import chunk, png


def a_side_of_a_hundred_million() -> bytes:
    """MemoryError, which ended the run."""
    return png(100_000_000, 1, 8, 2, b"")


def floats_of_a_hundred_megapixels() -> bytes:
    """A TIFF of two strips that are hardly there took 3 GB."""
    buffer = io.BytesIO()
    Image.new("F", (10_000, 10_000), 0.5).save(buffer, "TIFF", compression="tiff_deflate")
    return buffer.getvalue()


def transparency_of_a_hundred_megapixels() -> bytes:
    """A PNG of one colour, laid on white."""
    rows = (b"\0" + bytes(4 * 10_000)) * 1000
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(rows) for _ in range(10)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 10_000, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def a_header_of_junk() -> bytes:
    """Bytes before the picture that are gone through one by one."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()[:2] + b"\xff" * 40_000_000


def exif_in_thousands_of_segments() -> bytes:
    """Pillow put them together one by one: 18 seconds."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(buffer, "JPEG")
    content = buffer.getvalue()
    segment = b"\xff\xe1" + struct.pack(">H", 5002) + b"Exif\0\0II*\0\x08\0\0\0" + bytes(4986)
    return content[:2] + segment * 3000 + content[2:]


def a_second_frame_that_is_cut_off() -> bytes:
    """The first was read, and the file said to be none."""
    frames = [Image.fromarray(np.full((8, 8, 3), n, np.uint8)) for n in (9, 99)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    content = buffer.getvalue()
    return content[: content.rindex(b"\x2c") + 9]


#: By their names.
ONCE_FAILED: dict[str, Callable[[], bytes]] = {
    made.__name__: made
    for made in (
        a_side_of_a_hundred_million,
        floats_of_a_hundred_megapixels,
        transparency_of_a_hundred_megapixels,
        a_header_of_junk,
        exif_in_thousands_of_segments,
        a_second_frame_that_is_cut_off,
    )
}
