"""What a benchmark of selective search found: as data, as tables and as figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from foveal.benchmark.methods import Method
from foveal.benchmark.results import Benchmark
from foveal.benchmark.tables import Table, decimal_text, mebibytes_text, ratio_text, rounded, seconds_text
from foveal.metrics import ProposalQuality
from foveal.report.figures import Figure
from foveal.wording import count

#: Numbers of proposals that quality is told at; None is all.
NUMBERS: tuple[int | None, ...] = (100, 500, 1000, 2000, None)
THRESHOLDS = (0.5, 0.7)


@dataclass(frozen=True)
class Speed:
    """How long a method took, and beside ours.

    Attributes
    ----------
    method : Method
    version : str
        Of its package.
    images : int
        How many it answered for.
    failures : int
        How many it failed on.
    seconds : float
        Median over the images; of each image the median of the rounds. NaN where it failed on all.
    quartiles : tuple of float
        Of the images' seconds.
    ratio, ratio_threads : float or None
        How many times as long as ours takes it took, ours with one thread and with several: medians over
        the images that both answered for. None where ours was not measured so.
    peak_memory : int or None
        The most memory in RAM that the method's process ever had, in bytes: interpreter, libraries,
        image and all.
    """

    method: Method
    version: str
    images: int
    failures: int
    seconds: float
    quartiles: tuple[float, float]
    ratio: float | None
    ratio_threads: float | None
    peak_memory: int | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "method": self.method.name,
            "package": self.method.package,
            "version": self.version,
            "mode": self.method.mode,
            "options": dict(self.method.options),
            "threads": self.method.threads,
            "pictures": self.images,
            "failures": self.failures,
            "ratio": rounded(self.ratio),
            "ratio_threads": rounded(self.ratio_threads),
            "seconds": rounded(self.seconds),
            "seconds_quartiles": [rounded(q) for q in self.quartiles],
            "peak_memory": self.peak_memory,
        }


@dataclass(frozen=True)
class ProposalFigures:
    """A method of proposing: speed and quality, from the same calls.

    Attributes
    ----------
    speed : Speed
    boxes : float
        Mean number of proposals of an image.
    quality : ProposalQuality or None
        At `NUMBERS` and `THRESHOLDS`; None where the images have no objects.
    mabo_at_ours : float or None
        MABO of the method's first so many boxes as ours of the same mode proposes for the same image.
    """

    speed: Speed
    boxes: float
    quality: ProposalQuality | None
    mabo_at_ours: float | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        quality: dict[str, Any] = {"objects": 0, "mabo": None, "recall50": None, "recall70": None}
        if self.quality is not None:
            keys = ["all" if n is None else str(n) for n in NUMBERS]
            quality = {"objects": self.quality.objects}
            quality["mabo"] = dict(zip(keys, map(rounded, self.quality.mabo), strict=True))
            for threshold, row in zip(THRESHOLDS, self.quality.recall, strict=True):
                quality[f"recall{threshold * 100:.0f}"] = dict(zip(keys, map(rounded, row), strict=True))
        return {
            **self.speed.to_json(),
            "boxes": rounded(self.boxes),
            **quality,
            "mabo_at_ours": rounded(self.mabo_at_ours),
        }


@dataclass(frozen=True)
class SegmentationFigures:
    """A graph-based segmentation.

    Attributes
    ----------
    speed : Speed
    segments : float
        Mean number of regions of an image.
    agreement : float or None
        Mean adjusted Rand index against ours: 1 for the same regions, 0 for chance.
    """

    speed: Speed
    segments: float
    agreement: float | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **self.speed.to_json(),
            "segments": rounded(self.segments),
            "adjusted_rand_index": rounded(self.agreement),
        }


@dataclass(frozen=True, kw_only=True)
class SelectiveSearchBenchmark(Benchmark):
    """Selective search beside its peers.

    Attributes
    ----------
    source : str
        What was measured on.
    images, objects : int
        The most that a method saw.
    size : tuple of float
        Median height and width of the images as they were given to the methods, in pixels.
    proposals : tuple of ProposalFigures
        Ours of each mode before its peers.
    segmentations : tuple of SegmentationFigures
    settings, machine, absent, notes
        See :class:`Benchmark`. There are notes about images that could not be read, methods that failed,
        and boxes that depend on the number of threads.
    """

    name = "selective-search"
    heading = "Selective search beside its peers"

    source: str
    images: int
    objects: int
    size: tuple[float, float]
    proposals: tuple[ProposalFigures, ...]
    segmentations: tuple[SegmentationFigures, ...]

    def figures(self) -> dict[str, Any]:
        """What was measured, as JSON values."""
        return {
            "data": {
                "source": self.source,
                "pictures": self.images,
                "objects": self.objects,
                "median_height": self.size[0],
                "median_width": self.size[1],
            },
            "proposals": [p.to_json() for p in self.proposals],
            "segmentations": [s.to_json() for s in self.segmentations],
        }

    @property
    def _judged(self) -> list[tuple[ProposalFigures, ProposalQuality]]:
        # With more threads the boxes are the same.
        one_thread = [p for p in self.proposals if p.speed.method.threads == 1]
        return [(p, p.quality) for p in one_thread if p.quality is not None]

    def tables(self) -> list[Table]:
        """Speed first, ratios before seconds; then what was found; then the segmentations.

        The quality's tables are left out where the images have no objects.
        """
        tables = []
        if self.proposals:
            several = max(p.speed.method.threads for p in self.proposals)
            tables.append(
                Table(
                    "Speed",
                    (
                        "method", "threads", "× ours, 1 thread", f"× ours, {several} threads", "s / image",
                        "quartiles", "images", "boxes", "peak MiB",
                    ),
                    tuple(_speed_row(p.speed, decimal_text(p.boxes, 0)) for p in self.proposals),
                )
            )  # fmt: skip
            if self._judged:
                numbers = ("all" if n is None else f"{n:,}" for n in NUMBERS)
                heads = ("method", "images", "objects", *numbers)
                rows = tuple(
                    (*_quality_row(p, q, q.mabo), decimal_text(p.mabo_at_ours, 3)) for p, q in self._judged
                )
                title = "MABO of the first so many boxes"
                tables.append(Table(title, (*heads, "as many as ours"), rows))
                for index, threshold in ((1, "0.7"), (0, "0.5")):
                    rows = tuple(_quality_row(p, q, q.recall[index]) for p, q in self._judged)
                    title = f"Recall at IoU {threshold} of the first so many boxes"
                    tables.append(Table(title, heads, rows))
        tables.append(
            Table(
                "Segmentation alone (Felzenszwalb & Huttenlocher, k = 100)",
                (
                    "method", "threads", "× ours, 1 thread", "s / image", "quartiles", "images", "segments",
                    "adjusted Rand index against ours", "peak MiB",
                ),
                tuple(
                    (
                        s.speed.method.name, str(s.speed.method.threads), ratio_text(s.speed.ratio),
                        *_time(s.speed), decimal_text(s.segments, 0), decimal_text(s.agreement, 3),
                        mebibytes_text(s.speed.peak_memory),
                    )
                    for s in self.segmentations
                ),
            )
        )  # fmt: skip
        return tables

    def describe(self) -> list[str]:
        """What the tables are about, a sentence a line; warnings first."""
        packages: dict[str, str] = {}
        speeds = [p.speed for p in self.proposals] + [s.speed for s in self.segmentations]
        for speed in speeds:
            packages[speed.method.package] = speed.version
        height, width = self.size
        images = count(self.images, "picture")
        return [
            *(f"Warning: {sentence}" for sentence in self.warnings),
            f"{images} of {self.source}, {width:g}×{height:g} at the median, "
            f"{count(self.objects, 'object')}; by turns, medians of "
            f"{count(self.settings['repeats'], 'round')}, first calls not counted.",
            self.machine.describe(),
            "Versions: " + ", ".join(f"{name} {version}" for name, version in packages.items()) + ".",
            "Peak MiB is the most memory in RAM that the method's process ever had, its interpreter and "
            "libraries included.",
            *(f"Not measured: {name} is not installed ({how})." for name, how in self.absent.items()),
            *self.notes,
        ]

    def draw(self) -> dict[str, Figure]:
        """Bars of the times, and where the images have objects, the quality."""
        from foveal.report.figures import draw_proposal_quality, draw_speeds

        seconds: dict[str, dict[str, float]] = {}
        for figures in self.proposals:
            method = figures.speed.method
            seconds.setdefault(f"mode {method.mode}", {})[method.name] = figures.speed.seconds
        if self.segmentations:
            seconds["segmentation alone"] = {s.speed.method.name: s.speed.seconds for s in self.segmentations}
        drawings = {"speed": draw_speeds(seconds)}
        qualities = {}
        for figures, quality in self._judged:
            few = f" ({count(quality.images, 'image')})" if quality.images < self.images else ""
            qualities[figures.speed.method.name + few] = quality
        if qualities:
            drawings["quality"] = draw_proposal_quality(qualities)
        return drawings


def _speed_row(speed: Speed, number: str) -> tuple[str, ...]:
    return (
        speed.method.name,
        str(speed.method.threads),
        ratio_text(speed.ratio),
        ratio_text(speed.ratio_threads),
        *_time(speed),
        number,
        mebibytes_text(speed.peak_memory),
    )


def _time(speed: Speed) -> tuple[str, str, str]:
    low, high = speed.quartiles
    return seconds_text(speed.seconds), f"{seconds_text(low)} to {seconds_text(high)}", str(speed.images)


def _quality_row(
    figures: ProposalFigures, quality: ProposalQuality, values: Iterable[float]
) -> tuple[str, ...]:
    """The method and one measure at all numbers."""
    known = (figures.speed.method.name, str(quality.images), str(quality.objects))
    return (*known, *(decimal_text(value, 3) for value in values))
