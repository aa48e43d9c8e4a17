"""Every verb, killed and stopped at random moments: what it leaves is whole, and it can be gone on with.

    python tests/fuzz/kills.py --number 200 --seed 1
    python tests/fuzz/kills.py --verbs predict-video,train-cnn --signals INT,TERM

Each time a command is started and a signal sent: KILL, TERM, INT (some of them twice), or STOP and a little
later CONT. Then these must hold:

- the exit status is a documented one, standard error has no traceback and no word of a library's, and where
  the program was stopped it says how to go on;
- it ends within two seconds, and no process of it is left;
- every file that is there can be read to its end; no temporary file is left but by KILL;
- the command, given again (of a training: ``foveal train --resume``), ends as one that was never disturbed
  does, with the same model, predictions and metrics, byte for byte.

The exit status is 1 where something did not hold. It runs on Linux alone, since it looks for processes in
``/proc``.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

SIGNALS = ("KILL", "TERM", "INT", "STOP")
MARK = ".foveal-unfinished"

# Checkpoints in every moment, as if trainings took long.
PROGRAM = (
    "import sys; from foveal.exits import program\n"
    "def command():\n"
    "    if '--often' in sys.argv:\n"
    "        sys.argv.remove('--often')\n"
    "        from foveal.runs import training; training._CHECKPOINT_EVERY = 0.01\n"
    "    from foveal.cli import main; main()\n"
    "program(command)"
)

SMALL = (
    "proposals=single max_proposals=100 features=hog-color features.size=24 features.grid=2 features.bins=4"
)
NETWORK = "epochs=40 width=8 image_size=16 batch_size=8"
DETECTOR = "size=96 channels=8 hidden=16 roi_size=3 passes_per_view=1 batch_size=4"
TRAININGS = {
    "logistic": ("colors", "iterations=300"),
    "svm": ("colors", "features=pixels"),
    "mlp": ("colors", NETWORK),
    "cnn": ("colors", NETWORK),
    "transfer": ("colors", ""),
    "auto": ("colors", "minutes=0.1"),
    "rcnn": ("scenes", SMALL),
    "fast-rcnn": ("scenes", "proposals=single max_proposals=100 epochs=4 hidden=16 features.longest=96"),
    "faster-rcnn": ("scenes", f"epochs=8 {DETECTOR}"),
    "rpn": ("scenes", "size=96 epochs=8 max_proposals=50 channels=8"),
}


def set_words(settings: str) -> list[str]:
    """Settings as words of the command line."""
    return [word for setting in settings.split() for word in ("--set", setting)]


@dataclass
class Material:
    """Data and trained models to give to the verbs, each made when it is first asked for."""

    folder: Path

    @cached_property
    def colors(self) -> Path:
        """Noisy squares in two folders."""
        rng = np.random.default_rng(0)
        for name, colour in {"red": (200, 40, 40), "green": (40, 200, 40)}.items():
            (self.folder / "colors" / name).mkdir(parents=True)
            for i in range(12):
                pixels = (np.array(colour) + rng.integers(-40, 40, (48, 48, 3))).clip(0, 255)
                Image.fromarray(pixels.astype(np.uint8)).save(self.folder / "colors" / name / f"{i}.png")
        return self.folder / "colors"

    @cached_property
    def scenes(self) -> Path:
        """Boxed scenes."""
        from foveal.data import scenes

        return scenes.write_scenes(
            self.folder / "scenes",
            number=12,
            test=6,
            size=(120, 160),
            digits=(1, 3),
            heights=(24, 60),
            clutter=False,
        )

    @cached_property
    def video(self) -> Path:
        """A video of scenes."""
        import cv2

        path = self.folder / "film.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (160, 120))
        for file in sorted((self.scenes / "images").rglob("*.[jp][pn]g")) * 4:
            writer.write(np.asarray(Image.open(file).convert("RGB"))[..., ::-1])
        writer.release()
        return path

    @cached_property
    def classifier(self) -> Path:
        """A run of an SVM."""
        return self._trained("svm")

    @cached_property
    def detector(self) -> Path:
        """A run of a Faster R-CNN."""
        return self._trained("faster-rcnn")

    @cached_property
    def other_detector(self) -> Path:
        """A run of an R-CNN."""
        return self._trained("rcnn")

    def own_detector(self, out: Path) -> Path:
        """A copy of the detector's run beside the folder that a command writes."""
        copy = out.with_name("own-detector")
        if not copy.exists():
            shutil.copytree(self.detector, copy)
        return copy

    def _trained(self, model: str) -> Path:
        out = self.folder / f"made-{model}"
        data, settings = TRAININGS[model]
        run(["train", str(getattr(self, data)), "--model", model, *set_words(settings), "--out", str(out)])
        return out


@dataclass(frozen=True)
class Case:
    """A command that writes into a folder."""

    name: str
    words: Callable[[Material, Path], list[str]]
    statuses: tuple[int, ...] = (0,)
    # Whether it ends with the same bytes each time.
    same: bool = True
    # What is compared; all by default.
    compared: tuple[str, ...] = ("*.json", "*.csv", "*.jsonl", "*.safetensors", "*.onnx", "drawn/*")


def training(model: str) -> Case:
    """The training of a model."""
    data, settings = TRAININGS[model]
    return Case(
        f"train-{model}",
        lambda m, out: [
            *("train", str(getattr(m, data)), "--model", model, *set_words(settings)),
            *("--out", str(out), "--often"),
        ],
        same=model != "auto",
        compared=("*.safetensors", "predictions.*", "metrics.json"),
    )


CASES = {
    case.name: case
    for case in (
        *map(training, TRAININGS),
        Case("doctor", lambda m, out: ["doctor", str(m.scenes), "--json"], statuses=(0, 1)),
        Case("prepare", lambda m, out: ["prepare", str(m.scenes), "--out", str(out)]),
        Case("propose", lambda m, out: ["propose", str(m.scenes / "images"), "--out", str(out)]),
        Case(
            "propose-page",
            lambda m, out: [
                "propose",
                str(m.scenes / "images"),
                "--mode",
                "single",
                "--out",
                str(out),
                "--explain",
                str(out.with_name("page.html")),
            ],
        ),
        Case(
            "predict-classes", lambda m, out: ["predict", str(m.classifier), str(m.colors), "--out", str(out)]
        ),
        Case("predict", lambda m, out: ["predict", str(m.detector), str(m.scenes), "--out", str(out)]),
        Case("predict-video", lambda m, out: ["predict", str(m.detector), str(m.video), "--out", str(out)]),
        Case(
            "explain", lambda m, out: ["explain", str(m.classifier), str(m.colors / "red"), "--out", str(out)]
        ),
        Case("export", lambda m, out: ["export", str(m.detector), str(out / "model.onnx")]),
        Case("evaluate", lambda m, out: ["evaluate", str(m.detector), str(m.scenes), "--json"]),
        Case("evaluate-report", lambda m, out: ["evaluate", str(m.detector), "--out", str(out)]),
        Case("show", lambda m, out: ["show", str(m.scenes), "--out", str(out)]),
        Case("convert", lambda m, out: ["convert", str(m.scenes), "--to", "coco", "--out", str(out)]),
        Case(
            "doctor-fix",
            lambda m, out: ["doctor", str(m.scenes), "--fix", "--to", "coco", "--out", str(out)],
            (0, 1),
        ),
        Case(
            "compare",
            lambda m, out: ["compare", str(m.detector), str(m.other_detector), "--out", str(out)],
        ),
        Case(
            "threshold", lambda m, out: ["threshold", str(m.own_detector(out)), "0.4", "--json"], same=False
        ),
    )
}


@dataclass
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str
    seconds: float
    # After the signal.
    until_end: float = 0.0


def start(words: Sequence[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    """The command line in a process of its own, which hears signals whatever this one does."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
        preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in (signal.SIGINT, signal.SIGTERM)],
    )


def run(words: Sequence[str], environment: dict[str, str] | None = None) -> Ended:
    """A command that is left alone."""
    begin = time.monotonic()
    process = start(words, environment or {})
    out, err = process.communicate()
    ended = Ended(process.returncode, out, err, time.monotonic() - begin)
    if ended.status not in (0, 1):
        raise RuntimeError(f"{words} ended with {ended.status}: {err}")
    return ended


def disturb(words: Sequence[str], name: str, after: float, twice: bool, environment: dict[str, str]) -> Ended:
    """A command that is sent a signal after some seconds."""
    begin = time.monotonic()
    process = start(words, environment)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(getattr(signal, f"SIG{name}"))
        if name == "STOP":
            time.sleep(0.3)
            process.send_signal(signal.SIGCONT)
        elif twice:
            time.sleep(0.4)
            process.send_signal(getattr(signal, f"SIG{name}"))
    sent = time.monotonic()
    out, err = process.communicate()
    now = time.monotonic()
    return Ended(process.returncode, out, err, now - begin, now - sent)


def left_running(token: str) -> list[int]:
    """The processes that were started by a command which has ended."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and int(place.name) != os.getpid():
            try:
                if token.encode() in (place / "environ").read_bytes():
                    found.append(int(place.name))
            except OSError:
                continue
    return found


def what_is_wrong_with(path: Path) -> str:
    """Why a file is not whole; empty where it is."""
    try:
        match path.suffix:
            case ".json":
                json.loads(path.read_text("utf-8"))
            case ".jsonl":
                text = path.read_text("utf-8")
                assert not text or text.endswith("\n"), "its last line has no end"
                for line in text.split("\n")[:-1]:
                    json.loads(line)
            case ".toml":
                tomllib.loads(path.read_text("utf-8"))
            case ".html":
                assert path.read_text("utf-8").rstrip().endswith("</html>"), "it is cut off"
            case ".safetensors":
                from foveal.files import read_container

                read_container(path)
            case ".png" | ".jpg":
                Image.open(path).load()
            case ".onnx":
                import onnx

                onnx.checker.check_model(onnx.load(path))
            case ".mp4":
                import cv2

                assert cv2.VideoCapture(str(path)).read()[0], "it has no frame"
            case ".csv":
                assert path.read_text("utf-8").endswith("\n"), "it is cut off"
    except Exception as error:
        return f"{path.name}: {type(error).__name__}: {error}"
    return ""


def contents(folder: Path, patterns: Sequence[str]) -> dict[str, bytes]:
    """What is compared of two folders."""
    found = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file()}
    return {str(p.relative_to(folder)): p.read_bytes() for p in found if not p.name.startswith(".")}


@dataclass
class Harness:
    """Disturbs commands and looks at what is left."""

    material: Material
    rng: random.Random
    places: Path
    # Whether all is compiled, and nothing is compiled anew to be disturbed in that.
    quick: bool = False
    references: dict[str, tuple[float, Path, str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def reference(self, case: Case) -> tuple[float, Path, str]:
        """How long a case takes undisturbed, once it is warm, and what it writes and prints."""
        if case.name not in self.references:
            for kind in ("reference",) if self.quick else ("warm", "reference"):
                out = self.places / f"{case.name}-{kind}" / "out"
                out.parent.mkdir()
                ended = run(case.words(self.material, out))
            self.references[case.name] = ended.seconds, out, ended.out
        return self.references[case.name]

    def go(self, case: Case, name: str, number: int) -> None:
        """One disturbance."""
        seconds, reference, printed = self.reference(case)
        place = self.places / f"{case.name}-{number}"
        place.mkdir()
        out = place / "out"
        words = case.words(self.material, out)
        cold, twice = self.rng.random() < (0 if self.quick else 0.1), self.rng.random() < 0.3
        after = self.rng.uniform(0.1, seconds * (1.5 if cold else 1.0))
        token = f"FOVEAL_KILLS={uuid.uuid4().hex}"
        environment = dict([token.split("=")])
        if cold:
            environment["NUMBA_CACHE_DIR"] = str(place / "numba")
        ended = disturb(words, name, after, twice, environment)
        wrong = self._of_the_end(case, name, ended, token)
        wrong += self._of_files(case, name, place, ended)
        wrong += self._going_on(case, out, words, reference, printed)
        self.counts[f"{name} {self._outcome(ended)}"] += 1
        if wrong:
            said = (
                f"{case.name} {name}{' twice' if twice else ''}{' cold' if cold else ''} after {after:.2f} s"
            )
            self.failures.append(
                f"{said}: {'; '.join(wrong)}\n    {ended.err.strip()[-600:]}\n    in {place}"
            )
            print(self.failures[-1], flush=True)
        else:
            shutil.rmtree(place)

    @staticmethod
    def _outcome(ended: Ended) -> str:
        return "ended before" if ended.status in (0, 1) else f"status {ended.status}"

    def _of_the_end(self, case: Case, name: str, ended: Ended, token: str) -> list[str]:
        wrong = []
        number = int(getattr(signal, f"SIG{name}"))
        allowed = {*case.statuses} | (
            {-number} if name == "KILL" else {128 + number} if name != "STOP" else set()
        )
        if ended.status not in allowed:
            wrong.append(f"the exit status is {ended.status}")
        for word in (
            "Traceback",
            "terminate called",
            "Error:",
            "Exception",
            "core dumped",
            "resource_tracker",
        ):
            if word in ended.err:
                wrong.append(f"{word!r} is said")
        if name in ("TERM", "INT") and ended.status == 128 + number:
            self.slowest = max(self.slowest, ended.until_end)
            if ended.err.count("foveal: stopped.") != 1:
                wrong.append("it does not say once that it was stopped")
            elif not any(word in ended.err for word in ("again", "goes on", "begins")):
                wrong.append("it does not say how to go on")
            if ended.until_end > 2:
                wrong.append(f"it took {ended.until_end:.1f} s to end")
        # What another process has begun to compile when this one is killed it may finish.
        until = time.monotonic() + (30 if name == "KILL" else 1)
        while (left := left_running(token)) and time.monotonic() < until:
            time.sleep(0.05)
        if left:
            wrong.append(f"processes are left: {left}")
        return wrong

    def _of_files(self, case: Case, name: str, place: Path, ended: Ended) -> list[str]:
        wrong = []
        for path in sorted(p for p in place.rglob("*") if p.is_file() and "numba" not in p.parts):
            if path.name.startswith("."):
                if path.name != MARK and name != "KILL":
                    wrong.append(f"{path.name} is left")
                if path.name == MARK and ended.status in case.statuses:
                    wrong.append("what is finished is marked as unfinished")
            elif why := what_is_wrong_with(path):
                wrong.append(why)
        return wrong

    def _going_on(self, case: Case, out: Path, words: list[str], reference: Path, printed: str) -> list[str]:
        again = words
        if case.name.startswith("train") and (out / "config.toml").exists():
            again = ["train", "--resume", str(out), "--often"]
        done = contents(out, case.compared)
        complete = out.is_dir() and any(out.iterdir()) and not (out / MARK).exists()
        said = printed
        page = out.with_name("page.html")
        if not complete or not done:
            if page.exists():
                page.unlink()
            try:
                said = run(again).out
            except RuntimeError as error:
                return [f"going on fails: {error}"]
        wrong = [f"{p.name} is left" for p in out.rglob(".*")] if out.is_dir() else []
        if not case.same:
            return wrong
        found, expected = contents(out, case.compared), contents(reference, case.compared)
        if found.keys() != expected.keys():
            wrong.append(f"there are {sorted(found.keys() ^ expected.keys())} more or less than usual")
        different = [
            key for key in found.keys() & expected.keys() if not _alike(key, found[key], expected[key])
        ]
        if different:
            wrong.append(f"{sorted(different)} are not as usual")
        if "--json" in words and said != printed:
            wrong.append("something else than usual is printed")
        return wrong


def _alike(name: str, found: bytes, expected: bytes) -> bool:
    """Whether two files are the same; seconds are not compared, nor the time that is in a video."""
    if name.endswith(".mp4"):
        return len(found) == len(expected)
    if name == "metrics.json":
        values = [json.loads(content) for content in (found, expected)]
        return values[0].keys() == values[1].keys() and all(
            values[0][key] == values[1][key] for key in values[0] if "second" not in key and "time" not in key
        )
    return found == expected


def disturb_all(
    folder: Path,
    cases: Sequence[str],
    number: int,
    seed: int,
    signals: Sequence[str] = SIGNALS,
    quick: bool = False,
) -> Harness:
    """Disturb cases in turn, so many times in all.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder for all that is written.
    cases : sequence of str
        Names of ``CASES``.
    number : int
    seed : int
        Of the moments and of the order of the signals.
    signals : sequence of str
    quick : bool
        Disturb nothing in its compiling, which takes long.
    """
    material = Material(folder / "material")
    material.folder.mkdir(parents=True)
    (folder / "places").mkdir()
    harness = Harness(material, random.Random(seed), folder / "places", quick)
    signals = list(signals)
    with suppress(KeyboardInterrupt):  # what was found until then is told
        for i in range(number):
            if i % len(signals) == 0:
                harness.rng.shuffle(signals)
            harness.go(CASES[cases[i % len(cases)]], signals[i % len(signals)], i)
    return harness


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=200, help="how many disturbances")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", default=",".join(CASES), help="names of cases, with commas between")
    parser.add_argument("--signals", default=",".join(SIGNALS))
    words = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="foveal-kills-"))
    harness = disturb_all(folder, words.verbs.split(","), words.number, words.seed, words.signals.split(","))
    for outcome, count in sorted(harness.counts.items()):
        print(f"{count:5}  {outcome}")
    tried = sum(harness.counts.values())
    print(f"{len(harness.failures)} of {tried} failed; the slowest stop took {harness.slowest:.2f} s")
    if not harness.failures:
        shutil.rmtree(folder)
    return int(bool(harness.failures))


if __name__ == "__main__":
    sys.exit(main())
