"""Videos that browsers play: VP9 or VP8 in WebM."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from foveal.errors import DataError
from foveal.runs import video
from foveal.runs.video import Image

#: How the names of written videos end.
FILM_EXTENSION = ".webm"


class Film:
    """A video that is being written; use it with :func:`film`."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.written = 0

    def write(self, image: Image) -> None:
        """Add an image, (H, W, 3) uint8, RGB; one of another size is made to fit."""
        if image.shape[:2] != self.size:  # a stream may change its size on the way
            import cv2

            image = np.asarray(cv2.resize(image, self.size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        self._write(image)
        self.written += 1

    def _write(self, image: Image) -> None:
        raise NotImplementedError


@contextmanager
def film(path: Path, rate: float, size: tuple[int, int]) -> Iterator[Film]:
    """Write a video: VP9 where the package ``av`` is installed, else VP8, which OpenCV writes.

    OpenCV writes VP9 as well, but at its slowest setting: half a second for a frame of 1280 by 720.

    Parameters
    ----------
    path : pathlib.Path
        Of the ending ``.webm``.
    rate : float
        Frames a second.
    size : (int, int)
        Height and width; of odd ones the last row or column is left out.

    Raises
    ------
    DataError
        If no such video can be written here.
    OSError
        If the disk is full.
    """
    try:
        import av  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        writing = _by_opencv(path, rate, size)
    else:
        writing = _by_av(av, path, rate, size)
    with writing as made:
        yield made
    if made.written:
        _check(path)


@contextmanager
def _by_av(av: Any, path: Path, rate: float, size: tuple[int, int]) -> Iterator[Film]:
    height, width = (side - side % 2 for side in size)
    if not (height and width):
        raise _not_here(size)
    # A file object: a name that is no UTF-8 is no matter then.
    with path.open("wb") as file, av.open(file, "w", format="webm") as container:
        options = {"deadline": "realtime", "cpu-used": "7", "crf": "32", "b": "0", "row-mt": "1"}
        stream = container.add_stream(
            "libvpx-vp9", rate=Fraction(rate).limit_denominator(1001), options=options
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"

        class ByAv(Film):
            def _write(self, image: Image) -> None:
                frame = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(image[:height, :width]), format="rgb24"
                )
                container.mux(stream.encode(frame))

        yield ByAv(size)
        container.mux(stream.encode())


@contextmanager
def _by_opencv(path: Path, rate: float, size: tuple[int, int]) -> Iterator[Film]:
    import cv2

    with video.quiet(), video.taken_by_opencv(path) as name:
        height, width = size
        writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*"VP80"), rate, (width, height))
        if not writer.isOpened():
            raise _not_here(size)

        class ByOpenCV(Film):
            def _write(self, image: Image) -> None:
                writer.write(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR)))

        try:
            yield ByOpenCV(size)
        finally:
            writer.release()


def _not_here(size: tuple[int, int]) -> DataError:
    return DataError(f"A video of {size[1]} by {size[0]} pixels cannot be written here: use --no-draw.")


def _check(file: Path) -> None:
    """Refuse a video that is not whole: OpenCV says nothing where the disk is full."""
    if _is_whole(file):
        return
    with file.open("ab") as more:
        # What the system refused OpenCV, it refuses us.
        more.write(bytes(1 << 20))
    raise OSError(errno.EIO, "OpenCV wrote no whole video", str(file))


def _is_whole(file: Path) -> bool:
    """Whether a WebM file ends where its segment says that it does (RFC 8794, sections 4 to 6)."""
    with file.open("rb") as content:
        head = content.read(1024)

    def number(at: int) -> tuple[int, int]:
        """A number of variable size without its marker, and where it ends."""
        length = 9 - head[at].bit_length()
        return int.from_bytes(head[at : at + length]) & ((1 << 7 * length) - 1), at + length

    try:
        # Identifiers have four bytes: of the header, then of the segment, which holds all the rest.
        header, at = number(4)
        if head[at + header : at + header + 4] != bytes.fromhex("18538067"):
            return False
        segment, begins = number(at + header + 4)
    except IndexError:
        return False
    return begins + segment == file.stat().st_size
