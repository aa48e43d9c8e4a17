"""Small image files of every kind that is read, made by Pillow or by hand, to be damaged."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin, features


def _saved(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.copy().save(buffer, format, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, color: int, pixels: bytes, *before: bytes) -> bytes:
    """A PNG made by hand, which need not be right."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + body


def exif(orientation: int = 6) -> Image.Exif:
    """EXIF with an orientation and a text."""
    made = Image.Exif()
    made[274] = orientation
    made[0x010E] = "a picture" * 20
    return made


def seeds() -> dict[str, bytes]:
    """Whole files by name."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)
    rgb = Image.fromarray(noise)
    grey, alpha = rgb.convert("L"), rgb.convert("RGBA")
    deep = Image.fromarray(rng.integers(0, 4000, (24, 32)).astype(np.uint16))
    floats = Image.fromarray(rng.random((24, 32), np.float32) * 300 - 20)
    whole = Image.fromarray(rng.integers(-9, 99_999, (24, 32)).astype(np.int32))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 300, zip=True)
    text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>' * 5)

    def several() -> dict[str, Any]:
        # Saving leaves settings behind in an image.
        others = [rgb.transpose(Image.Transpose.ROTATE_180), Image.fromarray(255 - noise)]
        return {"save_all": True, "append_images": others}

    rows = b"".join(b"\0" + rng.bytes(32 * 6) for _ in range(24))
    found = {
        "jpeg": _saved(rgb, "JPEG", exif=exif(), icc_profile=b"profile" * 30, comment=b"hello"),
        "jpeg-progressive": _saved(rgb, "JPEG", progressive=True, quality=30, subsampling=2),
        "jpeg-grey": _saved(grey, "JPEG"),
        "jpeg-cmyk": _saved(rgb.convert("CMYK"), "JPEG"),
        "mpo": _saved(rgb, "MPO", **several()),
        "png": _saved(rgb, "PNG", pnginfo=text, exif=exif(), icc_profile=b"profile" * 30),
        "png-palette": _saved(rgb.quantize(16), "PNG", transparency=3),
        "png-grey-alpha": _saved(alpha.convert("LA"), "PNG"),
        "png-16": _saved(deep, "PNG"),
        "png-16-color": png(32, 24, 16, 2, rows),
        "png-1": _saved(grey.convert("1"), "PNG"),
        "png-animated": _saved(rgb, "PNG", **several()),
        "gif": _saved(rgb.quantize(16), "GIF", **several(), comment=b"hello" * 99),
        "gif-transparent": _saved(rgb.quantize(16), "GIF", transparency=2, interlace=1),
        "bmp": _saved(rgb, "BMP"),
        "bmp-palette": _saved(rgb.quantize(16), "BMP"),
        "dib": _saved(rgb, "DIB"),
        "webp": _saved(rgb, "WEBP", exif=exif()),
        "webp-lossless": _saved(alpha, "WEBP", lossless=True, **several()),
        "tiff": _saved(rgb, "TIFF", exif=exif()),
        "tiff-float": _saved(floats, "TIFF"),
        "tiff-integers": _saved(whole, "TIFF"),
        "tiff-16": _saved(deep, "TIFF", compression="tiff_deflate"),
        "tiff-lzw": _saved(rgb, "TIFF", compression="tiff_lzw"),
        "tiff-pages": _saved(rgb, "TIFF", **several()),
        "tiff-jpeg": _saved(rgb, "TIFF", compression="jpeg"),
        "tiff-packbits": _saved(grey, "TIFF", compression="packbits"),
        "tiff-group4": _saved(grey.convert("1"), "TIFF", compression="group4"),
        "ppm": _saved(rgb, "PPM"),
        "pgm-16": b"P5 8 4 65535\n" + rng.bytes(64),
        "pbm": _saved(grey.convert("1"), "PPM"),
        "ppm-plain": b"P3 4 2 255\n" + b" ".join(b"%d" % n for n in rng.integers(0, 256, 24)),
    }
    if features.check("jpg_2000"):
        found["jpeg2000"] = _saved(rgb, "JPEG2000")
        found["jpeg2000-tiled"] = _saved(alpha, "JPEG2000", tile_size=(16, 16), irreversible=True)
    if features.check("avif"):
        found["avif"] = _saved(rgb, "AVIF", exif=exif())
        found["avif-animated"] = _saved(rgb, "AVIF", **several())
    return found
