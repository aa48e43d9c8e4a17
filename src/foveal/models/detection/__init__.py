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
    from foveal.models.detection.roi.head import BoxHead
    from foveal.models.detection.roi.loss import roi_loss
    from foveal.models.detection.roi.pooling import RoIPooling, stack_rois
    from foveal.models.detection.roi.postprocess import DetectedRegions, Postprocessor
    from foveal.models.detection.roi.sampling import RoISampler, RoITargets
    from foveal.models.detection.rpn.head import RPNHead
    from foveal.models.detection.rpn.network import RegionProposalNetwork, RPNSettings, rpn_loss
    from foveal.models.detection.rpn.proposing import ProposalSelector, Proposed
    from foveal.models.detection.targets import AnchorSampler, AnchorTargets, GroundTruth
    from foveal.models.detection.trace import DetectionTrace

# The module of each public name, imported when the name is asked for.
_MODULES = {
    "AnchorSampler": "targets",
    "AnchorTargets": "targets",
    "Anchors": "anchors",
    "BoxHead": "roi.head",
    "DetectedRegions": "roi.postprocess",
    "DetectionNetwork": "network",
    "DetectionTrace": "trace",
    "FeaturePyramid": "pyramid",
    "GroundTruth": "targets",
    "NetworkTrace": "network",
    "PlacedAnchors": "anchors",
    "Postprocessor": "roi.postprocess",
    "ProposalSelector": "rpn.proposing",
    "ProposalTrace": "rpn.proposing",
    "Proposed": "rpn.proposing",
    "RPNHead": "rpn.head",
    "RPNSettings": "rpn.network",
    "RegionProposalNetwork": "rpn.network",
    "RoIPooling": "roi.pooling",
    "RoISampler": "roi.sampling",
    "RoISettings": "network",
    "RoITargets": "roi.sampling",
    "anchors_for": "anchors",
    "roi_loss": "roi.loss",
    "rpn_loss": "rpn.network",
    "stack_rois": "roi.pooling",
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
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
