"""Foveal's figures beside those of other packages, measured in one run."""

from foveal.benchmark.results import (
    ProposalFigures,
    SegmentationFigures,
    SelectiveSearchBenchmark,
    Speed,
)
from foveal.benchmark.selective_search import benchmark_selective_search
from foveal.benchmark.tables import Table, describe, make_tables, to_markdown
from foveal.benchmark.writing import write_benchmark

__all__ = [
    "ProposalFigures",
    "SegmentationFigures",
    "SelectiveSearchBenchmark",
    "Speed",
    "Table",
    "benchmark_selective_search",
    "describe",
    "make_tables",
    "to_markdown",
    "write_benchmark",
]
