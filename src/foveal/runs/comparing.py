"""Comparing runs: what differs, and what of it is chance."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from foveal.errors import SettingError
from foveal.events import Callbacks, stage
from foveal.files import claimed, write_json
from foveal.metrics.comparing import Comparison, NamedImages, Weighable, compare_sides
from foveal.metrics.resampling import matched_images
from foveal.report.compared import ComparedRun, ComparedSide, ComparisonRecord
from foveal.runs.compared_runs import differing_settings, grouped, read_runs


@dataclass(frozen=True, eq=False)
class Compared:
    """What a comparison came to.

    Attributes
    ----------
    page : pathlib.Path
    verdicts : tuple of str
        What can be said of each pair, in a sentence or two.
    record : ComparisonRecord
    """

    page: Path
    verdicts: tuple[str, ...]
    record: ComparisonRecord

    def as_json(self) -> dict[str, Any]:
        """What ``comparison.json`` holds."""
        return comparison_json(self.record) | {"verdicts": list(self.verdicts)}


def compare(
    runs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    callbacks: Callbacks = (),
) -> Compared:
    """Compare runs on a page: what differs, and what of it is more than chance.

    Runs of the same data and settings, which differ by their seeds alone, are taken together. Figures have
    intervals by the bootstrap over the held-out images; differences are paired where the images are the same.

    Parameters
    ----------
    runs : sequence of path-like
        Two finished runs or more, of one task.
    out : path-like
        A new or empty folder, which receives ``report.html`` and ``comparison.json``.
    seed : int, default=0
        Of the resamples.
    callbacks : sequence of callables

    Returns
    -------
    Compared

    Raises
    ------
    FovealError
        If a run cannot be used, or ``out`` is not empty.
    """
    if len(runs) < 2:
        raise SettingError("Name two runs or more to compare.")
    asked = {"runs": [str(run) for run in runs], "seed": seed}
    with claimed(out, "compare", asked, leaves=("report.html", "comparison.json")) as folder:
        read = read_runs(runs)
        sides = grouped(read)
        with stage(callbacks, "comparison"):
            comparison = compare_sides(
                [[_weighable(run) for run in side.runs] for side in sides], random_state=seed
            )
        record = ComparisonRecord(
            " and ".join(dict.fromkeys(run.data_name for run in read)),
            sides,
            comparison,
            differing_settings(sides),
        )
        from foveal.report.chapters.comparison import write_comparison_page
        from foveal.report.sections.comparison.chance import verdicts

        compared = Compared(folder / "report.html", tuple(verdicts(record)), record)
        write_json(folder / "comparison.json", compared.as_json())
        with stage(callbacks, "report"):
            write_comparison_page(compared.page, record)
    return compared


def _weighable(run: ComparedRun) -> Weighable:
    """A run's answers, so that images can be weighted in its figures."""
    digest = run.data_digest
    if run.task == "detection":
        matched = matched_images(run.test.to_coco(), run.results)
        return replace(matched, image_ids=tuple((digest, image) for image in matched.image_ids))
    labels = np.array([-1 if s.label is None else s.label for s in run.test], np.int64)
    ids = tuple((digest, s.id) for s in run.test)
    predictions = np.asarray(run.answers).argmax(axis=1).astype(np.int64)
    return NamedImages(ids, labels, predictions, run.test.classes)


def comparison_json(record: ComparisonRecord) -> dict[str, Any]:
    """A comparison as JSON values."""
    comparison: Comparison = record.comparison
    names = [side.name for side in record.sides]

    def told(side: ComparedSide, place: int) -> dict[str, Any]:
        intervals, values = comparison.intervals[place], comparison.values[place]
        return {
            "name": side.name,
            "runs": [str(run.path) for run in side.runs],
            "seeds": [run.seed for run in side.runs],
            "figures": {
                key: {"value": i.value, "low": i.low, "high": i.high, "trainings": values[key].tolist()}
                for key, i in intervals.items()
            },
        }

    return {
        "images": comparison.n_images,
        "images_of_all": comparison.n_shared,
        "sides": [told(side, place) for place, side in enumerate(record.sides)],
        "settings": {key: list(values) for key, values in record.settings.items()},
        "differences": [
            {
                "first": names[d.first],
                "second": names[d.second],
                "figure": d.figure,
                "difference": d.interval.value,
                "low": d.interval.low,
                "high": d.interval.high,
                "level": d.interval.level,
                "p_value": d.interval.p_value,
                "more_than_chance": d.interval.excludes_zero,
            }
            for d in comparison.differences
        ],
    }
