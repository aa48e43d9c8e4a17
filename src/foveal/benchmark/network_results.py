"""What a benchmark of networks found, as data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foveal.benchmark.machine import Machine
from foveal.version import __version__


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
            "seconds": _number(self.seconds),
            "seconds_quartiles": [_number(q) for q in self.quartiles],
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
            "ratio": _number(self.ratio),
            "engine_ratio": _number(self.engine_ratio),
            "ours": self.ours.to_json(),
            "engine": self.engine.to_json(),
            "pytorch": [times.to_json() for times in self.peers],
            "difference": _number(self.difference),
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
            "ratio": _number(self.ratio),
            "process_ratio": _number(self.process_ratio),
            "ours": self.ours,
            "pytorch": self.peer,
            "ours_process": self.ours_process,
            "pytorch_process": self.peer_process,
        }


@dataclass(frozen=True)
class NetworkBenchmark:
    """Foveal's network engine beside PyTorch.

    Attributes
    ----------
    tasks : tuple of TaskFigures
    memory : tuple of MemoryFigures
    first_step, first_step_again : float or None
        Seconds of the first training step of a new installation, which compiles, and of a later process,
        which loads what was compiled; the step itself is taken off.
    versions : mapping of str to str
    settings : mapping
        What the run was asked for, as JSON values.
    machine : Machine
    absent : mapping of str to str
        How to install PyTorch, if it was not there.
    notes : tuple of str
        Sentences, about results that differ for instance.
    """

    tasks: tuple[TaskFigures, ...]
    memory: tuple[MemoryFigures, ...]
    first_step: float | None
    first_step_again: float | None
    versions: Mapping[str, str]
    settings: Mapping[str, Any]
    machine: Machine
    absent: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """Reasons not to trust the times."""
        return self.machine.warnings

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; what is not known is None."""
        return {
            "benchmark": "network",
            "foveal": __version__,
            "settings": dict(self.settings),
            "machine": self.machine.to_json(),
            "versions": dict(self.versions),
            "warnings": self.warnings,
            "tasks": [task.to_json() for task in self.tasks],
            "memory": [figures.to_json() for figures in self.memory],
            "first_step_seconds": _number(self.first_step),
            "first_step_again_seconds": _number(self.first_step_again),
            "absent": dict(self.absent),
            "notes": list(self.notes),
        }


def _number(value: float | None) -> float | None:
    """Six significant digits; JSON has no word for what is not a number."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
