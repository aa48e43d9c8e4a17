"""The figures of a benchmark of networks as tables, sentences, a picture and files."""

import io
import os
from pathlib import Path

from foveal.benchmark.network_results import NetworkBenchmark, TaskFigures, Times
from foveal.benchmark.tables import Table
from foveal.files import write_bytes, write_json, write_text
from foveal.report.figures.metrics.timing import draw_ratios
from foveal.version import __version__

_UNKNOWN = "–"
_NAMES = {"onnxruntime": "ONNX Runtime", "engine": "engine"}


def make_network_tables(benchmark: NetworkBenchmark) -> list[Table]:
    """Times, ratios before milliseconds, and memory.

    Parameters
    ----------
    benchmark : NetworkBenchmark

    Returns
    -------
    list of Table
    """
    speed = Table(
        "Time against PyTorch's",
        (
            "network", "task", "ratio", "engine alone", "ours, ms", "by", "engine, ms", "PyTorch, ms",
            "format", "other format, ms",
        ),
        tuple(_row(task) for task in benchmark.tasks),
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
                m.network, str(m.batch), _ratio(m.ratio), _mebibytes(m.ours), _mebibytes(m.peer),
                _ratio(m.process_ratio), _mebibytes(m.ours_process), _mebibytes(m.peer_process),
            )
            for m in benchmark.memory
        ),
    )  # fmt: skip
    return [speed, memory]


def describe_network(benchmark: NetworkBenchmark) -> list[str]:
    """What the tables are about, a sentence a line; warnings first.

    Parameters
    ----------
    benchmark : NetworkBenchmark
    """
    settings = benchmark.settings
    names = {"foveal": "Foveal", "numpy": "NumPy", "torch": "PyTorch"}
    sentences = [f"Warning: {sentence}" for sentence in benchmark.warnings]
    sentences += [
        f"Not measured: PyTorch is not installed ({how}), so the figures are Foveal's alone."
        for how in benchmark.absent.values()
    ]
    sentences += [
        "The ratio of times is PyTorch's by ours: above 1, ours is faster. The ratio of memory is ours by "
        "PyTorch's: below 1, ours needs less.",
        f"By turns of {settings['steps']} calls, medians of {settings['repeats']} rounds, "
        f"{settings['threads']} threads, float32, each library in its own process; first calls not counted.",
        benchmark.machine.describe(),
        "Versions: " + ", ".join(f"{names[k]} {version}" for k, version in benchmark.versions.items()) + ".",
        "Memory is what training steps have at a time above what the process held before, everything loaded "
        "and compiled, in a fresh process.",
    ]
    if benchmark.first_step is not None and benchmark.first_step_again is not None:
        sentences.append(
            f"The first training step of a new installation takes {benchmark.first_step:.1f} s longer, since "
            f"it compiles; the first of a later process {benchmark.first_step_again:.1f} s."
        )
    known = [task.difference for task in benchmark.tasks if task.difference is not None]
    if known:
        sentences.append(
            "Losses of the first steps and outputs differ from PyTorch's by a part of "
            f"{max(known):.1g} at most."
        )
    return sentences + list(benchmark.notes)


def network_to_markdown(benchmark: NetworkBenchmark) -> str:
    """Everything as one Markdown page."""
    parts = [f"# The network engine beside PyTorch (Foveal {__version__})"]
    parts += [table.to_markdown() for table in make_network_tables(benchmark)]
    parts.append("\n".join(f"- {sentence}" for sentence in describe_network(benchmark)))
    return "\n\n".join(parts) + "\n"


def write_network_benchmark(benchmark: NetworkBenchmark, folder: str | os.PathLike[str]) -> None:
    """Write the figures of a benchmark of networks as JSON, as tables and as a picture.

    Parameters
    ----------
    benchmark : NetworkBenchmark
    folder : path-like
        Receives ``benchmark.json``, ``benchmark.md``, ``ratios.png`` and ``ratios.svg``. It is made if it is
        missing.
    """
    folder = Path(folder)
    write_json(folder / "benchmark.json", benchmark.to_json())
    write_text(folder / "benchmark.md", network_to_markdown(benchmark))
    groups: dict[str, dict[str, tuple[float, str]]] = {}
    for task in benchmark.tasks:
        if task.ratio is not None and task.peer is not None:
            words = f"{_milliseconds(task.ours)} against {_milliseconds(task.peer)} ms"
            groups.setdefault(task.network, {})[task.title] = task.ratio, words
    figure = draw_ratios(groups)
    for kind in ("png", "svg"):
        content = io.BytesIO()
        # A picture that is looked at alone needs a page to be dark on.
        figure.savefig(content, format=kind, dpi=160, facecolor="white")
        write_bytes(folder / f"ratios.{kind}", content.getvalue())


def _row(task: TaskFigures) -> tuple[str, ...]:
    others = [times for times in task.peers if times is not task.peer]
    return (
        task.network,
        task.title,
        _ratio(task.ratio),
        _ratio(task.engine_ratio),
        _milliseconds(task.ours),
        _NAMES.get(task.ours.choice, task.ours.choice),
        _milliseconds(task.engine),
        _milliseconds(task.peer),
        _UNKNOWN if task.peer is None else task.peer.way.replace("_", " "),
        _milliseconds(others[0] if others else None),
    )


def _ratio(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.1f}×" if value >= 9.95 else f"{value:.2f}×"


def _milliseconds(times: Times | None) -> str:
    """Three significant digits, no decimals from a hundred on."""
    if times is None:
        return _UNKNOWN
    value = times.seconds * 1e3
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0}f}"


def _mebibytes(value: int | None) -> str:
    return _UNKNOWN if value is None else f"{value / 2**20:.0f}"
