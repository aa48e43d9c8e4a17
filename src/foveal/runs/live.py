"""Using a model on a video or a camera, frame after frame."""

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

from foveal.data.detections import Detections
from foveal.data.file_tree import Tree
from foveal.errors import DataError, SettingError
from foveal.events import Callbacks, emit, stage
from foveal.exits import Stopped, answered
from foveal.files import append_line, claimed, replacing, unique_names, write_text
from foveal.files.plain import json_text
from foveal.images import draw_boxes
from foveal.models.contracts import Model, is_classifier, is_detector
from foveal.runs import video
from foveal.runs.film import FILM_EXTENSION, Film, film
from foveal.runs.predicting import check_form, load_predictor
from foveal.runs.video import Frame, Image
from foveal.tracking import ByteTrack, Counter, Tracked
from foveal.tracking.counting import draw_counts, draw_tracked
from foveal.wording import count

#: How the names of files end that are taken for videos.
VIDEO_EXTENSIONS = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".ts", ".webm", ".wmv"}
)
_CAMERA = re.compile("[0-9]{1,4}")
# The score from which a weak detection keeps an object in sight, as in ByteTrack's paper.
_WEAK = 0.1


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
    counts : dict of str to dict of str to int
        What was counted in the end; see :class:`foveal.tracking.Counter`.
    """

    folder: Path
    predictions: Path
    video: Path | None
    frames: int
    dropped: int
    model_fps: float
    fps: float
    stopped: bool
    counts: dict[str, dict[str, int]] = field(default_factory=dict)


def live_source(inputs: Sequence[str | os.PathLike[str]]) -> Path | str | int | None:
    """The video or the camera that a user names; None where these are images.

    Up to four digits are a camera's number, unless there is a file or folder of that name; a camera on the
    network is an address, ``rtsp://…``.

    Raises
    ------
    SettingError
        If a video or a camera is not the only one named; see :func:`video_files` for several.
    DataError
        If there is no such video.

    Examples
    --------
    >>> live_source(["0"])
    0
    >>> live_source(["a.jpg", "b.jpg"]) is None
    True
    """
    found: list[Path | str | int] = []
    for name in inputs:
        path = Path(name)
        if video.is_stream(str(name)):
            found.append(str(name))
        elif _CAMERA.fullmatch(str(name)) and not path.exists():
            found.append(int(str(name)))
        elif path.suffix.lower() in VIDEO_EXTENSIONS and not path.is_dir():
            found.append(path)
    if not found:
        return None
    if len(inputs) > 1:
        raise SettingError(
            "Videos and cameras are looked at one at a time: name one and nothing else, or a folder of them."
        )
    source = found[0]
    if isinstance(source, Path) and not source.exists():
        raise DataError(f"There is no file {source}.")
    return source


def video_files(inputs: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The videos of a folder that holds videos and no images, those of its sub-folders too; else none.

    Raises
    ------
    SettingError
        If there are images beside the videos.
    """
    if len(inputs) != 1 or not Path(inputs[0]).is_dir():
        return []
    folder = Path(inputs[0])
    inside = (p for p in folder.rglob("*") if p.suffix.lower() in VIDEO_EXTENSIONS and p.is_file())
    found = sorted(p for p in inside if not any(n.startswith(".") for n in p.relative_to(folder).parts))
    if found and Tree.scan(folder).images:
        raise SettingError(
            f"{folder} holds pictures and videos: name the pictures by a pattern ('{folder / '*.jpg'}'), or "
            "one video."
        )
    return found


def predict_videos(
    run: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    callbacks: Callbacks = (),
    **settings: Any,
) -> tuple[list[LiveResults], dict[str, str]]:
    """Predict on every video of a folder and below; a bad one never stops the others.

    Parameters
    ----------
    run : path-like
    folder : path-like
    out : path-like
        A new or empty folder. Each video gets a folder of its name in it, under its sub-folders; see
        :func:`predict_live`.
    callbacks : sequence of callables
    **settings
        As those of :func:`predict_live`.

    Returns
    -------
    list of LiveResults
    dict of str to str
        The videos that cannot be read, each with the reason.
    """
    files = video_files([folder])
    if not files:
        raise DataError(f"The folder {folder} holds no videos.")
    what = {"run": str(run), "folder": str(folder), "settings": {k: str(v) for k, v in settings.items()}}
    names = unique_names(file.relative_to(folder).with_suffix("").as_posix() for file in files)
    done: list[LiveResults] = []
    unreadable: dict[str, str] = {}
    # What was whole when it was broken off is made again: a video is not gone on with.
    leaves = sorted({glob.escape(Path(name).parts[0]) for name in names})
    with claimed(out, "predict", what, leaves=leaves) as made:
        for file, name in zip(files, names, strict=True):
            try:
                done.append(predict_live(run, file, made / name, callbacks=callbacks, **settings))
            except DataError as error:
                unreadable[str(file)] = str(error)
    return done, unreadable


def predict_live(
    run: str | os.PathLike[str],
    source: str | os.PathLike[str] | int,
    out: str | os.PathLike[str],
    *,
    min_score: float | None = None,
    draw: bool = True,
    track: bool = False,
    count_line: Sequence[float] | None = None,
    count_zone: Sequence[float] | None = None,
    callbacks: Callbacks = (),
) -> LiveResults:
    """Predict on every frame of a video, or on what a camera sees until Ctrl-C.

    Frames are decoded ahead in a thread, the model works in another, drawing and writing in this one.

    Parameters
    ----------
    run : path-like
        A run folder or a model file.
    source : path-like or int
        A video file, the number of a camera, or the address of one, ``rtsp://…``. Where a camera is faster
        than the model, the newest frame is looked at.
    out : path-like
        A new or empty folder. It receives ``predictions.jsonl``, which grows with every frame, and
        the annotated video, a WebM file of the source's size and speed.
    min_score : float, optional
        Detections less probable than this are left out; by default the model's ``threshold_``.
    draw : bool, default=True
        Write the annotated video.
    track : bool, default=False
        Say which detections are of the same object, by :class:`foveal.tracking.ByteTrack`: each has a
        ``track``, a number from 1, or None where an object was seen only once so far.
    count_line, count_zone : sequence of float, optional
        Count what is tracked; see :class:`foveal.tracking.Counter`. Each frame has ``counts``.
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
    check_form(model, "json", min_score)
    following = _following(model, min_score, track, count_line, count_zone)
    live = isinstance(source, int) or video.is_stream(source)
    with video.opened(source) as capture:
        frames: Iterator[Frame] = video.camera_frames(capture) if live else video.file_frames(capture)
        shown = video.without_password(str(source))
        first = next(frames, None)
        if first is None:
            raise DataError(
                f"Camera {shown} gives no picture." if live else f"{source} holds no frame of a video."
            )
        rate = video.frame_rate(capture)
        name = f"camera-{source}" if isinstance(source, int) else "stream" if live else Path(source).stem
        film = f"{name}{FILM_EXTENSION}" if draw else None
        what: dict[str, Any] = {
            "run": str(run),
            "source": shown,
            "min_score": min_score,
            "draw": draw,
            "track": track,
        }
        what |= {"counts": [None if some is None else list(some) for some in (count_line, count_zone)]}
        leaves = ("predictions.jsonl", glob.escape(f"{name}{FILM_EXTENSION}"))
        with claimed(out, "predict", what, leaves=leaves) as folder:
            writing = _Writing(folder, film, rate, live, first.image.shape[:2])
            total = None if live else video.announced_frames(capture)
            stop: KeyboardInterrupt | None = None
            with stage(callbacks, "prediction", total) as progress, writing.open():
                try:
                    # The last step is closed first: each waits for its thread, which uses the one before.
                    with (
                        closing(video.ahead(frames, newest=live)) as decoded,
                        closing(
                            video.ahead(_answers(model, min_score, following, chain([first], decoded)))
                        ) as answers,
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


@dataclass(frozen=True, eq=False)
class _Followed:
    """What a detector says of a frame, which objects these are, and what was counted so far."""

    tracked: Tracked
    counts: dict[str, dict[str, int]]
    counter: Counter


_Answer = Detections | dict[str, float] | _Followed


def _following(
    model: Model,
    min_score: float | None,
    track: bool,
    line: Sequence[float] | None,
    zone: Sequence[float] | None,
) -> tuple[ByteTrack, Counter] | None:
    if not track:
        if line is not None or zone is not None:
            raise SettingError("What is counted has to be followed: give --track as well.")
        return None
    if not is_detector(model):
        raise SettingError("--track follows objects, which a classifier does not find: leave it away.")
    strong = model.threshold_ if min_score is None else min_score
    return ByteTrack(strong, min(_WEAK, strong / 2)), Counter(line, zone)


def _answers(
    model: Model,
    min_score: float | None,
    following: tuple[ByteTrack, Counter] | None,
    frames: Iterable[Frame],
) -> Iterator[tuple[Frame, _Answer, float, float]]:
    """The model's answers to frames, one after the other, each with the times of its beginning and end."""
    for frame in frames:
        begin = time.perf_counter()
        answer: _Answer
        if is_detector(model):
            found = model.predict([frame.image])[0]
            if following is None:
                answer = found[found.scores >= (model.threshold_ if min_score is None else min_score)]
            else:
                tracker, counter = following
                tracked = tracker.update(found)
                answer = _Followed(tracked, counter.update(tracked), counter)
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
    _model_seconds: list[float] = field(default_factory=list)
    _begin: float = 0.0
    _end: float = 0.0
    _video: Film | None = None
    _counts: dict[str, dict[str, int]] = field(default_factory=dict)

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
        # It can be made again: waiting for the disk could take longer than whoever stops it waits.
        with (
            replacing(self.folder / self.name, sync=False) as temporary,
            film(temporary, self.rate, self.size) as self._video,
        ):
            yield

    def take(self, frame: Frame, answer: _Answer, begin: float, end: float) -> None:
        """Write what is said of a frame, and remember when it was said."""
        line: dict[str, Any] = {"frame": frame.number, "seconds": round(frame.seconds, 4)}
        if isinstance(answer, Detections):
            line["detections"] = answer.to_rows()
        elif isinstance(answer, _Followed):
            line["detections"] = answer.tracked.to_rows()
            line |= {"counts": answer.counts} if answer.counts else {}
            self._counts = answer.counts
        else:
            line["label"] = max(answer, key=lambda name: answer[name])
            line["probabilities"] = {name: round(value, 6) for name, value in answer.items()}
        append_line(self.predictions, json_text(line))
        if self._video is not None:
            self._show(self._video, frame, answer)
        self.frames += 1
        self._last = frame.number
        self._model_seconds.append(end - begin)
        self._end = time.perf_counter()
        if self.frames == 1:
            # While this frame was drawn, the model was at the next one.
            self._begin = end

    def _show(self, film: Film, frame: Frame, answer: _Answer) -> None:
        if isinstance(answer, _Followed):
            drawn = draw_tracked(answer.tracked, frame.image)
            drawn = draw_counts(answer.counter.line, answer.counter.zone, answer.counts, drawn)
        else:
            drawn = drawn_answer(frame.image, answer)
        # Where frames of a camera were dropped, the last one stays as long as it stood.
        wanted = round(frame.seconds * self.rate) + 1 if self.live else film.written + 1
        for _ in range(wanted - film.written):
            film.write(drawn)

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
            self._counts,
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
