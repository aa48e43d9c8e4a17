"""The section about the run itself: time, settings, versions."""

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from foveal.report.figures.metrics.timing import draw_timing
from foveal.report.html.blocks import Block, Chart, Fold, Headline, Section, Table
from foveal.report.records import Record
from foveal.report.wording import format_figure, say_duration

_PACKAGES = (
    "numpy", "scipy", "scikit-learn", "opencv-python-headless", "pillow", "numba", "hotcoco", "matplotlib",
)  # fmt: skip


def run_section(record: Record) -> Section:
    """Where the time went, every setting, every figure and the versions."""
    seconds = stage_seconds(record.events)
    total = total_seconds(record.events)
    slowest = max(seconds, key=lambda name: seconds[name], default="")
    alt = f"Bars of {len(seconds)} stages, {say_duration(total)} in all."
    if slowest:
        alt += f" The longest: {slowest}, {say_duration(seconds[slowest])}."
    blocks: list[Block] = [
        Chart(
            "Time for each stage",
            draw_timing(seconds),
            alt,
            "The stages in the order they ended, without the writing of this page.",
        ),
    ]
    figures = [(name, format_figure(value)) for name, value in record.metrics.items()]
    for title, columns, rows, words in (
        ("The full configuration", ("setting", "value"), list(_flat(record.config)), (1,)),
        ("All figures of the held-out images", ("figure", "value"), figures, ()),
        ("Versions", ("package", "version"), list(_versions(record.version)), (1,)),
    ):
        blocks.append(Fold(title, [Table("", columns, rows, words=words)]))
    return Section("The run", "What it took, and all that is needed to do it again.", blocks)


def headlines(record: Record, figures: Mapping[str, str]) -> list[Headline]:
    """What a chapter about a trained model begins with.

    Parameters
    ----------
    record : Record
    figures : mapping of str to str
        What the figures of the record's metrics mean, by their keys; those that were not measured are left
        out. Of an accuracy the percentage is told.
    """
    lines = []
    for key, meaning in figures.items():
        name = key.removeprefix("proposals/").replace("_", " ")
        if key in record.metrics:
            lines.append(Headline(_shown(key, record.metrics[key]), name, meaning))
        if (old := record.metrics.get(f"old_data/{key}")) is not None:
            # In the place of the second figure: no more than four have room beside each other.
            before = record.metrics.get(f"old_data/before/{key}", float("nan"))
            lines.append(
                Headline(_shown(key, old), f"{name} of the old data", f"{_shown(key, before)} before")
            )
            break
    learned, validating = len(record.parts.train), len(record.parts.validation)
    others = f"{validating:,} more validate, " if validating else ""
    lines.append(Headline(f"{learned:,}", "images to learn from", f"{others}{len(record.test):,} held out"))
    seconds = total_seconds(record.events)
    if seconds:
        lines.append(Headline(say_duration(seconds), "time", "all stages together, before this report"))
    return lines


def _shown(key: str, value: float) -> str:
    return f"{100 * value:.1f} %" if "accuracy" in key else format_figure(value)


def stage_seconds(events: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The time of each stage, in the order they first ended; stages of one name are added up.

    A stage that others ran inside of counts with the rest of its time, under the name ``"… (the
    rest)"``, so that the times add up; a rest below a hundredth of it is left out.

    Examples
    --------
    >>> log = [("stage_start", "fit", 0), ("stage_start", "mining", 0), ("stage_end", "mining", 1.5)]
    >>> log += [("stage_end", "fit", 2.0), ("stage_end", "evaluation", 0.5)]
    >>> stage_seconds([{"event": e, "stage": s, "seconds": t} for e, s, t in log])
    {'mining': 1.5, 'fit (the rest)': 0.5, 'evaluation': 0.5}
    """
    seconds: dict[str, float] = {}
    spans = _spans(events)
    for at, (start, end, name, length) in enumerate(spans):
        inner = [other for i, other in enumerate(spans) if i != at and start < other[0] and other[1] < end]
        # Only what is directly inside: the time of a stage inside one of these is counted there.
        direct = sum(d for a, b, _, d in inner if not any(c < a and b < e for c, e, _, _ in inner))
        rest = length - direct
        if inner and rest < 0.01 * length:
            continue
        key = f"{name} (the rest)" if inner else name
        seconds[key] = seconds.get(key, 0.0) + max(rest, 0.0)
    return seconds


def total_seconds(events: Sequence[Mapping[str, Any]]) -> float:
    """The time of all stages; one that runs inside another is not counted twice.

    Examples
    --------
    >>> log = [("stage_start", "fit", 0), ("stage_start", "mining", 0), ("stage_end", "mining", 1.5)]
    >>> log += [("stage_end", "fit", 2.0), ("stage_end", "evaluation", 0.5)]
    >>> total_seconds([{"event": e, "stage": s, "seconds": t} for e, s, t in log])
    2.5
    """
    spans = _spans(events)
    return sum(d for a, b, _, d in spans if not any(c < a and b < e for c, e, _, _ in spans))


def _spans(events: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, str, float]]:
    """Start, end (positions in the log), name and seconds of each finished stage."""
    spans: list[tuple[int, int, str, float]] = []
    started: dict[str, list[int]] = {}
    for at, event in enumerate(events):
        if event.get("event") == "stage_start":
            started.setdefault(str(event["stage"]), []).append(at)
        elif event.get("event") == "stage_end":
            name = str(event["stage"])
            own = started.get(name)
            # A stage that was broken off has no end and holds nothing.
            spans.append((own.pop() if own else at, at, name, float(event["seconds"])))
    return spans


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in config.items():
        if key == "digests":  # of every image: for programs alone
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            yield f"{prefix}{key}", json.dumps(value, ensure_ascii=False, default=str)


def _versions(own: str) -> Iterator[tuple[str, str]]:
    yield "foveal", own
    yield "python", platform.python_version()
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue
