"""Using a model on a video or a camera, frame after frame."""

import json
import os
import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from foveal.data.detections import Detections
from foveal.errors import DataError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.files import replacing
from foveal.images import draw_boxes
from foveal.models.loading import load
from foveal.runs.folder import empty_folder

#: How the names of files end that are taken for videos.
VIDEO_EXTENSIONS = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"}
)
#: Frames that each step is ahead of the next one.
_AHEAD = 4
# Cameras that do not say how many frames a second they give.
_USUAL_RATE = 30.0

Item = TypeVar("Item")
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class LiveResults:
    """What became of a video or of what a camera saw.

    Attributes
    ----------
    folder : pathlib.Path
    predictions : pathlib.Path
        JSON lines, one a frame.
    video : pathlib.Path or None
        The annotated video, where one was asked for.
    frames : int
        Frames that were looked at.
    dropped : int
        Frames of a camera that came while the model was at work, and were passed over.
    model_fps : float
        Frames a second that the model alone makes: decoding, drawing and writing are excluded. The first
        frame, on which everything is made ready, is not counted where there are others.
    fps : float
        Frames a second of the whole, decoding included, counted in the same way.
    stopped : bool
        Whether it was ended by Ctrl-C.
    """

    folder: Path
    predictions: Path
    video: Path | None
    frames: int
    dropped: int
    model_fps: float
    fps: float
    stopped: bool


@dataclass(frozen=True, eq=False)
class _Frame:
    """A picture of a video, its number, counted from 0, and when it is shown."""

    number: int
    seconds: float
    picture: Picture


def live_source(inputs: Sequence[str | os.PathLike[str]]) -> Path | int | None:
    """The video or the camera that a user names; None where these are pictures.

    A name of digits alone is a camera's number, unless there is a file or folder of that name.

    Raises
    ------
    SettingError
        If a video or a camera is not the only one named.
    DataError
        If there is no such video.

    Examples
    --------
    >>> live_source(["0"])
    0
    >>> live_source(["a.jpg", "b.jpg"]) is None
    True
    """
    found: list[Path | int] = []
    for name in inputs:
        path = Path(name)
        if str(name).isdecimal() and not path.exists():
            found.append(int(str(name)))
        elif path.suffix.lower() in VIDEO_EXTENSIONS and not path.is_dir():
            found.append(path)
    if not found:
        return None
    if len(inputs) > 1:
        raise SettingError("Videos and cameras are looked at one at a time: name one and nothing else.")
    source = found[0]
    if isinstance(source, Path) and not source.exists():
        raise DataError(f"There is no file {source}.")
    return source


def predict_live(
    run: str | os.PathLike[str],
    source: str | os.PathLike[str] | int,
    out: str | os.PathLike[str],
    *,
    min_score: float | None = None,
    draw: bool = True,
    callbacks: Callbacks = (),
) -> LiveResults:
    """Predict on every frame of a video, or on what a camera sees until Ctrl-C.

    Frames are decoded ahead in a thread, the model works in another, drawing and writing in this one.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    source : path-like or int
        A video file, or the number of a camera. Where a camera is faster than the model, the newest frame is
        looked at.
    out : path-like
        A new or empty folder. It receives ``predictions.jsonl``, which grows with every frame, and
        the annotated video, an MP4 file of the source's size and speed.
    min_score : float, optional
        Detections less probable than this are left out; by default the model's ``threshold_``.
    draw : bool, default=True
        Write the annotated video.
    callbacks : sequence of callables

    Returns
    -------
    LiveResults

    Raises
    ------
    FovealError
        If there is no model, the video cannot be read or is empty, there is no such camera, or ``out`` is
        not empty.
    KeyboardInterrupt
        On Ctrl-C in a video file, after what there is has been written. A camera is ended by it, and no
        error.
    """
    model = load(run)
    live = isinstance(source, int)
    with _opened(source) as capture:
        frames: Iterator[_Frame] = _camera_frames(capture) if live else _file_frames(capture)
        first = next(frames, None)
        if first is None:
            raise DataError(
                f"Camera {source} gives no picture." if live else f"{source} holds no frame of a video."
            )
        folder = empty_folder(out)
        rate = _rate(capture)
        name = f"camera-{source}" if live else Path(os.fspath(source)).stem
        answering = _Answering(model, min_score)
        writing = _Writing(folder, f"{name}.mp4" if draw else None, rate, live, first.picture.shape[:2])
        total = None if live else _announced(capture)
        with stage(callbacks, "prediction", total) as progress, writing.open():
            try:
                # The last step is closed first: each waits for its thread, which uses the one before.
                with (
                    closing(_newest(frames) if live else _ahead(frames)) as decoded,
                    closing(_ahead(answering(first, decoded))) as answers,
                ):
                    for frame, answer, begin, end in answers:
                        writing.take(frame, answer, begin, end)
                        progress(writing.frames)
            except KeyboardInterrupt:
                writing.stopped = True
    if total is not None and not writing.stopped and writing.frames < 0.9 * total:
        emit(callbacks, "note", text=f"The video ends after {writing.frames} of {total} frames.")
    if writing.stopped and not live:
        raise KeyboardInterrupt
    return writing.results()


# -- frames in ------------------------------------------------------------------------------------------


@contextmanager
def _opened(source: str | os.PathLike[str] | int) -> Iterator[Any]:
    """A capture that gives frames; OpenCV's and FFmpeg's own words are kept from the terminal."""
    # It is read when OpenCV first opens a file: -8 is FFmpeg's AV_LOG_QUIET.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)
    capture = None
    try:
        with suppress(cv2.error):
            capture = cv2.VideoCapture(source if isinstance(source, int) else os.fspath(source))
        if capture is None or not capture.isOpened():
            raise DataError(
                f"There is no camera {source} that can be opened, and no file of that name."
                if isinstance(source, int)
                else f"{os.fspath(source)} cannot be read as a video: it is damaged, or of a kind that "
                "OpenCV does not know."
            )
        yield capture
    finally:
        if capture is not None:
            capture.release()
        cv2.utils.logging.setLogLevel(level)


def _read(capture: Any) -> Picture | None:
    import cv2

    there, picture = capture.read()
    if not there or picture is None or picture.size == 0:
        return None
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def _file_frames(capture: Any) -> Iterator[_Frame]:
    import cv2

    rate, last = _rate(capture), -1.0
    number = 0
    while (picture := _read(capture)) is not None:
        seconds = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        # Some files have no times, or times that stand still.
        if not (np.isfinite(seconds) and seconds > last) or seconds < 0:
            seconds = max(number / rate, last)
        yield _Frame(number, seconds, picture)
        number, last = number + 1, seconds


def _camera_frames(capture: Any) -> Iterator[_Frame]:
    start = None
    number = 0
    while (picture := _read(capture)) is not None:
        now = time.perf_counter()
        start = now if start is None else start
        yield _Frame(number, now - start, picture)
        number += 1


def _rate(capture: Any) -> float:
    """Frames a second that the source announces, or the usual number."""
    import cv2

    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if 0.1 <= rate <= 1000 else _USUAL_RATE


def _announced(capture: Any) -> int | None:
    import cv2

    number = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(number) if np.isfinite(number) and 0 < number < 1e9 else None


class _End:
    """The last thing in a queue: nothing more comes, perhaps because of an error."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _ahead(items: Iterable[Item], size: int = _AHEAD) -> Generator[Item, None, None]:
    """The items, fetched by a thread that is a few ahead."""

    def put(waiting: "queue.Queue[Item | _End]", item: Item | _End, stop: threading.Event) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return

    return _fetched(items, size, put)


def _newest(items: Iterable[Item]) -> Generator[Item, None, None]:
    """The newest of the items whenever one is asked for; those that nobody waited for are dropped."""

    def put(waiting: "queue.Queue[Item | _End]", item: Item | _End, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                waiting.put_nowait(item)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    waiting.get_nowait()

    return _fetched(items, 1, put)


def _fetched(items: Iterable[Item], size: int, put: Any) -> Generator[Item, None, None]:
    """What a thread fetches and puts into a queue."""
    waiting: queue.Queue[Item | _End] = queue.Queue(size)
    stop = threading.Event()

    def fetch() -> None:
        end = _End()
        try:
            for item in items:
                put(waiting, item, stop)
                if stop.is_set():
                    break
        except BaseException as error:
            end = _End(error)
        put(waiting, end, stop)

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


# -- answers --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answering:
    """The model's answers to frames, one after the other, each with the times of its beginning and end."""

    model: Any
    min_score: float | None

    def __call__(self, first: _Frame, others: Iterable[_Frame]) -> Iterator[tuple[_Frame, Any, float, float]]:
        yield self._timed(first)
        for frame in others:
            yield self._timed(frame)

    def _timed(self, frame: _Frame) -> tuple[_Frame, Any, float, float]:
        begin = time.perf_counter()
        answer = self._answer(frame.picture)
        return frame, answer, begin, time.perf_counter()

    def _answer(self, picture: Picture) -> Detections | dict[str, float]:
        if hasattr(self.model, "propose"):
            detections: Detections = self.model.predict([picture])[0]
            least = self.model.threshold_ if self.min_score is None else self.min_score
            return detections[detections.scores >= least]
        probabilities = self.model.predict_proba([picture])[0]
        return {str(c): float(p) for c, p in zip(self.model.classes_, probabilities, strict=True)}


# -- what is written ------------------------------------------------------------------------------------


@dataclass
class _Writing:
    """The files that grow with the frames, and the count of them."""

    folder: Path
    name: str | None
    rate: float
    live: bool
    size: tuple[int, int]
    frames: int = 0
    stopped: bool = False
    _last: int = 0
    _written: int = 0
    _model_seconds: list[float] = field(default_factory=list)
    _begin: float = 0.0
    _end: float = 0.0
    _lines: Any = None
    _video: Any = None

    @property
    def predictions(self) -> Path:
        """One line a frame."""
        return self.folder / "predictions.jsonl"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold both files open; the video gets its name when it is whole."""
        with self.predictions.open("w", encoding="utf-8") as self._lines:
            if self.name is None:
                yield
                return
            import cv2

            with replacing(self.folder / self.name) as temporary:
                height, width = self.size
                kind = cv2.VideoWriter.fourcc(*"mp4v")
                self._video = cv2.VideoWriter(str(temporary), kind, self.rate, (width, height))
                if not self._video.isOpened():
                    raise DataError(
                        f"A video of {width} by {height} pixels cannot be written here: use --no-draw."
                    )
                try:
                    yield
                finally:
                    self._video.release()

    def take(self, frame: _Frame, answer: Detections | dict[str, float], begin: float, end: float) -> None:
        """Write what is said of a frame, and remember when it was said."""
        line: dict[str, Any] = {"frame": frame.number, "seconds": round(frame.seconds, 4)}
        if isinstance(answer, Detections):
            line["detections"] = answer.to_rows()
        else:
            line["label"] = max(answer, key=lambda name: answer[name])
            line["probabilities"] = {name: round(value, 6) for name, value in answer.items()}
        self._lines.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._lines.flush()
        if self._video is not None:
            self._show(frame, answer)
        self.frames += 1
        self._last = frame.number
        self._model_seconds.append(end - begin)
        self._end = time.perf_counter()
        if self.frames == 1:
            # While this frame was drawn, the model was at the next one.
            self._begin = end

    def _show(self, frame: _Frame, answer: Detections | dict[str, float]) -> None:
        import cv2

        picture = drawn_answer(frame.picture, answer)
        if picture.shape[:2] != self.size:  # a stream may change its size on the way
            picture = np.asarray(cv2.resize(picture, self.size[::-1], interpolation=cv2.INTER_AREA))
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        # Where frames of a camera were dropped, the last one stays as long as it stood.
        wanted = round(frame.seconds * self.rate) + 1 if self.live else self._written + 1
        for _ in range(wanted - self._written):
            self._video.write(picture)
        self._written = max(wanted, self._written)

    def results(self) -> LiveResults:
        """What there is in the end."""
        counted = self._model_seconds[1:] or self._model_seconds
        spent = self._end - self._begin if self.frames > 1 else sum(counted)
        return LiveResults(
            self.folder,
            self.predictions,
            None if self.name is None else self.folder / self.name,
            self.frames,
            self._last + 1 - self.frames if self.live and self.frames else 0,
            len(counted) / max(sum(counted), 1e-9) if counted else 0.0,
            len(counted) / max(spent, 1e-9) if counted else 0.0,
            self.stopped,
        )


def drawn_answer(picture: Picture, answer: Detections | dict[str, float]) -> Picture:
    """A copy of a picture with what a model says of it.

    Parameters
    ----------
    picture : ndarray of shape (H, W, 3), uint8
    answer : Detections or dict of str to float
        Of a classifier the probability of each class: the most probable one is written along the border.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
    """
    if isinstance(answer, Detections):
        return answer.draw(picture)
    names = list(answer)
    best = max(range(len(names)), key=lambda place: answer[names[place]])
    height, width = picture.shape[:2]
    name = f"{names[best]} {answer[names[best]]:.2f}"
    return draw_boxes(picture, [[0, 0, width, height]], [name], colors=[best])
