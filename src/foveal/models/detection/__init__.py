"""The stages of detectors of the R-CNN family, each usable alone on plain arrays.

In the order of the work: anchors and what is asked of them, proposals, regions and what is asked of them,
what is seen of them, the head's loss, detections.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foveal.models.detection.anchors import Anchors, PlacedAnchors, anchors_for
    from foveal.models.detection.network import DetectionNetwork, NetworkTrace, RoISettings
    from foveal.models.detection.pyramid import FeaturePyramid
    from foveal.models.detection.roi.head import BoxHead, roi_loss
    from foveal.models.detection.roi.pooling import RoIPooling, stack_rois
    from foveal.models.detection.roi.postprocess import DetectedRegions, Postprocessor
    from foveal.models.detection.roi.sampling import RoISampler, RoITargets
    from foveal.models.detection.rpn.head import RPNHead
    from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings, rpn_loss
    from foveal.models.detection.rpn.proposing import ProposalSelector, Proposed
    from foveal.models.detection.targets import AnchorSampler, AnchorTargets, GroundTruth
    from foveal.models.detection.trace import DetectionTrace

# The public names of each module, which is imported when one of them is asked for.
_MODULES = {
    "anchors": ("Anchors", "PlacedAnchors", "anchors_for"),
    "network": ("DetectionNetwork", "NetworkTrace", "RoISettings"),
    "pyramid": ("FeaturePyramid",),
    "roi.head": ("BoxHead", "roi_loss"),
    "roi.pooling": ("RoIPooling", "stack_rois"),
    "roi.postprocess": ("DetectedRegions", "Postprocessor"),
    "roi.sampling": ("RoISampler", "RoITargets"),
    "rpn.head": ("RPNHead",),
    "rpn.network": ("RPNSettings", "RegionProposalNetwork", "rpn_loss"),
    "rpn.proposing": ("ProposalSelector", "ProposalTrace", "Proposed"),
    "targets": ("AnchorSampler", "AnchorTargets", "GroundTruth"),
    "trace": ("DetectionTrace",),
}

__all__ = [
    "AnchorSampler",
    "AnchorTargets",
    "Anchors",
    "BoxHead",
    "DetectedRegions",
    "DetectionNetwork",
    "DetectionTrace",
    "FeaturePyramid",
    "GroundTruth",
    "NetworkTrace",
    "PlacedAnchors",
    "Postprocessor",
    "ProposalSelector",
    "ProposalTrace",
    "Proposed",
    "RPNHead",
    "RPNSettings",
    "RegionProposalNetwork",
    "RoIPooling",
    "RoISampler",
    "RoISettings",
    "RoITargets",
    "anchors_for",
    "roi_loss",
    "rpn_loss",
    "stack_rois",
]


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
