"""How good: measures of detectors, proposals and classifiers, as flat keys and plain arrays."""

from foveal.metrics.bootstrap import Interval, bootstrap_interval, mcnemar, resample_weights
from foveal.metrics.classification import confusion_of_classes, evaluate_classes
from foveal.metrics.comparing import Comparison, Difference, NamedImages, compare_sides
from foveal.metrics.confusion_matrix import ConfusionMatrix, confusion
from foveal.metrics.detection import PrecisionRecall, evaluate, pr_curves
from foveal.metrics.image_scores import ImageScore, per_image
from foveal.metrics.operating_points import OperatingPoints, operating_points, threshold_for
from foveal.metrics.proposals import ProposalQuality, compare_proposers, proposal_recall
from foveal.metrics.resampling import MatchedImages, matched_images
from foveal.metrics.results import read_results, to_results
from foveal.metrics.thresholds import best_threshold, choose_threshold, first_hits
from foveal.metrics.tide_errors import TIDE_TYPES, TideErrors, tide

__all__ = [
    "TIDE_TYPES",
    "Comparison",
    "ConfusionMatrix",
    "Difference",
    "ImageScore",
    "Interval",
    "MatchedImages",
    "NamedImages",
    "OperatingPoints",
    "PrecisionRecall",
    "ProposalQuality",
    "TideErrors",
    "best_threshold",
    "bootstrap_interval",
    "choose_threshold",
    "compare_proposers",
    "compare_sides",
    "confusion",
    "confusion_of_classes",
    "evaluate",
    "evaluate_classes",
    "first_hits",
    "matched_images",
    "mcnemar",
    "operating_points",
    "per_image",
    "pr_curves",
    "proposal_recall",
    "read_results",
    "resample_weights",
    "threshold_for",
    "tide",
    "to_results",
]
