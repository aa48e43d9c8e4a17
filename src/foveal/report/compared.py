"""What the page tells that compares runs: plain data, gathered by whoever read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.data.dataset import Dataset
from foveal.data.detections import Detections
from foveal.metrics.comparing import Comparison

#: Stands for a setting that a model does not have.
NO_SUCH = "–"


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedRun:
    """One of the runs.

    Attributes
    ----------
    path : pathlib.Path
    name : str
        Short, and like that of no other.
    task : {"detection", "classification"}
    model : str
    seed : int
    settings : mapping of str to str
        As resolved and chosen.
    data_name, data_digest : str
    metrics : mapping of str to float
        Of the held-out images.
    seconds : float
        Of all its stages.
    size : int
        Bytes of the model file.
    test : Dataset
        The held-out images.
    answers : sequence of Detections, or ndarray of shape (N, K)
        For each of them, the surest detection first; or the probabilities of the classes.
    results : sequence of dict
        Detections in COCO's results format.
    threshold : float
        The score from which detections are believed.
    """

    path: Path
    name: str
    task: str
    model: str
    seed: int
    settings: Mapping[str, str]
    data_name: str
    data_digest: str
    metrics: Mapping[str, float]
    seconds: float
    size: int
    test: Dataset
    answers: Sequence[Detections] | NDArray[np.float64]
    results: Sequence[dict[str, Any]] = ()
    threshold: float = 0.5


@dataclass(frozen=True, eq=False)
class ComparedSide:
    """Runs of the same settings, which differ by their seeds alone.

    Attributes
    ----------
    name : str
    runs : tuple of ComparedRun
    """

    name: str
    runs: tuple[ComparedRun, ...]


@dataclass(frozen=True, eq=False)
class ComparisonRecord:
    """Sides, and what of their differences is chance.

    Attributes
    ----------
    title : str
    sides : sequence of ComparedSide
    comparison : Comparison
        Of the same sides, in their order.
    settings : mapping of str to sequence of str
        Those that differ, and what each side has.
    """

    title: str
    sides: Sequence[ComparedSide]
    comparison: Comparison
    settings: Mapping[str, Sequence[str]]

    @property
    def task(self) -> str:
        """What the runs are for."""
        return self.sides[0].runs[0].task

    @property
    def figures(self) -> tuple[str, str]:
        """The two that sum a run up, the first of which decides."""
        return ("AP50", "AP") if self.task == "detection" else ("accuracy", "balanced_accuracy")
