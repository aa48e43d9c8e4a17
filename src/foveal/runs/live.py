"""Using a model on a video or a camera, frame after frame."""

import errno
import glob
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from foveal.data.detections import Detections
from foveal.errors import DataError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.exits import Stopped, answered
from foveal.files import append_line, claimed, replacing, write_text
from foveal.files.plain import json_text
from foveal.images import draw_boxes
from foveal.models.contracts import Model, is_classifier, is_detector
from foveal.runs import video
from foveal.runs.predicting import load_predictor
from foveal.runs.video import Frame, Image
from foveal.wording import count

#: How the names of files end that are taken for videos.
VIDEO_EXTENSIONS = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"}
)
_CAMERA = re.compile("[0-9]{1,4}")


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


def live_source(inputs: Sequence[str | os.PathLike[str]]) -> Path | int | None:
    """The video or the camera that a user names; None where these are images.

    Up to four digits are a camera's number, unless there is a file or folder of that name.

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
        if _CAMERA.fullmatch(str(name)) and not path.exists():
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
    model = load_predictor(run)
    live = isinstance(source, int)
    with video.opened(source) as capture:
        frames: Iterator[Frame] = video.camera_frames(capture) if live else video.file_frames(capture)
        first = next(frames, None)
        if first is None:
            raise DataError(
                f"Camera {source} gives no picture." if live else f"{source} holds no frame of a video."
            )
        rate = video.frame_rate(capture)
        name = f"camera-{source}" if isinstance(source, int) else Path(source).stem
        film = f"{name}.mp4" if draw else None
        what = {"run": str(run), "source": str(source), "min_score": min_score, "draw": draw}
        leaves = ("predictions.jsonl", glob.escape(f"{name}.mp4"))
        with claimed(out, "predict", what, leaves=leaves) as folder:
            writing = _Writing(folder, film, rate, live, first.image.shape[:2])
            total = None if live else video.announced_frames(capture)
            stop: KeyboardInterrupt | None = None
            with stage(callbacks, "prediction", total) as progress, writing.open():
                try:
                    # The last step is closed first: each waits for its thread, which uses the one before.
                    with (
                        closing(video.ahead(frames, newest=live)) as decoded,
                        closing(video.ahead(_answers(model, min_score, chain([first], decoded)))) as answers,
                    ):
                        for frame, answer, begin, end in answers:
                            writing.take(frame, answer, begin, end)
                            progress(writing.frames)
                except KeyboardInterrupt as end_of_it:
                    writing.stopped, stop = True, end_of_it
                    if _ends_a_camera(stop, live):
                        answered()
            if stop is not None and not _ends_a_camera(stop, live):
                raise stop
    if total is not None and not writing.stopped and writing.frames < 0.9 * total:
        emit(callbacks, "note", text=f"The video ends after {writing.frames} of {count(total, 'frame')}.")
    return writing.results()


def _ends_a_camera(stop: KeyboardInterrupt, live: bool) -> bool:
    """Whether it is the Ctrl-C that a camera is ended by, and not a signal of another kind."""
    return live and not (isinstance(stop, Stopped) and stop.number != signal.SIGINT)


# -- answers --------------------------------------------------------------------------------------------


def _answers(
    model: Model, min_score: float | None, frames: Iterable[Frame]
) -> Iterator[tuple[Frame, Detections | dict[str, float], float, float]]:
    """The model's answers to frames, one after the other, each with the times of its beginning and end."""
    for frame in frames:
        begin = time.perf_counter()
        answer: Detections | dict[str, float]
        if is_detector(model):
            answer = model.predict([frame.image])[0]
            answer = answer[answer.scores >= (model.threshold_ if min_score is None else min_score)]
        else:
            assert is_classifier(model)
            probabilities = model.predict_proba([frame.image])[0]
            answer = {str(c): float(p) for c, p in zip(model.classes_, probabilities, strict=True)}
        yield frame, answer, begin, time.perf_counter()


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
    _video: Any = None

    @property
    def predictions(self) -> Path:
        """One line a frame."""
        return self.folder / "predictions.jsonl"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold both files open; the video gets its name when it is whole."""
        write_text(self.predictions, "")
        if self.name is None:
            yield
            return
        import cv2

        # It can be made again: waiting for the disk could take longer than whoever stops it waits.
        with (
            replacing(self.folder / self.name, sync=False) as temporary,
            video.taken_by_opencv(temporary) as opened,
        ):
            height, width = self.size
            kind = cv2.VideoWriter.fourcc(*"mp4v")
            self._video = cv2.VideoWriter(opened, kind, self.rate, (width, height))
            if not self._video.isOpened():
                raise DataError(
                    f"A video of {width} by {height} pixels cannot be written here: use --no-draw."
                )
            try:
                yield
            finally:
                self._video.release()
            self._check(temporary)

    def take(self, frame: Frame, answer: Detections | dict[str, float], begin: float, end: float) -> None:
        """Write what is said of a frame, and remember when it was said."""
        line: dict[str, Any] = {"frame": frame.number, "seconds": round(frame.seconds, 4)}
        if isinstance(answer, Detections):
            line["detections"] = answer.to_rows()
        else:
            line["label"] = max(answer, key=lambda name: answer[name])
            line["probabilities"] = {name: round(value, 6) for name, value in answer.items()}
        append_line(self.predictions, json_text(line))
        if self._video is not None:
            self._show(frame, answer)
        self.frames += 1
        self._last = frame.number
        self._model_seconds.append(end - begin)
        self._end = time.perf_counter()
        if self.frames == 1:
            # While this frame was drawn, the model was at the next one.
            self._begin = end

    def _show(self, frame: Frame, answer: Detections | dict[str, float]) -> None:
        import cv2

        drawn = drawn_answer(frame.image, answer)
        if drawn.shape[:2] != self.size:  # a stream may change its size on the way
            drawn = np.asarray(cv2.resize(drawn, self.size[::-1], interpolation=cv2.INTER_AREA))
        drawn = np.asarray(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
        # Where frames of a camera were dropped, the last one stays as long as it stood.
        wanted = round(frame.seconds * self.rate) + 1 if self.live else self._written + 1
        for _ in range(wanted - self._written):
            self._video.write(drawn)
        self._written = max(wanted, self._written)

    def _check(self, file: Path) -> None:
        """Refuse a video that is not whole: OpenCV says nothing where the disk is full.

        Raises
        ------
        OSError
        """
        import cv2

        with video.taken_by_opencv(file) as name:
            written = cv2.VideoCapture(name)
        try:
            if written.isOpened() or not self._written:
                return
        finally:
            written.release()
        with file.open("ab") as more:
            # What the system refused OpenCV, it refuses us.
            more.write(bytes(1 << 20))
        raise OSError(errno.EIO, "OpenCV wrote no whole video", str(file))

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


def drawn_answer(image: Image, answer: Detections | dict[str, float]) -> Image:
    """A copy of an image with what a model says of it.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
    answer : Detections or dict of str to float
        Of a classifier the probability of each class: the most probable one is written along the border.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
    """
    if isinstance(answer, Detections):
        return answer.draw(image)
    best = max(answer, key=lambda name: answer[name])
    height, width = image.shape[:2]
    said = f"{best} {answer[best]:.2f}"
    return draw_boxes(image, [[0, 0, width, height]], [said], colors=[list(answer).index(best)])
