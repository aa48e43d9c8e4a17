"""Damaged image files of every kind: read, or refused by an ``ImageError``.

From the repository's root: ``python tests/fuzz/images.py --seconds 3600 --keep failures``.
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import harness
import image_files
import text_mutations

from foveal.errors import ImageError
from foveal.images import probe, read, used_bits

# What may stand in the place of a number of a header, whatever its width.
_NUMBERS = (0, 1, 2, 3, 7, 8, 255, 256, 32767, 32768, 65535, 65536, 10**6, 10**8, 2**31 - 1, 2**31, 2**32 - 1)
# Of TIFF: sides, bits, compression, strips, samples, rows, planes, tiles, predictor, colours, ink.
_TAGS = (
    256,
    257,
    258,
    259,
    262,
    273,
    277,
    278,
    279,
    284,
    317,
    320,
    322,
    323,
    324,
    325,
    330,
    338,
    339,
    347,
    530,
)


def try_file(path: Path) -> str:
    """Read an image; what comes of it."""
    try:
        info = probe(path)
    except ImageError:
        info = None
    try:
        image = read(path)
    except ImageError as error:
        if "too little memory" in str(error):
            raise MemoryError(str(error)) from error
        raise
    if info is None:
        raise AssertionError("it is read, though its header cannot be")
    if (image.dtype, image.shape) != (np.uint8, (info.height, info.width, 3)):
        raise AssertionError(f"{image.dtype} {image.shape}, but the header says {info}")
    if info.bits == 16 and used_bits(path) not in range(8, 17):
        raise AssertionError(f"{used_bits(path)} bits")
    return "used"


def make(rng: np.random.Generator, folder: Path) -> Iterator[tuple[Path, str]]:
    """Files of every kind in turn, each changed somewhere."""
    seeds = list(image_files.seeds().items())
    number = 0
    while True:
        for name, content in seeds:
            path, said = folder / f"{number}-{name}", ""
            for _ in range(int(rng.choice([1, 1, 2]))):
                content, how = _changed(name, content, rng)
                said += f" {how};"
            path.write_bytes(content)
            yield path, said.strip(" ;")
            number += 1


def _changed(name: str, content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    kind = int(rng.integers(6))
    if kind < 2 or len(content) < 24:
        return text_mutations.bytes_changed(content, rng)
    if kind < 4:
        return _number_changed(content, rng)
    if name.startswith("png"):
        return _png_changed(content, rng)
    if name.startswith(("jpeg", "mpo")) and "2000" not in name:
        return _jpeg_changed(content, rng)
    if name.startswith("tiff"):
        return _tiff_changed(content, rng)
    # Most headers are short.
    place = int(rng.integers(min(len(content), 64)))
    value = int(rng.integers(256))
    return content[:place] + bytes([value]) + content[place + 1 :], f"{value} at {place}"


def _number_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A number of two, four or eight bytes somewhere, mostly near the beginning."""
    order, width = str(rng.choice(["<", ">"])), str(rng.choice(["H", "I", "I", "Q"]))
    size = struct.calcsize(width)
    most = len(content) - size if rng.random() < 0.3 else min(len(content) - size, 200)
    place = int(rng.integers(most))
    value = int(rng.choice(_NUMBERS)) % 2 ** (8 * size)
    changed = content[:place] + struct.pack(order + width, value) + content[place + size :]
    return changed, f"{value} at {place}"


def _png_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A chunk changed, repeated, gone or made up, with a right checksum."""
    chunks, place = [], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    if not chunks:
        return text_mutations.bytes_changed(content, rng)
    at = int(rng.integers(len(chunks)))
    kind, body = chunks[at]
    way = int(rng.integers(6))
    said = f"chunk {kind!r}"
    if way == 0:
        del chunks[at]
        said += " is gone"
    elif way == 1:
        times = int(rng.choice([2, 1000]))
        chunks[at:at] = [chunks[at]] * times
        said += f" {times} times more"
    elif way == 2:
        new, how = text_mutations.bytes_changed(body, rng)
        chunks[at] = (kind, new[: 1 << 20])
        said += f" {how}"
    elif way == 3 and kind == b"IHDR" and len(body) == 13:
        sides = [int(rng.choice(_NUMBERS)) for _ in range(2)]
        chunks[at] = (kind, struct.pack(">II", *sides) + body[8:])
        said += f" {sides}"
    else:
        bomb = zlib.compress(b"\0" * int(rng.choice([10, 10**6, 10**8])))
        name, before = {
            0: (b"zTXt", b"a\0\0"),
            1: (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"),
            2: (b"iCCP", b"a\0\0"),
            3: (b"eXIf", b"II*\0\x08\0\0\0"),
            4: (b"tRNS", b""),
            5: (b"acTL", b"\xff\xff\xff\xff"),
        }[int(rng.integers(6))]
        chunks.insert(1, (name, before + bomb))
        said = f"{name!r} of {len(bomb)} bytes that inflate"
    return content[:8] + b"".join(image_files.chunk(*one) for one in chunks), said


def _jpeg_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Segments put in behind the beginning: EXIF, profiles, indices of several pictures, junk."""
    marker, body = {
        0: (b"\xff\xe1", b"Exif\0\0" + _directory(rng)),
        1: (b"\xff\xe2", b"ICC_PROFILE\0\1\xff" + rng.bytes(50)),
        2: (b"\xff\xe2", b"MPF\0" + _directory(rng)),
        3: (b"\xff\xed", b"Photoshop 3.0\0" + b"8BIM\x03\xed\0\0\xff\xff\xff\xff"),
        4: (b"\xff\xfe", rng.bytes(200)),
        5: (b"\xff\xe1", b"http://ns.adobe.com/xap/1.0/\0" + b'<x tiff:Orientation="99"/>' * 40),
        6: (b"\xff\xc0", b"\x08\xff\xff\xff\xff\x03\1\x22\0\2\x11\1\3\x11\1"),
        7: (b"\xff\xdb", rng.bytes(65)),
    }[int(rng.integers(8))]
    times = int(rng.choice([1, 1, 30, 3000]))
    segment = marker + struct.pack(">H", len(body) + 2) + body
    return content[:2] + segment * times + content[2:], f"{marker!r} of {len(body)} bytes {times} times"


def _directory(rng: np.random.Generator) -> bytes:
    """TIFF's directory, whose entries speak of more than there is, or of themselves."""
    order = str(rng.choice(["<", ">"]))
    count = int(rng.choice([1, 5, 200, 65535]))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    entries = b""
    for n in range(min(count, 400)):
        tag = int(rng.choice([256, 257, 274, 0x8769, 0xB001, 0xB002, n]))
        values, place = int(rng.choice([1, 2, 1000, 2**31, 2**32 - 1])), int(rng.choice([0, 6, 8, 2**32 - 1]))
        entries += struct.pack(order + "HHII", tag, int(rng.integers(20)), values, place)
    return head + struct.pack(order + "H", count) + entries


def _tiff_changed(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """An entry of the first directory: its tag, its type, how many values it has, or where they are."""
    order = "<" if content[:2] == b"II" else ">"
    start = struct.unpack(order + "I", content[4:8])[0]
    if start + 2 > len(content):
        return text_mutations.bytes_changed(content, rng)
    entries = struct.unpack(order + "H", content[start : start + 2])[0]
    at = start + 2 + 12 * int(rng.integers(max(1, entries)))
    if at + 12 > len(content):
        return text_mutations.bytes_changed(content, rng)
    tag, kind, count, value = struct.unpack(order + "HHII", content[at : at + 12])
    part = int(rng.integers(4))
    if part == 0:
        tag = int(rng.choice(_TAGS))
    elif part == 1:
        kind = int(rng.integers(20))
    elif part == 2:
        count = int(rng.choice(_NUMBERS)) % 2**32
    else:
        value = int(rng.choice(_NUMBERS)) % 2**32
    new = struct.pack(order + "HHII", tag, kind, count, value)
    return content[:at] + new + content[at + 12 :], f"entry {(tag, kind, count, value)}"


if __name__ == "__main__":
    sys.exit(harness.main(__file__, make, try_file, ImageError))
