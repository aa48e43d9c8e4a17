"""Foveal's figures beside those of other packages, measured in one run."""

from foveal.benchmark.machine import Machine
from foveal.benchmark.methods import MODES, Method
from foveal.benchmark.network import benchmark_networks
from foveal.benchmark.network_results import MemoryFigures, NetworkBenchmark, TaskFigures, Times
from foveal.benchmark.networks import NETWORKS, Network
from foveal.benchmark.results import Benchmark
from foveal.benchmark.selective_search import benchmark_selective_search
from foveal.benchmark.selective_search_results import (
    ProposalFigures,
    SegmentationFigures,
    SelectiveSearchBenchmark,
    Speed,
)
from foveal.benchmark.tables import Table

__all__ = [
    "MODES",
    "NETWORKS",
    "Benchmark",
    "Machine",
    "MemoryFigures",
    "Method",
    "Network",
    "NetworkBenchmark",
    "ProposalFigures",
    "SegmentationFigures",
    "SelectiveSearchBenchmark",
    "Speed",
    "Table",
    "TaskFigures",
    "Times",
    "benchmark_networks",
    "benchmark_selective_search",
]
