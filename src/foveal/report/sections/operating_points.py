"""The section about the score that detections are believed from."""

import numpy as np

from foveal.metrics import OperatingPoints
from foveal.report.figures.canvas import FULL_WIDTH
from foveal.report.figures.metrics.operating_points import draw_operating_points
from foveal.report.html.blocks import Chart, Note, Section, Table
from foveal.wording import count

# The thresholds of the table's rows, besides the one that is used and the best.
_ROWS = tuple((np.arange(1, 10) / 10).tolist())


def operating_points_section(points: OperatingPoints, threshold: float) -> Section:
    """What another threshold would give: more found, or fewer false.

    Parameters
    ----------
    points : OperatingPoints
    threshold : float
        The one that is used.
    """
    title = "Threshold"
    if not len(points.thresholds) or not points.objects:
        text = "There are no detections, or no objects, to choose a threshold by."
        return Section(title, text, [Note("Nothing was measured.")])
    best = float(points.thresholds[int(points.f1.argmax())])
    chart = Chart(
        "What the threshold decides",
        draw_operating_points(points, threshold=threshold, width=FULL_WIDTH),
        f"Precision, recall and F1 against the score; at {threshold:.2f}: {_said(points, threshold)}.",
        "Precision is the share of the boxes that is right, recall that of the objects that is found, "
        f"F1 their harmonic mean; all classes together. Dotted is the model’s own, {threshold:.2f}; the best "
        f"F1 on these images is from {best:.2f} on.",
    )
    rows = [_row(points, value, threshold, best) for value in sorted({*_ROWS, threshold, best})]
    table = Table(
        "From score to score",
        ("threshold", "precision", "recall", "F1", "right", "false", "missed"),
        rows,
    )
    text = (
        "From which score on a box is believed: a higher one makes fewer false detections, a lower one finds "
        "more. foveal evaluate RUN --precision .95, or --recall .9, chooses one; foveal threshold RUN .4 "
        "sets it."
    )
    return Section(title, text, [chart, table])


def _row(points: OperatingPoints, value: float, used: float, best: float) -> list[str]:
    name = f"{value:.2f}" if round(value, 2) == value else f"{value:.4g}"
    name += " (the model’s)" if value == used else " (the best F1)" if value == best else ""
    at = points.at(value)
    if at is None:
        return [name, "–", "0.000", "0.000", "0", "0", f"{points.objects:,}"]
    shares = (f"{values[at]:.3f}" for values in (points.precision, points.recall, points.f1))
    counts = (points.right[at], points.false[at], points.objects - points.right[at])
    return [name, *shares, *(f"{number:,}" for number in counts)]


def _said(points: OperatingPoints, threshold: float) -> str:
    at = points.at(threshold)
    if at is None:
        return "nothing is found"
    return f"{points.right[at]:,} of {count(points.objects, 'object')} found, {points.false[at]:,} false"
