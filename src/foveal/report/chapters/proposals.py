"""The chapter about a method of proposing that was trained."""

import os
from dataclasses import replace

from foveal.report.figures.proposals.recall import draw_recall_of_methods
from foveal.report.html.blocks import Chapter, Chart
from foveal.report.html.page import write_report
from foveal.report.records import ProposalRecord
from foveal.report.sections.data import data_section
from foveal.report.sections.going_on import going_on_sections
from foveal.report.sections.proposals import proposals_section
from foveal.report.sections.run import headlines, run_section
from foveal.report.sections.training import training_section
from foveal.wording import be, count

_MEANINGS = {
    "proposals/recall50@100": "objects that one of the best 100 proposals overlaps by half",
    "proposals/recall70@100": "the same, by an IoU of 0.7",
}


def proposal_chapter(record: ProposalRecord) -> Chapter:
    """How many objects the proposals reach, the data and the training, as
    :func:`foveal.report.classification_chapter` tells of a classifier.
    """
    quality = record.proposal_quality
    text = (
        "It says where objects may be, not what they are. On "
        f"{count(quality.images, 'held-out image')} there {be(quality.objects)} "
        f"{count(quality.objects, 'object')} to be reached. A detector takes it in the place of selective "
        "search."
    )
    reached = proposals_section(quality)
    if record.others and quality.objects:
        reached = replace(reached, blocks=[_beside(record), *reached.blocks])
    sections = [reached, *going_on_sections(record), data_section(record)]
    sections += [training_section(record.events), run_section(record)]
    kind = f"Region proposals · {record.model}"
    return Chapter(record.title, kind, text, headlines(record, _MEANINGS), sections, record.alarms)


def write_proposal_report(path: str | os.PathLike[str], record: ProposalRecord) -> None:
    """Write the report of a method of proposing; see :func:`foveal.report.write_classification_report`."""
    write_report(path, record.title, "", [proposal_chapter(record)])


def _beside(record: ProposalRecord) -> Chart:
    """Its recall beside that of the other methods."""
    qualities = {"RPN": record.proposal_quality, **record.others}
    figures = "; ".join(
        f"{name} {quality.recall[0, -1]:.3f} with all its boxes" for name, quality in qualities.items()
    )
    return Chart(
        f"Beside {' and '.join(record.others)}",
        draw_recall_of_methods(qualities),
        f"Recall of several methods against their numbers of proposals. At IoU 0.5: {figures}.",
        "What was trained on these classes should reach their objects with fewer boxes.",
    )
