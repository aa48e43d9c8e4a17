"""The section about proposals: how many objects they reach, alone and beside other methods."""

from collections.abc import Mapping

import numpy as np

from foveal.metrics import ProposalQuality
from foveal.report.figures.proposals.recall import draw_recall, draw_recall_of_methods
from foveal.report.html.blocks import Block, Chart, Note, Section, Table
from foveal.report.wording import format_figure
from foveal.wording import count


def proposals_section(
    quality: ProposalQuality, others: Mapping[str, ProposalQuality] | None = None
) -> Section:
    """How many objects proposals reach, against their number; and beside them several methods by name."""
    blocks: list[Block] = []
    if quality.objects and len(quality.mabo):
        ends = ", ".join(
            f"{recall[-1]:.3f} at IoU {t:g}"
            for t, recall in zip(quality.thresholds, quality.recall, strict=True)
        )
        recalls = dict(zip(quality.thresholds, quality.curve_recall, strict=True))
        blocks.append(
            Chart(
                "Recall against the number of proposals",
                draw_recall(quality.curve_numbers.tolist(), recalls),
                f"Recall of {count(quality.objects, 'object')} rises with the number of proposals to {ends}.",
                "An object that no proposal reaches cannot be found, however good the classifier.",
            )
        )
    else:
        blocks.append(Note("There were no objects to be reached."))
    rows = []
    most = int(quality.curve_numbers[-1]) if len(quality.curve_numbers) else 0
    for j, (number, mean) in enumerate(zip(quality.numbers, quality.mean_counts, strict=True)):
        if number is not None and number >= most and quality.numbers[-1] is None:
            continue  # So many there are in no image: the row of all of them says the same.
        name = f"all ({mean:,.0f})" if number is None else f"{number:,}"
        rows.append([name, *(format_figure(float(row[j])) for row in (*quality.recall, quality.mabo))])
    if rows:
        space = "\N{NO-BREAK SPACE}"
        columns = ["proposals", *(f"IoU{space}≥{space}{t:g}" for t in quality.thresholds), "MABO"]
        title = "Recall and mean average best overlap (MABO) by the number of proposals per image"
        blocks.append(Table(title, columns, rows, wide=False))
    compared = {name: q for name, q in (others or {}).items() if q.objects}
    if len(compared) > 1:
        images = next(iter(compared.values())).images
        said = "; ".join(
            f"{name} {np.interp(100, q.curve_numbers, q.curve_recall[0]):.3f}" for name, q in compared.items()
        )
        blocks.append(
            Chart(
                "Recall beside other methods",
                draw_recall_of_methods(compared),
                f"Recall of {len(compared)} methods. With 100 proposals, at IoU 0.5: {said}.",
                f"On {count(images, 'held-out image')}. Recall at IoU 0.5 with 100 proposals: {said}.",
            )
        )
    return Section(
        "Proposals",
        "Where the detector looks: regions that may hold an object, and how many objects they reach.",
        blocks,
    )
