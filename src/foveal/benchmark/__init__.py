"""Foveal's figures beside those of other packages, measured in one run."""

from foveal.benchmark.machine import Machine
from foveal.benchmark.methods import MODES, Method
from foveal.benchmark.network import benchmark_networks
from foveal.benchmark.network_results import MemoryFigures, NetworkBenchmark, TaskFigures, Times
from foveal.benchmark.network_tables import (
    describe_network,
    make_network_tables,
    network_to_markdown,
    write_network_benchmark,
)
from foveal.benchmark.networks import NETWORKS, Network
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
    "MODES",
    "NETWORKS",
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
    "describe",
    "describe_network",
    "make_network_tables",
    "make_tables",
    "network_to_markdown",
    "to_markdown",
    "write_benchmark",
    "write_network_benchmark",
]
