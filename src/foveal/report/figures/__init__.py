"""The figures of the report, each a function from plain data to a matplotlib figure.

Every function is usable alone: ``foveal.report.figures.draw_losses(curves).savefig("losses.png")``.
"""

from foveal.report.figures.activations import draw_activations
from foveal.report.figures.anchors import draw_anchor_matches, draw_anchors
from foveal.report.figures.attention import draw_attention
from foveal.report.figures.augmentations import draw_augmentations
from foveal.report.figures.class_balance import draw_class_balance
from foveal.report.figures.confusion import draw_confusion
from foveal.report.figures.convolution import animate_convolution, draw_convolution_step
from foveal.report.figures.dendrogram import draw_dendrogram
from foveal.report.figures.explanation import draw_explanation
from foveal.report.figures.feature_maps import draw_feature_maps, draw_first_layer_filters
from foveal.report.figures.filters_gallery import draw_filters_gallery
from foveal.report.figures.grid import draw_grid
from foveal.report.figures.learning_curve import draw_learning_curve
from foveal.report.figures.levels import draw_levels
from foveal.report.figures.loss_parts import draw_loss_parts
from foveal.report.figures.losses import draw_losses
from foveal.report.figures.mining import draw_mining
from foveal.report.figures.objectness import draw_objectness
from foveal.report.figures.pooling import draw_pooling, draw_stages
from foveal.report.figures.precision_recall import draw_precision_recall
from foveal.report.figures.proposal_quality import draw_proposal_quality
from foveal.report.figures.range_test import draw_range_test
from foveal.report.figures.ratios import draw_ratios
from foveal.report.figures.recall import draw_recall
from foveal.report.figures.recall_of_methods import draw_recall_of_methods
from foveal.report.figures.regression import draw_regression
from foveal.report.figures.roi_sampling import draw_roi_sampling
from foveal.report.figures.samples import draw_samples
from foveal.report.figures.scores import draw_scores
from foveal.report.figures.similarities import draw_similarities
from foveal.report.figures.speeds import draw_speeds
from foveal.report.figures.suppression import draw_suppression
from foveal.report.figures.tide import draw_tide
from foveal.report.figures.timing import draw_timing

__all__ = [
    "animate_convolution",
    "draw_activations",
    "draw_anchor_matches",
    "draw_anchors",
    "draw_attention",
    "draw_augmentations",
    "draw_class_balance",
    "draw_confusion",
    "draw_convolution_step",
    "draw_dendrogram",
    "draw_explanation",
    "draw_feature_maps",
    "draw_filters_gallery",
    "draw_first_layer_filters",
    "draw_grid",
    "draw_learning_curve",
    "draw_levels",
    "draw_loss_parts",
    "draw_losses",
    "draw_mining",
    "draw_objectness",
    "draw_pooling",
    "draw_precision_recall",
    "draw_proposal_quality",
    "draw_range_test",
    "draw_ratios",
    "draw_recall",
    "draw_recall_of_methods",
    "draw_regression",
    "draw_roi_sampling",
    "draw_samples",
    "draw_scores",
    "draw_similarities",
    "draw_speeds",
    "draw_stages",
    "draw_suppression",
    "draw_tide",
    "draw_timing",
]
