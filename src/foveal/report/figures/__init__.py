"""The figures of the report, each a function from plain data to a matplotlib figure.

Every function is usable alone: ``foveal.report.figures.draw_losses(curves).savefig("losses.png")``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.figure

# The types by their names alone: matplotlib is imported when something is drawn.
Axes: TypeAlias = "matplotlib.axes.Axes"
Figure: TypeAlias = "matplotlib.figure.Figure"

# Each figure and the file that draws it, which is imported when the figure is first asked for.
_PLACES = {
    "animate_convolution": "networks.convolution",
    "draw_activations": "networks.activations",
    "draw_anchor_matches": "boxes.anchors",
    "draw_anchors": "boxes.anchors",
    "draw_attention": "boxes.attention",
    "draw_augmentations": "networks.augmentations",
    "draw_class_balance": "metrics.class_balance",
    "draw_confusion": "metrics.confusion",
    "draw_convolution_step": "networks.convolution",
    "draw_dendrogram": "proposals.dendrogram",
    "draw_explanation": "networks.explanation",
    "draw_feature_maps": "networks.feature_maps",
    "draw_filters_gallery": "networks.filters_gallery",
    "draw_first_layer_filters": "networks.feature_maps",
    "draw_grid": "training.grid",
    "draw_learning_curve": "training.learning_curve",
    "draw_levels": "proposals.merging",
    "draw_loss_parts": "training.loss_parts",
    "draw_losses": "training.losses",
    "draw_mining": "training.mining",
    "draw_objectness": "boxes.objectness",
    "draw_pooling": "networks.pooling",
    "draw_precision_recall": "metrics.precision_recall",
    "draw_proposal_quality": "proposals.recall",
    "draw_range_test": "training.range_test",
    "draw_ratios": "metrics.timing",
    "draw_recall": "proposals.recall",
    "draw_recall_of_methods": "proposals.recall",
    "draw_regression": "boxes.regression",
    "draw_roi_sampling": "boxes.roi_sampling",
    "draw_samples": "boxes.samples",
    "draw_scores": "metrics.scores",
    "draw_similarities": "proposals.similarities",
    "draw_speeds": "metrics.timing",
    "draw_stages": "networks.pooling",
    "draw_suppression": "boxes.suppression",
    "draw_tide": "metrics.precision_recall",
    "draw_timing": "metrics.timing",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
