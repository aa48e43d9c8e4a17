"""What a benchmark of networks found: as data, as tables and as a figure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foveal.benchmark.results import Benchmark
from foveal.benchmark.tables import UNKNOWN, Table, mebibytes_text, ratio_text, rounded
from foveal.report.figures import Figure

_NAMES = {"onnxruntime": "ONNX Runtime", "engine": "engine"}


@dataclass(frozen=True)
class Times:
    """How long one library takes in one of its ways.

    Attributes
    ----------
    way : str
        "engine" or "fastest" of ours; "channels_last" or "contiguous", the memory format, of PyTorch.
    seconds : float
        Median over the rounds of each round's median.
    quartiles : tuple of float
        Of the rounds' medians.
    choice : str
        What "fastest" chose: "engine" or "onnxruntime".
    """

    way: str
    seconds: float
    quartiles: tuple[float, float]
    choice: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "way": self.way,
            "choice": self.choice,
            "seconds": rounded(self.seconds),
            "seconds_quartiles": [rounded(q) for q in self.quartiles],
        }


@dataclass(frozen=True)
class TaskFigures:
    """A training step or an inference of one network.

    Attributes
    ----------
    network : str
        Its title.
    kind : {"training", "inference"}
    batch : int
        Examples at a time.
    engine : Times
        Of Foveal's own engine.
    ours : Times
        As a user gets it: in inference by the engine or by ONNX Runtime, whichever is faster.
    peers : tuple of Times
        PyTorch's, one for each memory format; empty where it is missing.
    difference : float or None
        The largest difference of the first losses, or of outputs, as a part of the largest of PyTorch's.
    """

    network: str
    kind: str
    batch: int
    engine: Times
    ours: Times
    peers: tuple[Times, ...]
    difference: float | None

    @property
    def title(self) -> str:
        """What was timed.

        Examples
        --------
        >>> times = Times("engine", 0.1, (0.1, 0.1), "engine")
        >>> TaskFigures("MLP", "training", 128, times, times, (), None).title
        'training step, batch 128'
        """
        return f"{'training step' if self.kind == 'training' else 'inference'}, batch {self.batch}"

    @property
    def peer(self) -> Times | None:
        """PyTorch at its better memory format."""
        return min(self.peers, key=lambda times: times.seconds, default=None)

    @property
    def ratio(self) -> float | None:
        """PyTorch's time as a multiple of ours: above 1, ours is faster."""
        return None if self.peer is None else self.peer.seconds / self.ours.seconds

    @property
    def engine_ratio(self) -> float | None:
        """The same of the engine alone."""
        return None if self.peer is None else self.peer.seconds / self.engine.seconds

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "network": self.network,
            "task": self.kind,
            "batch": self.batch,
            "ratio": rounded(self.ratio),
            "engine_ratio": rounded(self.engine_ratio),
            "ours": self.ours.to_json(),
            "engine": self.engine.to_json(),
            "pytorch": [times.to_json() for times in self.peers],
            "difference": rounded(self.difference),
        }


@dataclass(frozen=True)
class MemoryFigures:
    """Peak memory of training steps, each library in a fresh process.

    Attributes
    ----------
    network : str
        Its title.
    batch : int
    ours, peer : int or None
        Bytes above what the process held before, with everything loaded and compiled. None where the
        system does not tell, or PyTorch is missing.
    ours_process, peer_process : int or None
        Bytes of the whole process.
    """

    network: str
    batch: int
    ours: int | None
    peer: int | None
    ours_process: int | None
    peer_process: int | None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of PyTorch's: below 1, ours needs less."""
        return self.ours / self.peer if self.ours is not None and self.peer else None

    @property
    def process_ratio(self) -> float | None:
        """The same of the whole processes."""
        known = self.ours_process is not None and self.peer_process
        return self.ours_process / self.peer_process if known else None  # type: ignore[operator]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "network": self.network,
            "batch": self.batch,
            "ratio": rounded(self.ratio),
            "process_ratio": rounded(self.process_ratio),
            "ours": self.ours,
            "pytorch": self.peer,
            "ours_process": self.ours_process,
            "pytorch_process": self.peer_process,
        }


@dataclass(frozen=True, kw_only=True)
class NetworkBenchmark(Benchmark):
    """Foveal's network engine beside PyTorch.

    Attributes
    ----------
    tasks : tuple of TaskFigures
    memory : tuple of MemoryFigures
    first_step, first_step_again : float or None
        Seconds of the first training step of a new installation, which compiles, and of a later process,
        which loads what was compiled; the step itself is taken off.
    versions : mapping of str to str
    settings, machine, absent, notes
        See :class:`Benchmark`. There are notes about results that differ.
    """

    name = "network"
    heading = "The network engine beside PyTorch"

    tasks: tuple[TaskFigures, ...]
    memory: tuple[MemoryFigures, ...]
    first_step: float | None
    first_step_again: float | None
    versions: Mapping[str, str]

    def figures(self) -> dict[str, Any]:
        """What was measured, as JSON values."""
        return {
            "versions": dict(self.versions),
            "tasks": [task.to_json() for task in self.tasks],
            "memory": [figures.to_json() for figures in self.memory],
            "first_step_seconds": rounded(self.first_step),
            "first_step_again_seconds": rounded(self.first_step_again),
        }

    def tables(self) -> list[Table]:
        """Times, ratios before milliseconds, and memory."""
        speed = Table(
            "Time against PyTorch's",
            (
                "network", "task", "ratio", "engine alone", "ours, ms", "by", "engine, ms", "PyTorch, ms",
                "format", "other format, ms",
            ),
            tuple(_row(task) for task in self.tasks),
            words=2,
        )  # fmt: skip
        memory = Table(
            "Peak memory of training steps against PyTorch's",
            (
                "network", "batch", "ratio", "ours, MiB", "PyTorch, MiB",
                "ratio of processes", "our process, MiB", "PyTorch's process, MiB",
            ),
            tuple(
                (
                    m.network, str(m.batch),
                    ratio_text(m.ratio), mebibytes_text(m.ours), mebibytes_text(m.peer),
                    ratio_text(m.process_ratio), mebibytes_text(m.ours_process),
                    mebibytes_text(m.peer_process),
                )
                for m in self.memory
            ),
        )  # fmt: skip
        return [speed, memory]

    def describe(self) -> list[str]:
        """What the tables are about, a sentence a line; warnings first."""
        settings = self.settings
        names = {"foveal": "Foveal", "numpy": "NumPy", "torch": "PyTorch"}
        sentences = [f"Warning: {sentence}" for sentence in self.warnings]
        sentences += [
            f"Not measured: PyTorch is not installed ({how}), so the figures are Foveal's alone."
            for how in self.absent.values()
        ]
        sentences += [
            "The ratio of times is PyTorch's by ours: above 1, ours is faster. The ratio of memory is ours "
            "by PyTorch's: below 1, ours needs less.",
            f"By turns of {settings['steps']} calls, medians of {settings['repeats']} rounds, "
            f"{settings['threads']} threads, float32, each library in its own process; first calls not "
            "counted.",
            self.machine.describe(),
            "Versions: " + ", ".join(f"{names[k]} {version}" for k, version in self.versions.items()) + ".",
            "Memory is what training steps have at a time above what the process held before, everything "
            "loaded and compiled, in a fresh process.",
        ]
        if self.first_step is not None and self.first_step_again is not None:
            sentences.append(
                f"The first training step of a new installation takes {self.first_step:.1f} s longer, since "
                f"it compiles; the first of a later process {self.first_step_again:.1f} s."
            )
        known = [task.difference for task in self.tasks if task.difference is not None]
        if known:
            sentences.append(
                "Losses of the first steps and outputs differ from PyTorch's by a part of "
                f"{max(known):.1g} at most."
            )
        return sentences + list(self.notes)

    def draw(self) -> dict[str, Figure]:
        """Bars of the ratios."""
        from foveal.report.figures import draw_ratios

        groups: dict[str, dict[str, tuple[float, str]]] = {}
        for task in self.tasks:
            if task.ratio is not None and task.peer is not None:
                words = f"{_milliseconds(task.ours)} against {_milliseconds(task.peer)} ms"
                groups.setdefault(task.network, {})[task.title] = task.ratio, words
        return {"ratios": draw_ratios(groups)}


def _row(task: TaskFigures) -> tuple[str, ...]:
    others = [times for times in task.peers if times is not task.peer]
    return (
        task.network,
        task.title,
        ratio_text(task.ratio),
        ratio_text(task.engine_ratio),
        _milliseconds(task.ours),
        _NAMES.get(task.ours.choice, task.ours.choice),
        _milliseconds(task.engine),
        _milliseconds(task.peer),
        UNKNOWN if task.peer is None else task.peer.way.replace("_", " "),
        _milliseconds(others[0] if others else None),
    )


def _milliseconds(times: Times | None) -> str:
    """Three significant digits, no decimals from a hundred on."""
    if times is None:
        return UNKNOWN
    value = times.seconds * 1e3
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0}f}"
