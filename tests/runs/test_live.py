import functools
import http.server
import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest

from foveal.cli import main
from foveal.data import Detections
from foveal.errors import DataError, SettingError
from foveal.exits import Stopped
from foveal.models import load
from foveal.runs import live, live_source, predict_live, predict_videos, video_files
from foveal.runs.film import film
from foveal.runs.video import taken_by_opencv

CAPTURE = cv2.VideoCapture


def write_video(path, pictures, rate=10.0):
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture[..., ::-1])
    writer.release()
    return path


@pytest.fixture(scope="module")
def scene_video(scene_folder, tmp_path_factory):
    """Two frames of each of the held-out scenes."""
    from foveal.images import read

    pictures = [read(p) for p in sorted((scene_folder / "images" / "test").iterdir())[:3]]
    return write_video(
        tmp_path_factory.mktemp("video") / "scenes.mp4", [p for p in pictures for _ in range(2)]
    )


def frames_of(path):
    capture = CAPTURE(str(path))
    frames = []
    while True:
        there, frame = capture.read()
        if not there:
            break
        frames.append(frame[..., ::-1])
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return frames, rate


def lines_of(results):
    return [json.loads(line) for line in results.predictions.read_text().splitlines()]


def test_a_detector_on_a_video(scene_run, scene_video, tmp_path):
    told = []
    done = predict_live(
        scene_run.folder.path, scene_video, tmp_path / "out", min_score=0.01, callbacks=[told.append]
    )
    assert (done.frames, done.dropped, done.stopped) == (6, 0, False)
    assert {p.name for p in done.folder.iterdir()} == {"scenes.webm", "predictions.jsonl"}
    assert [e["done"] for e in told if e["event"] == "progress"] == [1, 2, 3, 4, 5, 6]
    assert {e["total"] for e in told if e["event"] == "progress"} == {6}
    assert done.model_fps > done.fps > 0
    lines = lines_of(done)
    assert [line["frame"] for line in lines] == list(range(6))
    np.testing.assert_allclose([line["seconds"] for line in lines], np.arange(6) / 10, atol=1e-3)
    # The answers are those of the pictures that the video gives.
    given, _ = frames_of(scene_video)
    model = load(scene_run.folder.path)
    for line, detections in zip(lines, model.predict([np.ascontiguousarray(f) for f in given]), strict=True):
        assert line["detections"] == detections[detections.scores >= 0.01].to_rows()
    assert any(line["detections"] for line in lines)
    drawn, rate = frames_of(done.video)
    assert rate == 10
    assert [f.shape for f in drawn] == [f.shape for f in given]
    assert np.abs(drawn[0].astype(int) - given[0]).max() > 60


def test_a_classifier_on_a_video_and_nothing_drawn(color_run, tmp_path):
    rng = np.random.default_rng(0)
    pictures = [
        (np.array(color) + rng.integers(-20, 20, (64, 80, 3))).astype(np.uint8)
        for color in ((200, 40, 40), (40, 200, 40), (40, 200, 40))
    ]
    video = write_video(tmp_path / "colors.avi", pictures)
    done = predict_live(color_run.folder.path, video, tmp_path / "out")
    lines = lines_of(done)
    assert [line["label"] for line in lines] == ["red", "green", "green"]
    for line in lines:
        assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    drawn, _ = frames_of(tmp_path / "out" / "colors.webm")
    # A label at the top, and what it does not hide is as it was.
    assert np.abs(drawn[1][:14, :40].astype(int) - pictures[1][:14, :40]).max() > 60
    assert np.abs(drawn[1][30:60, 10:70].astype(int).mean() - pictures[1][30:60, 10:70].mean()) < 5
    done = predict_live(color_run.folder.path, video, tmp_path / "bare", draw=False)
    assert done.video is None
    assert [p.name for p in done.folder.iterdir()] == ["predictions.jsonl"]


def test_odd_sides_and_one_frame(color_run, tmp_path):
    picture = np.full((45, 61, 3), (200, 40, 40), np.uint8)
    video = tmp_path / "one.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"FFV1"), 25, (61, 45))
    if not writer.isOpened():
        pytest.skip("This OpenCV does not write FFV1.")
    writer.write(picture[..., ::-1])
    writer.release()
    done = predict_live(color_run.folder.path, video, tmp_path / "out")
    assert done.frames == 1
    assert done.fps > 0
    # The format has even sides.
    assert frames_of(done.video)[0][0].shape == (44, 60, 3)


def test_videos_that_cannot_be_used(color_run, tmp_path):
    run = color_run.folder.path
    (tmp_path / "text.mp4").write_text("not a video")
    (tmp_path / "empty.mp4").touch()
    for name in ("text.mp4", "empty.mp4"):
        with pytest.raises(DataError, match=rf"{name} cannot be read as a video"):
            predict_live(run, tmp_path / name, tmp_path / "out")
    with pytest.raises(DataError, match="no camera 87 that can be opened"):
        predict_live(run, 87, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_objects_are_followed_and_counted(tmp_path, monkeypatch):
    pytest.importorskip("supervision", reason="Counting needs the package supervision.")
    # Two bright squares pass each other; a "detector" that finds them.
    pictures = []
    for t in range(40):
        picture = np.zeros((120, 240, 3), np.uint8)
        picture[10:40, 5 * t : 5 * t + 30] = (200, 60, 60)
        picture[60:90, 205 - 5 * t : 235 - 5 * t] = (200, 60, 60)
        pictures.append(picture)

    class Finder:
        threshold_ = 0.5
        task = "detection"

        def predict(self, images):
            some = []
            for top in (0, 50):
                there = np.flatnonzero((images[0][top : top + 50, :, 0] > 100).any(axis=0))
                some.append([there[0], top + 10, there[-1] + 1, top + 40])
            return [Detections(np.float32(some), np.float32([0.9, 0.8]), np.int64([0, 0]), ("square",))]

    monkeypatch.setattr(live, "load_predictor", lambda run: Finder())
    monkeypatch.setattr(live, "is_detector", lambda model: True)
    monkeypatch.setattr(live, "check_form", lambda *given: None)
    video = write_video(tmp_path / "squares.mp4", pictures)
    done = predict_live("run", video, tmp_path / "out", track=True, count_line=[120, 120, 120, 0])
    lines = lines_of(done)
    assert [[d["track"] for d in line["detections"]] for line in lines] == [[1, 2]] * 40
    assert done.counts == lines[-1]["counts"] == {"line": {"in": 1, "out": 1}}
    assert lines[0]["counts"] == {"line": {"in": 0, "out": 0}}
    drawn, _ = frames_of(done.video)
    assert len(drawn) == 40
    assert np.abs(drawn[0][100, 118:123].astype(int)).max() > 100


def test_what_cannot_be_followed(color_run, tmp_path):
    video = write_video(tmp_path / "colors.mp4", [np.full((64, 80, 3), 90, np.uint8)])
    run = color_run.folder.path
    with pytest.raises(SettingError, match="give --track"):
        predict_live(run, video, tmp_path / "out", count_line=[0, 0, 1, 1])
    with pytest.raises(SettingError, match="a classifier does not find"):
        predict_live(run, video, tmp_path / "out", track=True)
    with pytest.raises(SettingError, match="--min-score is for detections"):
        predict_live(run, video, tmp_path / "out", min_score=0.5)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_videos(color_run, tmp_path):
    folder = tmp_path / "films"
    (folder / "deep").mkdir(parents=True)
    for place in ("a.mp4", "deep/a.mp4"):
        write_video(folder / place, [np.full((64, 80, 3), (200, 40, 40), np.uint8)] * 2)
    (folder / "bad.avi").write_text("not a video")
    assert [p.name for p in video_files([folder])] == ["a.mp4", "bad.avi", "a.mp4"]
    done, unreadable = predict_videos(color_run.folder.path, folder, tmp_path / "out")
    assert [one.frames for one in done] == [2, 2]
    assert list(unreadable) == [str(folder / "bad.avi")]
    written = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert written == {
        "a/a.webm",
        "a/predictions.jsonl",
        "deep/a/a.webm",
        "deep/a/predictions.jsonl",
    }
    (folder / "b.png").touch()
    with pytest.raises(SettingError, match="pictures and videos"):
        video_files([folder])


def test_a_camera_on_the_network_that_does_not_answer(color_run, tmp_path):
    assert live_source(["rtsp://user:secret@127.0.0.1:9/a"]) == "rtsp://user:secret@127.0.0.1:9/a"
    with pytest.raises(DataError, match="nobody answers") as told:
        predict_live(color_run.folder.path, "rtsp://user:secret@127.0.0.1:9/a", tmp_path / "out")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("encoder", ["av", "OpenCV"])
def test_a_browser_plays_what_is_written(encoder, tmp_path, monkeypatch):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("Whether browsers play a written video is asked of Chromium, which is not here.")
    if encoder == "av":
        pytest.importorskip("av", reason="VP9 is written by the package av.")
    else:
        monkeypatch.setitem(sys.modules, "av", None)
    rng = np.random.default_rng(0)
    with film(tmp_path / "film.webm", 25.0, (120, 161)) as written:
        for _ in range(25):
            written.write(rng.integers(0, 256, (120, 161, 3), np.uint8))
    (tmp_path / "page.html").write_text(
        """<video muted src="film.webm"></video><script>
        const v = document.querySelector("video"), say = (text) => fetch("/said/" + text);
        v.onerror = () => say("error");
        v.onended = () => say([v.videoWidth, v.videoHeight, v.currentTime].join("/"));
        v.play();
        </script>"""
    )
    said = queue.Queue()

    class Pages(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/said/"):
                said.put(self.path.split("/")[2:])
            super().do_GET()

        def log_message(self, *words):
            pass

    pages = functools.partial(Pages, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server"]
        options += [f"--user-data-dir={tmp_path / 'profile'}", "--remote-debugging-port=0"]
        page = f"http://127.0.0.1:{server.server_port}/page.html"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([browser, *options, page], **quiet) as shown:
            try:
                found = said.get(timeout=60)
            finally:
                shown.terminate()
                server.shutdown()
    width, height, seconds = map(float, found)
    assert (width, height) == (160, 120)
    assert seconds == pytest.approx(1, abs=0.1)


def test_what_is_live(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.MP4").touch()
    (tmp_path / "7").touch()
    (tmp_path / "folder.mp4").mkdir()
    assert live_source(["film.MP4"]) == tmp_path.relative_to(tmp_path) / "film.MP4"
    assert live_source(["0"]) == 0
    assert live_source(["7"]) is None
    assert live_source(["folder.mp4"]) is None
    assert live_source(["a.jpg"]) is None
    with pytest.raises(DataError, match=r"no file gone\.mp4"):
        live_source(["gone.mp4"])
    for names in (["film.MP4", "a.jpg"], ["0", "1"]):
        with pytest.raises(SettingError, match="one at a time"):
            live_source(names)


class Camera:
    """Sixty pictures, one every 10 ms, numbered by their grey."""

    def __init__(self, source):
        self.number, self.begin = 0, time.perf_counter()

    def isOpened(self):  # noqa: N802 - OpenCV's name
        return True

    def get(self, what):
        return 20.0 if what == cv2.CAP_PROP_FPS else 0.0

    def read(self):
        if self.number == 60:
            return False, None
        time.sleep(max(0, self.begin + 0.01 * self.number - time.perf_counter()))
        self.number += 1
        return True, np.full((32, 48, 3), self.number, np.uint8)

    def release(self):
        assert not any(t.name == "foveal-frames" for t in threading.enumerate())


class Slow:
    """A detector that takes 40 ms a picture."""

    answers, threshold_ = "detections", 0.5

    def __init__(self, stop_at=None):
        self.seen, self.stop_at = [], stop_at

    def propose(self, images):
        raise NotImplementedError

    def predict(self, images):
        time.sleep(0.04)
        self.seen.append(int(images[0][0, 0, 0]))
        if len(self.seen) == self.stop_at:
            signal.raise_signal(signal.SIGINT)
        return [Detections.empty(("a",))]


@pytest.fixture
def ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_camera_that_is_faster_than_the_model(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    model = Slow()
    monkeypatch.setattr(live, "load_predictor", lambda run: model)
    done = predict_live("run", 3, tmp_path / "out")
    assert done.video.name == "camera-3.webm"
    assert 3 <= done.frames < 40
    # The newest frame was looked at: none is old by more than what the steps hold.
    assert model.seen == sorted(set(model.seen))
    assert np.diff(model.seen).max() > 1
    assert done.dropped + done.frames == lines_of(done)[-1]["frame"] + 1
    assert [line["frame"] + 1 for line in lines_of(done)] == model.seen
    # It plays as long as it took.
    drawn, rate = frames_of(done.video)
    assert rate == 20
    assert len(drawn) == pytest.approx(lines_of(done)[-1]["seconds"] * 20 + 1, abs=1)


def test_ctrl_c_ends_a_camera(tmp_path, monkeypatch, ctrl_c):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(live, "load_predictor", lambda run: Slow(stop_at=5))
    done = predict_live("run", 0, tmp_path / "out")
    assert done.stopped
    assert 1 <= done.frames <= 5
    assert len(lines_of(done)) == done.frames
    assert frames_of(done.video)[0]


def test_ctrl_c_in_a_video_keeps_what_there_is(tmp_path, monkeypatch, ctrl_c):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(live, "load_predictor", lambda run: Slow(stop_at=5))
    with pytest.raises(KeyboardInterrupt):
        predict_live("run", "film.mp4", tmp_path / "out")
    found = {p.name for p in (tmp_path / "out").iterdir()}
    assert found == {"film.webm", "predictions.jsonl", ".foveal-unfinished"}
    assert frames_of(tmp_path / "out" / "film.webm")[0]


def test_a_model_that_fails_ends_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)

    class Bad(Slow):
        def predict(self, images):
            if len(self.seen) == 2:
                raise RuntimeError("broken")
            return super().predict(images)

    monkeypatch.setattr(live, "load_predictor", lambda run: Bad())
    with pytest.raises(RuntimeError, match="broken"):
        predict_live("run", "film.mp4", tmp_path / "out")
    assert not any(t.name == "foveal-frames" for t in threading.enumerate())


def test_the_command_line(color_run, tmp_path, monkeypatch, capsys):
    run = str(color_run.folder.path)
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "film.mp4", [np.full((32, 32, 3), (200, 40, 40), np.uint8)] * 3)
    (tmp_path / "bad.mp4").write_bytes((tmp_path / "film.mp4").read_bytes()[:400])

    def foveal(*arguments):
        monkeypatch.setattr(sys, "argv", ["foveal", "predict", run, *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    status, said, remarks = foveal("film.mp4")
    assert status == 0
    assert said.startswith("3 frames: ")
    assert "a second by the model" in said
    assert "film.webm and predictions.jsonl: in predictions." in remarks
    found = json.loads(foveal("film.mp4", "--json", "--no-draw")[1])
    assert (found["frames"], found["video"], found["folder"]) == (3, None, "predictions-2")
    for arguments, words in (
        (["93"], "There is no camera 93"),
        (["film.mp4", "--form", "csv"], "leave --form away"),
    ):
        status, _, remarks = foveal(*arguments)
        assert status == 2
        assert words in remarks
    # What FFmpeg and OpenCV say themselves goes past Python.
    command = [sys.executable, "-c", "from foveal.cli import main; main()", "predict", run, "bad.mp4"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "cannot be read as a video" in ended.stderr
    assert not (tmp_path / "predictions-3").exists()


def test_a_video_whose_name_is_no_text(color_run, tmp_path):
    """OpenCV, given such a name, ends the process."""
    plain = write_video(tmp_path / "film.mp4", [np.full((48, 64, 3), 30 * i, np.uint8) for i in range(3)])
    odd = plain.rename(tmp_path / "caf\udce9\x1b %d.mp4")
    done = predict_live(color_run.folder.path, odd, tmp_path / "o\udcff")
    assert done.frames == 3
    assert done.video.name == odd.with_suffix(".webm").name
    with taken_by_opencv(done.video) as name:
        assert len(frames_of(name)[0]) == 3
    assert {p.name for p in done.folder.iterdir()} == {done.video.name, "predictions.jsonl"}


def test_digits_that_are_no_camera():
    for name in ("99999999999999999999", "٣", "1.5", "-1", ""):
        assert live_source([name]) is None


def test_sigterm_is_no_way_to_end_a_camera(tmp_path, monkeypatch, ctrl_c):
    def stop(number, frame):
        raise Stopped(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    monkeypatch.setattr(live, "load_predictor", lambda run: Slow(stop_at=3))
    with pytest.raises(Stopped):
        predict_live("run", 0, tmp_path / "out")
    assert (tmp_path / "out" / "camera-0.webm").is_file()


def test_a_video_that_the_disk_does_not_take(scene_video, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(live, "load_predictor", lambda run: Slow())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            predict_live("run", scene_video, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(tmp_path / "out" / "scenes.webm")
    assert not list((tmp_path / "out").glob("*.webm"))
    assert len((tmp_path / "out" / "predictions.jsonl").read_text().splitlines()) == 6
