"""Opening an image file as far as its header, and saying in a sentence why that is not possible.

Pillow's own ``Image.open`` is not used: it would try formats that run other programs (EPS), and its
check against decompression bombs reads a global of the process and warns. The plugins are asked
directly instead, each through what it registered.
"""

import io
import os
import stat
import struct
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from foveal.errors import ImageError
from foveal.files.regular import what_else, without_waiting
from foveal.images.file_kinds import is_heic, is_raw, unread, what_it_is
from foveal.parallel import SharedSetting

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000")
# What an accepting function of Pillow's may look at.
_LEAST_HEAD = 16

#: Bytes of an image file. 100 million pixels of 64 bits, not compressed, are 0.8 GB; stacks have more.
LARGEST = 16_000_000_000
#: Pixels of a side. JPEG has 65,535 at most; what is longer than this is 500 pixels wide within the usual
#: limit of area, and Pillow, OpenCV and every scaled copy of it would have troubles of their own.
LONGEST_SIDE = 200_000
# Bytes that may be read until an image's size and mode are known. Phones put maps of depth of 10 MB there,
# painting programs their layers into TIFF's header; a few formats are read whole.
_HEADER = 1 << 24
_HEADERS = {"GIF": 1 << 20, "TIFF": 1 << 28} | dict.fromkeys(("WEBP", "AVIF", "HEIF", "JPEG2000"), 1 << 28)

# Before more than this is read of a JPEG's header it is looked through: Pillow puts pieces of EXIF together
# one by one, in time that grows with the square of their number, and goes through junk letter by letter.
_USUAL, _MOST_EXIF, _MOST_SEGMENTS = 1 << 20, 64, 10_000

_permissive = SharedSetting(False)


class _HeaderError(ImageError):
    """A header has more bytes than are read of it."""


class _Counted(io.FileIO):
    """A file of which no more bytes are read than are allowed: headers can repeat themselves without end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "r", opener=without_waiting)
        self.allowed: float = float("inf")

    def readinto(self, buffer: Any, /) -> int | None:
        if self.allowed <= 0:
            self._refuse()
        count = super().readinto(buffer)
        self.allowed -= count or 0
        return count

    def readall(self) -> bytes:
        if os.fstat(self.fileno()).st_size - self.tell() > self.allowed:
            self._refuse()
        return super().readall()

    def _refuse(self) -> NoReturn:
        raise _HeaderError(
            f"{self.name} cannot be decoded: its header is larger than that of any image; save it again as "
            "JPEG or PNG."
        )


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator["ImageFile"]:
    """An image whose header has been read and whose pixels have not.

    Whatever goes wrong, here or inside the block, leaves it as an :class:`ImageError` that names the file.
    """
    path = Path(path)
    _refuse_no_file(path)
    try:
        with _Counted(path) as raw, io.BufferedReader(raw) as file, _whole_files_only():
            _refuse_irregular(path, os.fstat(raw.fileno()))
            yield from _identified(path, raw, file)
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(
            f"{path} cannot be decoded: there is too little memory for it; make it smaller."
        ) from error
    except PermissionError as error:
        raise ImageError(f"{path} may not be read; give yourself permission to read it.") from error
    except Exception as error:
        # Pillow's decoders raise nearly anything on a damaged file: OSError, SyntaxError, struct.error,
        # zlib.error, KeyError ...
        raise _damaged(path, error) from error


def _identified(path: Path, raw: _Counted, file: Any) -> Iterator["ImageFile"]:
    from PIL import Image

    head = file.read(512)
    if not head:
        raise ImageError(f"{path} is empty (0 bytes); copy it again from where it came, or delete it.")
    if is_raw(head, path.name):
        # Its first image, which would be read, is a small preview.
        raise ImageError(f"{path} is not an image that can be read: it is {unread('a.raw')}.")
    for name in ("HEIF",) if is_heic(head) and _has_heif() else _formats():
        factory, accept = Image.OPEN[name]
        # On a file of a few bytes some of them would fail.
        accepted = accept(head[:_LEAST_HEAD].ljust(_LEAST_HEAD, b"\0")) if accept is not None else True
        if not accepted or isinstance(accepted, str):
            continue
        image = _header(raw, file, name, factory)
        if min(image.size) < 1:
            raise ImageError(f"{path} holds no pixels: it is {image.width} x {image.height}; delete it.")
        if max(image.size) > LONGEST_SIDE:
            raise ImageError(
                f"{path} has {image.width} x {image.height} pixels, and no side may be longer than "
                f"{LONGEST_SIDE:,}; cut it into pieces."
            )
        try:
            yield image
        finally:
            image.close()
        return
    what = what_it_is(head, path.name)
    if not what and len(head) < _LEAST_HEAD:
        raise _damaged(path, EOFError())
    what = what or (f"none of {', '.join(_formats())}; convert it to JPEG or PNG, or delete it")
    raise ImageError(f"{path} is not an image that can be read: it is {what}.")


def _header(raw: _Counted, file: Any, name: str, factory: Any) -> "ImageFile":
    """An image of a format as far as its header, of which no more is read than there may be."""
    most = _HEADERS.get(name, _HEADER)
    if name == "JPEG":
        file.seek(0)
        raw.allowed = _USUAL
        try:
            image: ImageFile = factory(file, "")
            raw.allowed = float("inf")
            return image
        except _HeaderError:
            raw.allowed = most
            file.seek(0)
            if not _is_plain(file.read(most)):
                raise
    file.seek(0)
    raw.allowed = most
    image = factory(file, "")
    raw.allowed = float("inf")
    return image


def _is_plain(content: bytes) -> bool:
    """Whether the beginning of a JPEG is segments as they should be, however large, up to the pixels."""
    place, exif = 2, 0
    for _ in range(_MOST_SEGMENTS):
        marker = content[place : place + 2]
        if marker == b"\xff\xda":
            return exif <= _MOST_EXIF
        if len(marker) < 2 or marker[0] != 0xFF or not 0xC0 <= marker[1] < 0xFF:
            return False
        exif += content.startswith(b"Exif\0\0", place + 4)
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return False


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this installation of Pillow has; their plugins are imported."""
    from importlib import import_module

    from PIL import Image

    for plugin in ("Bmp", "Gif", "Jpeg", "Mpo", "Png", "Ppm", "Tiff", "WebP", "Avif", "Jpeg2K"):
        try:
            import_module(f"PIL.{plugin}ImagePlugin")
        except ImportError:
            continue
    # Of damaged EXIF and the like it warns; what matters of an image is said in an ImageError or a finding.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def _has_heif() -> bool:
    """Whether HEIC can be read: the package ``pillow-heif`` is installed, and registered now."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _whole_files_only() -> AbstractContextManager[None]:
    """Hold Pillow to refusing truncated files, also where the process has told it to fill them up.

    That switch is one global of Pillow. It is put back as it was when the last reader leaves.
    """
    from PIL import ImageFile

    name = "LOAD_TRUNCATED_IMAGES"
    return _permissive.held(partial(getattr, ImageFile, name), partial(setattr, ImageFile, name))


def _refuse_no_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(f"There is no image file {path}; check its name.") from error
    except PermissionError as error:
        raise ImageError(f"{path} may not be read; give yourself permission to read its folder.") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{str(path)!r} cannot be the name of a file ({error}); check it.") from error
    if stat.S_ISDIR(status.st_mode):
        if not os.access(path, os.R_OK | os.X_OK):
            raise ImageError(f"{path} is a folder that may not be read; give yourself permission to read it.")
        raise ImageError(f"{path} is a folder, not an image file; name a file in it.")
    _refuse_irregular(path, status)


def _refuse_irregular(path: Path, status: os.stat_result) -> None:
    if what := what_else(status):
        raise ImageError(f"{path} is not a regular file, it is {what}; name an image file.")
    if status.st_size > LARGEST:
        raise ImageError(
            f"{path} has {status.st_size / 1e9:.3g} GB, and no image more than {LARGEST / 1e9:.3g}; delete "
            "it."
        )


def _damaged(path: Path, error: Exception) -> ImageError:
    reason = str(error) or type(error).__name__
    if isinstance(error, (EOFError, struct.error)) or "truncated" in reason.lower():
        return ImageError(
            f"{path} is truncated, its end is missing; copy it again from where it came, or delete it."
        )
    return ImageError(
        f"{path} cannot be decoded, it is damaged or of a rare kind ({reason}); save it again as JPEG or PNG."
    )
