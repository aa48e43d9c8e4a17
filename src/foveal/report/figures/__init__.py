"""The figures of the report, each a function from plain data to a matplotlib figure.

Every function is usable alone: ``foveal.report.figures.draw_losses(curves).savefig("losses.png")``.
"""

from foveal.report.figures.boxes.anchors import draw_anchor_matches, draw_anchors
from foveal.report.figures.boxes.attention import draw_attention
from foveal.report.figures.boxes.objectness import draw_objectness
from foveal.report.figures.boxes.regression import draw_regression
from foveal.report.figures.boxes.roi_sampling import draw_roi_sampling
from foveal.report.figures.boxes.samples import draw_samples
from foveal.report.figures.boxes.suppression import draw_suppression
from foveal.report.figures.metrics.class_balance import draw_class_balance
from foveal.report.figures.metrics.confusion import draw_confusion
from foveal.report.figures.metrics.precision_recall import draw_precision_recall
from foveal.report.figures.metrics.ratios import draw_ratios
from foveal.report.figures.metrics.scores import draw_scores
from foveal.report.figures.metrics.speeds import draw_speeds
from foveal.report.figures.metrics.tide import draw_tide
from foveal.report.figures.metrics.timing import draw_timing
from foveal.report.figures.networks.activations import draw_activations
from foveal.report.figures.networks.augmentations import draw_augmentations
from foveal.report.figures.networks.convolution import animate_convolution, draw_convolution_step
from foveal.report.figures.networks.explanation import draw_explanation
from foveal.report.figures.networks.feature_maps import draw_feature_maps, draw_first_layer_filters
from foveal.report.figures.networks.filters_gallery import draw_filters_gallery
from foveal.report.figures.networks.pooling import draw_pooling, draw_stages
from foveal.report.figures.proposals.dendrogram import draw_dendrogram
from foveal.report.figures.proposals.levels import draw_levels
from foveal.report.figures.proposals.proposal_quality import draw_proposal_quality
from foveal.report.figures.proposals.recall import draw_recall
from foveal.report.figures.proposals.recall_of_methods import draw_recall_of_methods
from foveal.report.figures.proposals.similarities import draw_similarities
from foveal.report.figures.training.grid import draw_grid
from foveal.report.figures.training.learning_curve import draw_learning_curve
from foveal.report.figures.training.loss_parts import draw_loss_parts
from foveal.report.figures.training.losses import draw_losses
from foveal.report.figures.training.mining import draw_mining
from foveal.report.figures.training.range_test import draw_range_test

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
