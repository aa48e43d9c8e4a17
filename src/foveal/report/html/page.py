"""The report as one HTML file."""

import os
from collections.abc import Sequence
from typing import Any

from foveal.files import write_text
from foveal.report.chapters.classification import classification_chapter
from foveal.report.chapters.detection import detection_chapter
from foveal.report.html.blocks import Chapter, Headline
from foveal.report.html.embedding import figure_to_svg
from foveal.report.records import ClassificationRecord, DetectionRecord

__all__ = ["render_report", "write_classification_report", "write_detection_report", "write_report"]


def write_report(
    path: str | os.PathLike[str],
    title: str,
    intro: str,
    chapters: Sequence[Chapter],
    headlines: Sequence[Headline] = (),
) -> None:
    """Write chapters as one HTML file that asks nothing of any other file or of the network.

    The same chapters give the same bytes. The file is written whole or not at all.

    Parameters
    ----------
    path : path-like
        Where to write; an existing file is replaced.
    title : str
    intro : str
        A sentence or two under the title; where it is empty and there is one chapter, that one's text.
    chapters : sequence of Chapter
        Made by :func:`foveal.report.detection_chapter` and
        :func:`foveal.report.classification_chapter`.
    headlines : sequence of Headline
        Large numbers above the first chapter, where there are several chapters.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> write_report(file, "Nothing yet", "An empty report.", [Chapter("One", "A model", "It is empty.")])
    >>> file.read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    write_text(path, render_report(title, intro, chapters, headlines))


def render_report(
    title: str, intro: str, chapters: Sequence[Chapter], headlines: Sequence[Headline] = ()
) -> str:
    """The text of the file that :func:`write_report` writes.

    Parameters
    ----------
    title, intro, chapters, headlines
        As in :func:`write_report`.

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("foveal.report.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = 0

    def draw(figure: Any) -> Markup:
        nonlocal drawn
        drawn += 1
        # What figure_to_svg returns is made by matplotlib, which escapes the names in it.
        return Markup(figure_to_svg(figure, f"chart-{drawn}"))

    environment.filters["svg"] = draw
    return environment.get_template("report.html").render(
        title=title, intro=intro, chapters=list(chapters), headlines=list(headlines)
    )


def write_detection_report(path: str | os.PathLike[str], record: DetectionRecord) -> None:
    """Write the report of one detector.

    Parameters
    ----------
    path : path-like
    record : DetectionRecord
    """
    write_report(path, record.title, "", [detection_chapter(record)])


def write_classification_report(path: str | os.PathLike[str], record: ClassificationRecord) -> None:
    """Write the report of one classifier.

    Parameters
    ----------
    path : path-like
    record : ClassificationRecord
    """
    write_report(path, record.title, "", [classification_chapter(record)])
