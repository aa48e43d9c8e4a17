"""The curves and the classes of compared runs."""

import numpy as np
from numpy.typing import NDArray

from foveal.metrics import pr_curves
from foveal.report.compared import ComparedRun, ComparisonRecord
from foveal.report.figures.metrics.compared_curves import RECALLS, draw_compared_curves
from foveal.report.html.blocks import Block, Chart, Fold, Note, Section, Table
from foveal.report.sections.comparison.chance import signed
from foveal.wording import count

# Classes that have a frame of curves, and a row in a table that is not folded away.
_MOST_CURVES, _MOST_ROWS = 5, 25


def results_section(record: ComparisonRecord) -> Section:
    """Precision and recall over each other, and class by class."""
    blocks: list[Block] = _curves(record) if record.task == "detection" else []
    blocks.extend(_class_table(record))
    return Section("Class by class", "Where the sides differ: in which classes, and at which scores.", blocks)


def _curves(record: ComparisonRecord) -> list[Block]:
    """The mean over the classes, and the classes that differ most."""
    every = {side.name: [_precisions(run) for run in side.runs] for side in record.sides}
    classes = sorted(set.intersection(*(set(run) for runs in every.values() for run in runs)))
    if not classes:
        return [Note("There is no class that all have objects of: there are no curves to draw.")]
    means = {
        name: [np.mean([run[c] for c in classes], axis=0) for run in runs] for name, runs in every.items()
    }

    def differ(name: str) -> float:
        levels = [float(np.mean([run[name] for run in runs])) for runs in every.values()]
        return max(levels) - min(levels)

    shown = sorted(classes, key=lambda name: -differ(name))[:_MOST_CURVES]
    blocks: list[Block] = []
    frames = {f"mean of {count(len(classes), 'class', 'classes')}": means} if len(classes) > 1 else {}
    frames |= {c: {name: [run[c] for run in runs] for name, runs in every.items()} for c in shown}
    for title, curves in frames.items():
        areas = "; ".join(f"{name} {float(np.mean(trained)):.2f}" for name, trained in curves.items())
        several = any(len(trained) > 1 for trained in curves.values())
        caption = (
            "The further to the upper right the better; an overlap (IoU) of 0.5 makes a detection right."
        )
        if several:
            caption += " A strong line is the mean of trainings, each of which is a faint one."
        alt = f"Precision against recall, {title}; the mean precision of {areas}."
        blocks.append(Chart(f"Precision and recall: {title}", draw_compared_curves(curves), alt, caption))
    if len(classes) > len(shown):
        blocks.append(Note(f"Drawn are the {len(shown)} of {len(classes)} classes that differ most."))
    return blocks


def _precisions(run: ComparedRun) -> dict[str, NDArray[np.float64]]:
    """Of each class the greatest precision from each of the recalls on, (101,)."""
    found = {}
    for name, curve in pr_curves(run.test.to_coco(), list(run.results)).items():
        precision = np.zeros(len(RECALLS))
        if len(curve.recall):
            best = np.maximum.accumulate(curve.precision[::-1])[::-1]
            at = np.searchsorted(curve.recall, RECALLS, side="left")
            reached = at < len(best)
            precision[reached] = best[at[reached]]
        found[name] = precision
    return found


def _class_table(record: ComparisonRecord) -> list[Block]:
    comparison = record.comparison
    prefix = "AP50/" if record.task == "detection" else "recall/"
    keys = [key for key in comparison.values[0] if key.startswith(prefix)]
    keys = [key for key in keys if all(key in found for found in comparison.values)]
    if not keys:
        return []
    two = len(record.sides) == 2
    columns = ["class"]
    for side in record.sides:
        columns += [f"{prefix[:-1]}, {side.name}", "95\u00a0% interval"]
    rows = []
    for key in keys:
        cells = [key.removeprefix(prefix)]
        for found in comparison.intervals:
            cells += [f"{found[key].value:.3f}", f"{found[key].low:.3f} – {found[key].high:.3f}"]
        if two and (d := comparison.difference(0, 1, key)) is not None:
            cells += [signed(d.interval.value), f"{signed(d.interval.low)} to {signed(d.interval.high)}"]
        rows.append(cells)
    if two:
        columns += ["difference", "95\u00a0% interval"]
    table = Table("Each class", columns, rows)
    blocks: list[Block] = [table]
    if len(rows) > _MOST_ROWS:
        blocks = [Fold(f"Each of the {len(rows)} classes", [Table("", columns, rows)])]
    if two and len(rows) > 1:
        blocks.append(
            Note(
                f"Of {len(rows)} classes that are looked at one by one, one in twenty differs by chance: a "
                "single class is a hint, not a proof."
            )
        )
    return blocks
