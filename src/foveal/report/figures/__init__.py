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

# Each file and the figures that it draws; it is imported when one of them is first asked for.
_FILES = {
    "boxes.anchors": ("draw_anchor_matches", "draw_anchors"),
    "boxes.box_sizes": ("draw_box_places", "draw_box_sizes"),
    "boxes.heat_maps": ("draw_attention", "draw_objectness"),
    "boxes.regression": ("draw_regression",),
    "boxes.roi_sampling": ("draw_roi_sampling",),
    "boxes.samples": ("draw_samples",),
    "boxes.suppression": ("draw_suppression",),
    "metrics.class_balance": ("draw_class_balance",),
    "metrics.compared_curves": ("draw_compared_curves",),
    "metrics.confusion": ("draw_confusion",),
    "metrics.intervals": ("draw_intervals",),
    "metrics.operating_points": ("draw_operating_points",),
    "metrics.image_sizes": ("draw_image_sizes",),
    "metrics.precision_recall": ("draw_precision_recall", "draw_tide"),
    "metrics.scores": ("draw_scores",),
    "metrics.timing": ("draw_ratios", "draw_speeds", "draw_timing"),
    "networks.activations": ("draw_activations",),
    "networks.augmentations": ("draw_augmentations",),
    "networks.convolution": ("animate_convolution", "draw_convolution_step"),
    "networks.explanation": ("draw_explanation",),
    "networks.feature_maps": ("draw_feature_maps", "draw_first_layer_filters"),
    "networks.filters_gallery": ("draw_filters_gallery",),
    "networks.pooling": ("draw_pooling", "draw_stages"),
    "proposals.dendrogram": ("draw_dendrogram",),
    "proposals.merging": ("draw_levels",),
    "proposals.recall": ("draw_proposal_quality", "draw_recall", "draw_recall_of_methods"),
    "proposals.similarities": ("draw_similarities",),
    "training.grid": ("draw_grid",),
    "training.learning_curves": ("draw_learning_curve", "draw_loss_parts"),
    "training.losses": ("draw_losses", "draw_range_test"),
    "training.mining": ("draw_mining",),
}
_PLACES = {name: file for file, names in _FILES.items() for name in names}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
