"""The chapter about a method of proposing that was trained."""

from dataclasses import replace

from foveal.report.chapters.detection import proposals_section
from foveal.report.figures.proposals.recall import draw_recall_of_methods
from foveal.report.html.blocks import Block, Chapter, Chart, Headline
from foveal.report.records import ProposalRecord
from foveal.report.sections.data import data_section
from foveal.report.sections.run import run_section, total_seconds
from foveal.report.sections.training import training_section
from foveal.report.wording import format_figure, say_duration

_MEANINGS = {
    "proposals/recall50@100": "objects that one of the best 100 proposals overlaps by half",
    "proposals/recall70@100": "the same, by an IoU of 0.7",
}


def proposal_chapter(record: ProposalRecord) -> Chapter:
    """A chapter of the report: how many objects the proposals reach, the data and the training.

    Parameters
    ----------
    record : ProposalRecord

    Returns
    -------
    Chapter
    """
    quality = record.proposal_quality
    headlines = [
        Headline(format_figure(record.metrics[key]), key.removeprefix("proposals/"), meaning)
        for key, meaning in _MEANINGS.items()
        if key in record.metrics
    ]
    learned = len(record.parts.train) + len(record.parts.validation)
    headlines.append(Headline(f"{learned:,}", "images to learn from", f"{len(record.test):,} held out"))
    seconds = total_seconds(record.events)
    if seconds:
        headlines.append(Headline(say_duration(seconds), "time", "all stages together"))
    text = (
        f"It says where objects may be, not what they are. On {quality.images:,} held-out images there are "
        f"{quality.objects:,} objects to be reached. A detector takes it in the place of selective search."
    )
    reached = proposals_section(quality)
    if record.others and quality.objects:
        reached = replace(reached, blocks=[*_beside(record), *reached.blocks])
    sections = [
        reached,
        data_section(record),
        training_section(record.events),
        run_section(record),
    ]
    return Chapter(record.title, f"Region proposals · {record.model}", text, headlines, sections)


def _beside(record: ProposalRecord) -> list[Block]:
    """Its recall beside that of the other methods."""
    qualities = {"RPN": record.proposal_quality, **record.others}
    figures = "; ".join(
        f"{name} {quality.recall[0, -1]:.3f} with all its boxes" for name, quality in qualities.items()
    )
    return [
        Chart(
            f"Beside {' and '.join(record.others)}",
            draw_recall_of_methods(qualities),
            f"Recall of several methods against their numbers of proposals. At IoU 0.5: {figures}.",
            "What was trained on these classes should reach their objects with fewer boxes.",
        )
    ]
