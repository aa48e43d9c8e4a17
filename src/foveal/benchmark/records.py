"""What each method answered, and its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.benchmark.interleaving import Turn
from foveal.benchmark.methods import Method
from foveal.benchmark.photographs import Photograph
from foveal.benchmark.selective_search_results import (
    NUMBERS,
    THRESHOLDS,
    ProposalFigures,
    SegmentationFigures,
    Speed,
)
from foveal.metrics import proposal_recall


class Records:
    """The answers of all methods.

    Parameters
    ----------
    limits : mapping of Method to int
        How many of the first images each takes.
    photographs : sequence of Photograph
    rounds : int
    """

    def __init__(self, limits: Mapping[Method, int], photographs: Sequence[Photograph], rounds: int) -> None:
        self._limits = dict(limits)
        self._photographs = list(photographs)
        self._seconds = {m: np.full((rounds, limit), np.nan) for m, limit in limits.items()}
        self._boxes: dict[Method, dict[int, NDArray[np.float32]]] = {m: {} for m in limits}
        self._segments: dict[Method, list[int]] = {m: [] for m in limits}
        self._agreements: dict[Method, list[float]] = {m: [] for m in limits}
        self._failures: dict[Method, dict[int, str]] = {m: {} for m in limits}

    def add(self, turn: Turn) -> None:
        """Keep what a turn brought; boxes and regions of the first round only."""
        for method, why in turn.failures.items():
            self._failures[method].setdefault(turn.image, why)
        regions: dict[Method, NDArray[Any]] = {}
        for method, (seconds, result) in turn.answers.items():
            self._seconds[method][turn.round, turn.image] = seconds
            if turn.round == 0 and method.mode is not None:
                self._boxes[method][turn.image] = np.asarray(result, np.float32)
            elif turn.round == 0:
                regions[method] = result
                self._segments[method].append(len(np.unique(result)))
        ours = next((result for method, result in regions.items() if method.ours), None)
        if ours is not None:
            from sklearn.metrics import adjusted_rand_score

            for method, result in regions.items():
                if not method.ours:
                    agreement = adjusted_rand_score(ours.ravel(), result.ravel())
                    self._agreements[method].append(float(agreement))

    @property
    def notes(self) -> list[str]:
        """A sentence for each method that failed on an image or whose boxes depend on its threads."""
        found = []
        for method, failures in self._failures.items():
            if failures:
                first, why = next(iter(failures.items()))
                name = self._photographs[first].name
                number = "1 picture" if len(failures) == 1 else f"{len(failures)} pictures, the first"
                found.append(f"{method.name} failed on {number}, {name}: {why.rstrip('.')}.")
            one = self._ours(method, one_thread=True)
            if method.threads > 1 and one is not None:
                own, other = self._boxes[method], self._boxes[one]
                differ = [i for i in own if i in other and not np.array_equal(own[i], other[i])]
                if differ:
                    name = self._photographs[differ[0]].name
                    found.append(
                        f"{method.name}: other boxes than with one thread on {len(differ)} of {len(own)} "
                        f"pictures, the first {name}."
                    )
        return found

    def speed(self, method: Method, version: str, peak_memory: int | None) -> Speed:
        """How long a method took, and beside ours."""
        seconds = _middle(self._seconds[method])
        known = seconds[~np.isnan(seconds)]
        low, middle, high = np.quantile(known, (0.25, 0.5, 0.75)) if len(known) else (np.nan,) * 3
        one, several = self._ours(method, one_thread=True), self._ours(method, one_thread=False)
        return Speed(
            method=method,
            version=version,
            images=len(known),
            failures=len(self._failures[method]),
            seconds=float(middle),
            quartiles=(float(low), float(high)),
            ratio=None if one is None else self._ratio(method, one),
            ratio_threads=None if several is None else self._ratio(method, several),
            peak_memory=peak_memory,
        )

    def proposals(self, speed: Speed) -> ProposalFigures:
        """The figures of a method that proposes."""
        own = self._boxes[speed.method]
        ours = self._ours(speed.method, one_thread=True)
        boxes = [own.get(i, np.zeros((0, 4), np.float32)) for i in range(self._limits[speed.method])]
        cut = None
        if ours is not None:
            lengths = [len(self._boxes[ours].get(i, ())) for i in range(len(boxes))]
            cut = self._quality([b[:n] for b, n in zip(boxes, lengths, strict=True)])
        return ProposalFigures(
            speed=speed,
            boxes=_mean([len(b) for b in own.values()]),
            quality=self._quality(boxes),
            mabo_at_ours=None if cut is None else float(cut.mabo[-1]),
        )

    def segmentation(self, speed: Speed) -> SegmentationFigures:
        """The figures of a segmentation."""
        agreements = self._agreements[speed.method]
        return SegmentationFigures(
            speed=speed,
            segments=_mean(self._segments[speed.method]),
            agreement=_mean(agreements) if agreements else None,
        )

    def _quality(self, boxes: Sequence[NDArray[np.float32]]) -> Any:
        given = self._photographs[: len(boxes)]
        if not any(len(p.boxes) for p in given):
            return None
        return proposal_recall(
            boxes,
            [p.boxes for p in given],
            numbers=NUMBERS,
            thresholds=THRESHOLDS,
            labels=[p.labels for p in given],
        )

    def _ours(self, method: Method, *, one_thread: bool) -> Method | None:
        """Foveal's method that a method stands beside."""
        return next(
            (m for m in self._limits if m.ours and m.mode == method.mode and (m.threads == 1) == one_thread),
            None,
        )

    def _ratio(self, method: Method, ours: Method) -> float | None:
        theirs, own = _middle(self._seconds[method]), _middle(self._seconds[ours])
        both = ~np.isnan(theirs) & ~np.isnan(own)
        return float(np.median(theirs[both]) / np.median(own[both])) if both.any() else None


def _middle(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each image's rounds, those that failed left out; NaN where all did."""
    found = np.full(seconds.shape[1], np.nan)
    for i, column in enumerate(seconds.T):
        known = column[~np.isnan(column)]
        if len(known):
            found[i] = np.median(known)
    return found


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
