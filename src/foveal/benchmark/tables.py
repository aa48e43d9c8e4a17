"""The figures of a benchmark as tables that people read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from foveal.benchmark.results import (
    NUMBERS,
    ProposalFigures,
    SelectiveSearchBenchmark,
    Speed,
)
from foveal.version import __version__

_UNKNOWN = "–"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        Each as long as `columns`.
    words : int
        How many of the first columns are words; the others are numbers.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1

    def to_markdown(self) -> str:
        r"""As a Markdown table under its title.

        Examples
        --------
        >>> print(Table("Speed", ("method", "s"), (("a|b", "0.1"),)).to_markdown())
        ## Speed
        <BLANKLINE>
        | method | s |
        |---|--:|
        | a\|b | 0.1 |
        """
        sides = "".join("---|" if i < self.words else "--:|" for i in range(len(self.columns)))
        lines = [f"## {self.title}", "", _line(self.columns), f"|{sides}"]
        return "\n".join(lines + [_line(row) for row in self.rows])


def make_tables(benchmark: SelectiveSearchBenchmark) -> list[Table]:
    """Speed first, ratios before seconds; then what was found; then the segmentations.

    Parameters
    ----------
    benchmark : SelectiveSearchBenchmark

    Returns
    -------
    list of Table
        The quality's tables are left out where the images have no objects.
    """
    tables = []
    if benchmark.proposals:
        several = max(p.speed.method.threads for p in benchmark.proposals)
        tables.append(
            Table(
                "Speed",
                (
                    "method", "threads", "× ours, 1 thread", f"× ours, {several} threads", "s / image",
                    "quartiles", "images", "boxes", "peak MiB",
                ),
                tuple(_speed_row(p.speed, _decimal(p.boxes, 0)) for p in benchmark.proposals),
            )
        )  # fmt: skip
        judged = [p for p in benchmark.proposals if p.quality is not None and p.speed.method.threads == 1]
        if judged:
            heads = tuple("all" if n is None else f"{n:,}" for n in NUMBERS)
            rows = tuple((*_judged(p, "mabo"), _decimal(p.mabo_at_ours, 3)) for p in judged)
            tables.append(
                Table(
                    "MABO of the first so many boxes",
                    ("method", "images", "objects", *heads, "as many as ours"),
                    rows,
                )
            )
            for index, threshold in ((1, "0.7"), (0, "0.5")):
                rows = tuple(_judged(p, index) for p in judged)
                title = f"Recall at IoU {threshold} of the first so many boxes"
                tables.append(Table(title, ("method", "images", "objects", *heads), rows))
    tables.append(
        Table(
            "Segmentation alone (Felzenszwalb & Huttenlocher, k = 100)",
            (
                "method", "threads", "× ours, 1 thread", "s / image", "quartiles", "images", "segments",
                "adjusted Rand index against ours", "peak MiB",
            ),
            tuple(
                (
                    s.speed.method.name, str(s.speed.method.threads), _ratio(s.speed.ratio),
                    *_time(s.speed), _decimal(s.segments, 0), _decimal(s.agreement, 3), _mebibytes(s.speed),
                )
                for s in benchmark.segmentations
            ),
        )
    )  # fmt: skip
    return tables


def describe(benchmark: SelectiveSearchBenchmark) -> list[str]:
    """What the tables are about, a sentence a line; warnings first.

    Parameters
    ----------
    benchmark : SelectiveSearchBenchmark
    """
    packages: dict[str, str] = {}
    speeds = [p.speed for p in benchmark.proposals] + [s.speed for s in benchmark.segmentations]
    for speed in speeds:
        packages[speed.method.package] = speed.version
    height, width = benchmark.size
    images = "1 picture" if benchmark.images == 1 else f"{benchmark.images} pictures"
    return [
        *(f"Warning: {sentence}" for sentence in benchmark.warnings),
        f"{images} of {benchmark.source}, {width:g}×{height:g} at the median, {benchmark.objects} objects; "
        f"by turns, medians of {benchmark.settings['repeats']} round(s), first calls not counted.",
        benchmark.machine.describe(),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in packages.items()) + ".",
        "Peak MiB is the most memory in RAM that the method's process ever had, its interpreter and "
        "libraries included.",
        *(f"Not measured: {name} is not installed ({how})." for name, how in benchmark.absent.items()),
        *benchmark.notes,
    ]


def to_markdown(benchmark: SelectiveSearchBenchmark) -> str:
    """Everything as one Markdown page."""
    parts = [f"# Selective search beside its peers (Foveal {__version__})"]
    parts += [table.to_markdown() for table in make_tables(benchmark)]
    parts.append("\n".join(f"- {sentence}" for sentence in describe(benchmark)))
    return "\n\n".join(parts) + "\n"


def _speed_row(speed: Speed, number: str) -> tuple[str, ...]:
    return (
        speed.method.name,
        str(speed.method.threads),
        _ratio(speed.ratio),
        _ratio(speed.ratio_threads),
        *_time(speed),
        number,
        _mebibytes(speed),
    )


def _time(speed: Speed) -> tuple[str, str, str]:
    low, high = speed.quartiles
    return _seconds(speed.seconds), f"{_seconds(low)} to {_seconds(high)}", str(speed.images)


def _judged(figures: ProposalFigures, which: str | int) -> tuple[str, ...]:
    """The method and one measure at all numbers: MABO, or the recall at a threshold of that index."""
    quality = figures.quality
    assert quality is not None
    values = quality.mabo if which == "mabo" else quality.recall[int(which)]
    return (
        figures.speed.method.name,
        str(quality.images),
        str(quality.objects),
        *(_decimal(value, 3) for value in values),
    )


def _seconds(value: float) -> str:
    """Three significant digits.

    Examples
    --------
    >>> [_seconds(v) for v in (0.02914, 0.842, 12.34, math.nan)]
    ['0.0291', '0.842', '12.3', '–']
    """
    if not math.isfinite(value):
        return _UNKNOWN
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def _ratio(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.1f}×" if value >= 9.95 else f"{value:.2f}×"


def _decimal(value: float | None, digits: int) -> str:
    return _UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def _mebibytes(speed: Speed) -> str:
    return _UNKNOWN if speed.peak_memory is None else f"{speed.peak_memory / 2**20:.0f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
