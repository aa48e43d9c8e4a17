"""The chapter that compares runs."""

import os

from foveal.report.compared import ComparisonRecord
from foveal.report.html.blocks import Chapter, Headline
from foveal.report.html.page import write_report
from foveal.report.sections.comparison.chance import MOST_AT_THE_HEAD, chance_section, verdicts
from foveal.report.sections.comparison.images import images_section
from foveal.report.sections.comparison.results import results_section
from foveal.report.sections.comparison.settings import settings_section
from foveal.wording import be, count

_MOST_HEADLINES = 4


def write_comparison_page(path: str | os.PathLike[str], record: ComparisonRecord) -> None:
    """Write the page that compares runs.

    Parameters
    ----------
    path : path-like
    record : ComparisonRecord
    """
    write_report(path, record.title, "", [comparison_chapter(record)])


def comparison_chapter(record: ComparisonRecord) -> Chapter:
    """Which of the differences between runs are more than chance, and where they are.

    Parameters
    ----------
    record : ComparisonRecord

    Returns
    -------
    Chapter
    """
    key = record.figures[0]
    runs = sum(len(side.runs) for side in record.sides)
    headlines = []
    for side, found in list(zip(record.sides, record.comparison.intervals, strict=True))[:_MOST_HEADLINES]:
        interval = found[key]
        meaning = f"{side.name}; 95 % interval {interval.low:.3f} to {interval.high:.3f}"
        headlines.append(Headline(f"{interval.value:.3f}", key.replace("_", " "), meaning))
    headlines.append(Headline(f"{record.comparison.n_images:,}", "images", "held out, to compare by"))
    said = verdicts(record)
    text = " ".join(said)
    if len(said) > MOST_AT_THE_HEAD:
        sure = [d.interval.excludes_zero for d in record.comparison.differences if d.figure == key]
        text = f"Of {count(len(sure), 'difference')} of {key}, {sum(sure)} {be(sum(sure))} more than chance."
    return Chapter(
        record.title,
        f"Comparison · {count(runs, 'run')}",
        text,
        headlines,
        [chance_section(record), settings_section(record), results_section(record), images_section(record)],
    )
