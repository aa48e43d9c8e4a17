"""The frames of a video or a camera, decoded ahead of those who use them."""

import os
import queue
import re
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.errors import DataError
from foveal.files import what_else

if TYPE_CHECKING:
    from cv2 import VideoCapture

#: Frames that each step is ahead of the next one.
_AHEAD = 4
# Cameras that do not say how many frames a second they give.
_USUAL_RATE = 30.0
_STREAM = re.compile("rtsps?://", re.IGNORECASE)

Item = TypeVar("Item")
Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Frame:
    """An image of a video, its number, counted from 0, and when it is shown."""

    number: int
    seconds: float
    image: Image


@contextmanager
def opened(source: str | os.PathLike[str] | int) -> Iterator["VideoCapture"]:
    """A capture that gives frames; OpenCV's and FFmpeg's own words are kept from the terminal.

    Of files regular ones alone are opened: a pipe would be waited for without end.
    """
    if not (isinstance(source, int) or is_stream(source)) and (what := _irregular(source)):
        raise DataError(f"{os.fspath(source)} is {what}: name a video that is a regular file.")
    with quiet():
        import cv2

        capture = None
        try:
            with suppress(cv2.error):
                if isinstance(source, int):
                    capture = cv2.VideoCapture(source)
                elif is_stream(source):
                    capture = cv2.VideoCapture(os.fspath(source))
                else:
                    with taken_by_opencv(source) as name:
                        capture = cv2.VideoCapture(name)
            if capture is None or not capture.isOpened():
                raise DataError(_unopened(source))
            yield capture
        finally:
            if capture is not None:
                capture.release()


def _unopened(source: str | os.PathLike[str] | int) -> str:
    if isinstance(source, int):
        return f"There is no camera {source} that can be opened, and no file of that name."
    if is_stream(source):
        return f"{without_password(str(source))} cannot be opened: nobody answers there, or not with a video."
    name = os.fspath(source)
    return f"{name} cannot be read as a video: it is damaged, or of a kind that OpenCV does not know."


def is_stream(source: str | os.PathLike[str] | int) -> bool:
    """Whether it is the address of a camera on the network: ``rtsp://…`` or ``rtsps://…``."""
    return isinstance(source, str) and _STREAM.match(source) is not None


def without_password(address: str) -> str:
    """An address without the user and the password in it."""
    return re.sub(r"(?<=://)[^/]*@", "", address)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what OpenCV and FFmpeg say of videos from the terminal."""
    # It is read when OpenCV first opens a file: -8 is FFmpeg's AV_LOG_QUIET.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


@contextmanager
def taken_by_opencv(path: str | os.PathLike[str]) -> Iterator[str]:
    """A name that OpenCV opens a file by: a name that is no UTF-8 would end the process.

    It is absolute, so that FFmpeg does not take the beginning of a file's name for a protocol.

    Raises
    ------
    DataError
        If the file needs another name, and links cannot be made here.
    """
    name = os.path.abspath(path)  # noqa: PTH100 - links stay
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="foveal-") as folder:
            link = Path(folder) / f"video{Path(path).suffix.encode('ascii', 'ignore').decode()}"
            try:
                link.symlink_to(name)
            except OSError as error:
                raise DataError(f"{path} cannot be opened: its name is not UTF-8; rename it.") from error
            yield str(link)
    else:
        yield name


def _irregular(source: str | os.PathLike[str]) -> str:
    """What a file is that is no regular one; ``""`` where it is one, or is not there."""
    try:
        return what_else(os.stat(source))  # noqa: PTH116
    except (OSError, ValueError):
        return ""


def _images(capture: "VideoCapture") -> Iterator[Image]:
    import cv2

    while True:
        there, image = capture.read()
        if not there or image is None or image.size == 0:
            return
        yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def file_frames(capture: "VideoCapture") -> Iterator[Frame]:
    """The frames of a file, with the times that it gives them, or those of a steady rate."""
    import cv2

    rate, last = frame_rate(capture), -1.0
    for number, image in enumerate(_images(capture)):
        seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some files have no times, or times that stand still.
        if not (np.isfinite(seconds) and seconds > last) or seconds < 0:
            seconds = max(number / rate, last)
        yield Frame(number, seconds, image)
        last = seconds


def camera_frames(capture: "VideoCapture") -> Iterator[Frame]:
    """The frames of a camera, with the seconds since its first one."""
    start = 0.0
    for number, image in enumerate(_images(capture)):
        now = time.perf_counter()
        start = start if number else now
        yield Frame(number, now - start, image)


def frame_rate(capture: "VideoCapture") -> float:
    """Frames a second that the source announces, or the usual number."""
    import cv2

    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if 0.1 <= rate <= 1000 else _USUAL_RATE


def announced_frames(capture: "VideoCapture") -> int | None:
    """How many frames a file says it has; None where it does not."""
    import cv2

    number = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(number) if np.isfinite(number) and 0 < number < 1e9 else None


class _End(NamedTuple):
    """The last thing in a queue: nothing more comes, perhaps because of an error."""

    error: BaseException | None = None


def ahead(items: Iterable[Item], *, newest: bool = False) -> Generator[Item, None, None]:
    """The items, fetched by a thread that is a few ahead.

    Parameters
    ----------
    items : iterable
    newest : bool, default=False
        Give the newest of them whenever one is asked for; those that nobody waited for are dropped.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(1 if newest else _AHEAD)
    stop = threading.Event()

    def put(item: Item | _End) -> None:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.0 if newest else 0.1)
                return
            except queue.Full:
                if newest:
                    with suppress(queue.Empty):
                        waiting.get_nowait()

    def fetch() -> None:
        end = _End()
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    break
        except BaseException as error:
            end = _End(error)
        put(end)

    thread = threading.Thread(target=fetch, name="foveal-frames", daemon=True)
    thread.start()
    try:
        while True:
            try:
                # Not for ever: on some systems Ctrl-C does not come through a wait without an end.
                item = waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        # A capture must not be released while a thread reads from it.
        stop.set()
        thread.join()
