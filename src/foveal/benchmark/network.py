"""The network engine beside PyTorch, in one run."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.benchmark.machine import Beginning, load_average
from foveal.benchmark.network_results import MemoryFigures, NetworkBenchmark, TaskFigures, Times
from foveal.benchmark.networks import NETWORKS, Network, find_networks
from foveal.benchmark.processes import Worker, WorkerError, find_packages, pythons
from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.parallel import cores
from foveal.version import __version__

_PROGRAM = Path(__file__).with_name("_network_worker.py")
#: Examples at a time in inference.
BATCHES = (1, 32)
LEARNING_RATE, MOMENTUM = 0.001, 0.9
#: From this relative difference of losses or outputs on, times of both are not of the same work.
TOLERANCE = 1e-3
# Training steps whose losses are compared, and whose memory is measured.
_STEPS = 4
# A turn ends after so many seconds, if it has two calls.
_TURN = 1.0

# Kind, batch, and the ways of ours and of PyTorch.
Task = tuple[str, int]


def benchmark_networks(
    networks: Sequence[str | Network] = tuple(NETWORKS),
    *,
    steps: int = 10,
    repeats: int = 7,
    peers_python: str | os.PathLike[str] | None = None,
    pause: float = 0.1,
    compile_time: bool = True,
    random_state: int = 0,
    callbacks: Callbacks = (),
) -> NetworkBenchmark:
    """Measure training steps and inference of networks beside PyTorch's, interleaved, on the same numbers.

    Each library runs each network in a process of its own, which waits while the other works. Weights and
    examples are the same; before anything is timed, the losses of the first steps and the outputs are
    compared. A turn is a few calls in a row, after one that is not counted.

    Parameters
    ----------
    networks : sequence of str or Network, default=("cnn", "mobilenet", "mlp")
    steps : int, default=10
        Calls of a turn; fewer, but at least two, where they take more than a second.
    repeats : int, default=7
        Rounds; the median of the rounds' medians counts.
    peers_python : path-like, optional
        The interpreter of another environment, where PyTorch is looked for first.
    pause : float, default=0.1
        Seconds between turns, in which OpenMP's threads, that wait by spinning, go to sleep.
    compile_time : bool, default=True
        Whether to measure the first step of a new installation, which takes about a minute.
    random_state : int, default=0
        Draws weights and examples.
    callbacks : sequence of callables

    Returns
    -------
    NetworkBenchmark
        Without PyTorch, ours alone, and ``absent`` says how to install it.

    Raises
    ------
    FovealError
        If there is no such network, ``peers_python`` is no Python, or a process fails.

    Notes
    -----
    Training is SGD with momentum 0.9 on the cross-entropy, ours :func:`foveal.nn.train_step`, PyTorch's eager
    ``zero_grad``, forward, loss, ``backward``, ``step`` and the loss as a float; inference is
    :class:`foveal.nn.Inference` against ``torch.inference_mode()``. Both have as many threads as the
    process has cores. PyTorch's images are measured channels-last and contiguous; the better counts.
    """
    for what, number in (("steps", steps), ("repeats", repeats)):
        if number < 1:
            raise SettingError(f"{what} is at least 1; got {number}.")
    chosen = find_networks(tuple(networks))
    load_before, began, children = load_average(), Beginning.now(), _children()
    having: dict[str, str | os.PathLike[str]] = {"foveal": sys.executable}
    versions = {"foveal": __version__, "numpy": np.__version__}
    with stage(callbacks, "looking for PyTorch"):
        for python in pythons(peers_python):
            version = find_packages(python, program=_PROGRAM).get("torch")
            if version is not None:
                having["torch"], versions["torch"] = python, version
                break
    tasks: list[TaskFigures] = []
    memory, notes = [], []
    with tempfile.TemporaryDirectory() as folder:
        for network in chosen:
            bench = _Bench(network, having, Path(folder), random_state, pause)
            memory.append(bench.memory())
            with bench.running():
                kinds = [("training", network.batch), *(("inference", batch) for batch in BATCHES)]
                differences = [bench.difference(*task) for task in kinds]
                with stage(callbacks, f"measuring the {network.title}", repeats) as progress:
                    for done in range(repeats):
                        bench.round(kinds, done, steps)
                        progress(done + 1)
                for task, difference in zip(kinds, differences, strict=True):
                    tasks.append(bench.figures(*task, difference))
                    if difference is not None and not difference <= TOLERANCE:
                        notes.append(
                            f"{network.title}, {tasks[-1].title}: results differ from PyTorch's by a part "
                            f"of {difference:.2g}, so the times are not of the same work."
                        )
        first = again = None
        if compile_time:
            with stage(callbacks, "compiling anew"):
                first, again = _first_steps(chosen[0], having, Path(folder), random_state)
    return NetworkBenchmark(
        tasks=tuple(tasks),
        memory=tuple(memory),
        first_step=first,
        first_step_again=again,
        versions=versions,
        settings={
            "networks": [network.name for network in chosen],
            "steps": steps,
            "repeats": repeats,
            "pause": pause,
            "threads": cores(),
            "seed": random_state,
        },
        machine=began.machine(load_before, _children() - children),
        absent={} if "torch" in having else {"torch": 'pip install "foveal[bench]"'},
        notes=tuple(notes),
    )


class _Bench:
    """One network in a process for each library."""

    def __init__(
        self,
        network: Network,
        pythons: dict[str, str | os.PathLike[str]],
        folder: Path,
        random_state: int,
        pause: float,
    ) -> None:
        self.network, self.pythons, self.pause = network, pythons, pause
        self.workers: dict[str, Worker] = {}
        self.times: dict[tuple[str, int, str, str], list[float]] = {}
        self.choices: dict[tuple[str, int, str, str], str] = {}
        weights = network.build(random_state).state_dict()
        rng = np.random.default_rng(random_state)
        examples = max(network.batch, *BATCHES)
        file = folder / f"{network.name}.npz"
        np.savez(
            file,
            x=rng.normal(size=(examples, *network.input_shape)).astype(np.float32),
            y=rng.integers(0, network.classes, examples),
            **{f"weights/{name}": value for name, value in weights.items()},
        )
        self.options = {
            "file": str(file),
            "weights": list(weights),
            "layers": network.layers,
            "lr": LEARNING_RATE,
            "momentum": MOMENTUM,
        }

    def ways(self, kind: str) -> list[tuple[str, str]]:
        """Libraries and ways that a task is done in; of ours the one as a user gets it comes last."""
        ours = ["engine"] if kind == "training" else ["engine", "fastest"]
        theirs = ["channels_last", "contiguous"] if len(self.network.input_shape) == 3 else ["contiguous"]
        found = [("foveal", way) for way in ours]
        return found + [("torch", way) for way in theirs if "torch" in self.pythons]

    def start(self, library: str, environment: dict[str, str] | None = None) -> Worker:
        """A fresh process."""
        name = {"foveal": "Foveal", "torch": "PyTorch"}[library]
        options = {**self.options, "library": library}
        python = self.pythons[library]
        return Worker(name, python, library, options, cores(), program=_PROGRAM, environment=environment)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep a process for each library."""
        with ExitStack() as stack:
            for library in self.pythons:
                self.workers[library] = stack.enter_context(closing(self.start(library)))
            yield

    def memory(self) -> MemoryFigures:
        """What training steps need, in fresh processes."""
        found: dict[str, dict[str, Any]] = {}
        for library in self.pythons:
            # Of the memory formats channels-last, which is mostly the faster.
            way = next(way for other, way in self.ways("training") if other == library)
            with closing(self.start(library)) as worker:
                answer = ask(worker, "memory", "training", way, self.network.batch, steps=_STEPS)
            found[library] = answer[0]
        peer = found.get("torch", {"step": None, "process": None})
        ours = found["foveal"]
        return MemoryFigures(
            network=self.network.title,
            batch=self.network.batch,
            ours=ours["step"],
            peer=peer["step"],
            ours_process=ours["process"],
            peer_process=peer["process"],
        )

    def difference(self, kind: str, batch: int) -> float | None:
        """The largest difference of losses or outputs, as a part of the largest of PyTorch's."""
        values: dict[str, list[NDArray[Any]]] = {library: [] for library in self.pythons}
        for library, way in self.ways(kind):
            header, body = ask(self.workers[library], "values", kind, way, batch, steps=_STEPS)
            values[library].append(np.frombuffer(body, header["dtype"]).reshape(header["shape"]))
        if "torch" not in values:
            return None
        theirs = values["torch"][0]
        largest = max(float(np.abs(theirs).max()), 1e-12)
        return max(float(np.abs(own - theirs).max()) for own in values["foveal"]) / largest

    def round(self, kinds: Sequence[Task], number: int, steps: int) -> None:
        """Every task, each in all ways before the next task; who begins goes round."""
        for kind, batch in kinds:
            ways = self.ways(kind)
            first = number % len(ways)
            for library, way in ways[first:] + ways[:first]:
                time.sleep(self.pause)
                worker = self.workers[library]
                answer = ask(worker, "time", kind, way, batch, calls=steps, seconds=_TURN)[0]
                key = (kind, batch, library, way)
                self.times.setdefault(key, []).append(float(np.median(answer["times"])))
                self.choices[key] = answer["choice"]

    def figures(self, kind: str, batch: int, difference: float | None) -> TaskFigures:
        """What all rounds came to."""
        found: dict[str, list[Times]] = {"foveal": [], "torch": []}
        for library, way in self.ways(kind):
            key = (kind, batch, library, way)
            low, middle, high = (float(q) for q in np.quantile(self.times[key], (0.25, 0.5, 0.75)))
            found[library].append(Times(way, middle, (low, high), self.choices[key]))
        ours = found["foveal"]
        peers = tuple(found["torch"])
        return TaskFigures(self.network.title, kind, batch, ours[0], ours[-1], peers, difference)


def ask(
    worker: Worker, do: str, kind: str, way: str, batch: int, **more: Any
) -> tuple[dict[str, Any], bytes]:
    """A worker's answer to what is to be done with a task in one way.

    Raises
    ------
    WorkerError
        If it says that it failed, or ends.
    """
    header, body = worker.ask({"do": do, "kind": kind, "way": way, "batch": batch, **more})
    if "error" in header:
        raise WorkerError(f"{worker.name} failed: {str(header['error']).rstrip('.')}.")
    return header, body


def _first_steps(
    network: Network, pythons: dict[str, str | os.PathLike[str]], folder: Path, random_state: int
) -> tuple[float, float]:
    """Seconds that the first training step takes beyond a later one: nothing compiled, and all compiled."""
    bench = _Bench(network, pythons, folder, random_state, 0.0)
    found = []
    for _ in range(2):
        with closing(bench.start("foveal", {"NUMBA_CACHE_DIR": str(folder / "compiled")})) as worker:
            answer = ask(worker, "first", "training", "engine", network.batch)[0]
        found.append(float(answer["first"]) - float(answer["later"]))
    return found[0], found[1]


def _children() -> float:
    """Processor seconds of the processes that were started from this one and have ended."""
    times = os.times()
    return times.children_user + times.children_system
