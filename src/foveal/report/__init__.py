"""Figures, and the report that is one HTML file.

A report is written from a record: plain data that whoever trained and measured a model has at hand.
The figures are usable alone, from :mod:`foveal.report.figures`. matplotlib and jinja2 are imported when
something is drawn or written.
"""

from foveal.report import figures
from foveal.report.chapters.classification import classification_chapter
from foveal.report.chapters.detection import detection_chapter
from foveal.report.chapters.proposals import proposal_chapter
from foveal.report.chapters.search import search_chapter
from foveal.report.figures.networks.overlays import overlay_map
from foveal.report.figures.proposals.merging import merging_frames, merging_numbers
from foveal.report.html.blocks import Chapter, Headline
from foveal.report.html.film import film_player, film_to_html, write_film
from foveal.report.html.page import (
    render_report,
    write_classification_report,
    write_detection_report,
    write_report,
)
from foveal.report.records import ClassificationRecord, DetectionRecord, NetworkLook, ProposalRecord
from foveal.report.search_record import SearchRecord
from foveal.report.sections.trace import trace_chapter

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
