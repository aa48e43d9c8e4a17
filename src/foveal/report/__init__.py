"""Figures, and the report that is one HTML file.

A report is written from a record: plain data that whoever trained and measured a model has at hand.
The figures are usable alone, from :mod:`foveal.report.figures`. matplotlib and jinja2 are imported when
something is drawn or written.
"""

from importlib import import_module
from typing import Any

from foveal.report.matplotlib_folder import prepare_matplotlib

prepare_matplotlib()

# Each file and the names that stand in it; it is imported when one of them is first asked for.
_FILES = {
    "alarms.finding": ("find_alarms",),
    "chapters.classification": ("classification_chapter", "write_classification_report"),
    "chapters.data": ("data_chapter", "write_data_page"),
    "chapters.comparison": ("comparison_chapter", "write_comparison_page"),
    "chapters.detection": ("detection_chapter", "write_detection_report"),
    "chapters.explanation": ("explanation_section", "write_explanation_page"),
    "chapters.proposals": ("proposal_chapter", "write_proposal_report"),
    "chapters.search": ("search_chapter", "write_search_page"),
    "chapters.trace": ("trace_chapter", "write_trace_page"),
    "compared": ("ComparedRun", "ComparedSide", "ComparisonRecord"),
    "figures.networks.explanation": ("overlay_map",),
    "figures.proposals.merging": ("merging_frames", "merging_numbers"),
    "html.blocks": ("Chapter", "Headline", "Player"),
    "html.film": ("film_player", "film_to_html", "write_film"),
    "html.page": ("render_report", "write_report"),
    "records": (
        "Alarm",
        "AugmentedView",
        "ClassificationRecord",
        "DataRecord",
        "DetectionRecord",
        "NetworkLook",
        "ProposalRecord",
        "SearchRecord",
    ),
}
_PLACES = {name: file for file, names in _FILES.items() for name in names}

__all__ = sorted([*_PLACES, "figures"])


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name == "figures":
        return import_module(f"{__name__}.figures")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
