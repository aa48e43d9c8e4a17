"""Figures, and the report that is one HTML file.

A report is written from a record: plain data that whoever trained and measured a model has at hand.
The figures are usable alone, from :mod:`foveal.report.figures`. matplotlib and jinja2 are imported when
something is drawn or written.
"""

from foveal.report import figures
from foveal.report.chapters import Chapter, Headline
from foveal.report.classification import classification_chapter
from foveal.report.detection import detection_chapter
from foveal.report.film import film_player, film_to_html, write_film
from foveal.report.html import (
    render_report,
    write_classification_report,
    write_detection_report,
    write_report,
)
from foveal.report.merging import merging_frames, merging_numbers
from foveal.report.overlays import overlay_map
from foveal.report.proposing import proposal_chapter
from foveal.report.records import ClassificationRecord, DetectionRecord, NetworkLook, ProposalRecord
from foveal.report.search import search_chapter
from foveal.report.search_record import SearchRecord
from foveal.report.trace_section import trace_chapter

__all__ = [
    "Chapter",
    "ClassificationRecord",
    "DetectionRecord",
    "Headline",
    "NetworkLook",
    "ProposalRecord",
    "SearchRecord",
    "classification_chapter",
    "detection_chapter",
    "figures",
    "film_player",
    "film_to_html",
    "merging_frames",
    "merging_numbers",
    "overlay_map",
    "proposal_chapter",
    "render_report",
    "search_chapter",
    "trace_chapter",
    "write_classification_report",
    "write_detection_report",
    "write_film",
    "write_report",
]
