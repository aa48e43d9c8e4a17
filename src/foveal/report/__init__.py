"""Figures, and the report that is one HTML file.

A report is written from a record: plain data that whoever trained and measured a model has at hand.
The figures are usable alone, from :mod:`foveal.report.figures`. matplotlib and jinja2 are imported when
something is drawn or written.
"""

from importlib import import_module
from typing import Any

# Each name and the file that it stands in, which is imported when the name is first asked for.
_PLACES = {
    "Chapter": "html.blocks",
    "ClassificationRecord": "records",
    "DetectionRecord": "records",
    "Headline": "html.blocks",
    "NetworkLook": "records",
    "ProposalRecord": "records",
    "SearchRecord": "records",
    "classification_chapter": "chapters.classification",
    "detection_chapter": "chapters.detection",
    "explanation_section": "chapters.explanation",
    "film_player": "html.film",
    "film_to_html": "html.film",
    "merging_frames": "figures.proposals.merging",
    "merging_numbers": "figures.proposals.merging",
    "overlay_map": "figures.networks.overlays",
    "proposal_chapter": "chapters.proposals",
    "render_report": "html.page",
    "search_chapter": "chapters.search",
    "trace_chapter": "chapters.trace",
    "write_classification_report": "chapters.classification",
    "write_detection_report": "chapters.detection",
    "write_explanation_page": "chapters.explanation",
    "write_film": "html.film",
    "write_proposal_report": "chapters.proposals",
    "write_report": "html.page",
    "write_search_page": "chapters.search",
    "write_trace_page": "chapters.trace",
}

__all__ = sorted([*_PLACES, "figures"])


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name == "figures":
        return import_module(f"{__name__}.figures")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
