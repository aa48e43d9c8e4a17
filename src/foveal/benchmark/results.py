"""What a benchmark found, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from foveal.benchmark.machine import Machine
from foveal.benchmark.methods import Method
from foveal.metrics import ProposalQuality
from foveal.version import __version__

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
            "ratio": _number(self.ratio),
            "ratio_threads": _number(self.ratio_threads),
            "seconds": _number(self.seconds),
            "seconds_quartiles": [_number(q) for q in self.quartiles],
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
            quality["mabo"] = dict(zip(keys, map(_number, self.quality.mabo), strict=True))
            for threshold, row in zip(THRESHOLDS, self.quality.recall, strict=True):
                quality[f"recall{threshold * 100:.0f}"] = dict(zip(keys, map(_number, row), strict=True))
        return {
            **self.speed.to_json(),
            "boxes": _number(self.boxes),
            **quality,
            "mabo_at_ours": _number(self.mabo_at_ours),
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
            "segments": _number(self.segments),
            "adjusted_rand_index": _number(self.agreement),
        }


@dataclass(frozen=True)
class SelectiveSearchBenchmark:
    """Selective search beside its peers.

    Attributes
    ----------
    source : str
        What was measured on.
    images, objects : int
        The most that a method saw.
    size : tuple of float
        Median height and width of the images as they were given to the methods, in pixels.
    settings : mapping
        What the run was asked for, as JSON values.
    machine : Machine
    proposals : tuple of ProposalFigures
        Ours of each mode before its peers.
    segmentations : tuple of SegmentationFigures
    absent : mapping of str to str
        How to install each package that was not there.
    notes : tuple of str
        Sentences about images that could not be read, methods that failed, and boxes that depend on the
        number of threads.
    """

    source: str
    images: int
    objects: int
    size: tuple[float, float]
    settings: Mapping[str, Any]
    machine: Machine
    proposals: tuple[ProposalFigures, ...]
    segmentations: tuple[SegmentationFigures, ...]
    absent: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def warnings(self) -> list[str]:
        """Reasons not to trust the times."""
        return self.machine.warnings

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values; what is not known is None."""
        return {
            "benchmark": "selective-search",
            "foveal": __version__,
            "data": {
                "source": self.source,
                "pictures": self.images,
                "objects": self.objects,
                "median_height": self.size[0],
                "median_width": self.size[1],
            },
            "settings": dict(self.settings),
            "machine": self.machine.to_json(),
            "warnings": self.warnings,
            "proposals": [p.to_json() for p in self.proposals],
            "segmentations": [s.to_json() for s in self.segmentations],
            "absent": dict(self.absent),
            "notes": list(self.notes),
        }


def _number(value: float | None) -> float | None:
    """Six significant digits; JSON has no word for what is not a number."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.6g}")
