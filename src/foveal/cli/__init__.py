"""The command line: the verbs, each a thin layer over a function of the library."""

from foveal.cli.app import app, main

# Each adds its verbs to the program; help lists them in this order.
from foveal.cli import data, training, runs, using, benchmarks  # isort: skip

__all__ = ["app", "benchmarks", "data", "main", "runs", "training", "using"]
