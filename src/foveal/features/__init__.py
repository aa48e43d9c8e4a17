"""What is seen: numbers that describe an image or a region of it."""

from foveal.features.backbone import (
    Backbone,
    BackboneNetwork,
    BackboneRegions,
    RegionsOnMaps,
    backbone_from_config,
    regions_on_maps,
    stack_images,
)
from foveal.features.base import (
    RegionFeatures,
    feature_kinds,
    features_from_config,
    register_features,
)
from foveal.features.color import color_histogram
from foveal.features.efficientnet import (
    EfficientNetLite,
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
)
from foveal.features.efficientnet_network import EfficientNetLiteNetwork
from foveal.features.hog import hog
from foveal.features.hog_color import HogColor
from foveal.features.pixels import Pixels

__all__ = [
    "Backbone",
    "BackboneNetwork",
    "BackboneRegions",
    "EfficientNetLite",
    "EfficientNetLite0",
    "EfficientNetLite1",
    "EfficientNetLite2",
    "EfficientNetLiteNetwork",
    "HogColor",
    "Pixels",
    "RegionFeatures",
    "RegionsOnMaps",
    "backbone_from_config",
    "color_histogram",
    "feature_kinds",
    "features_from_config",
    "hog",
    "regions_on_maps",
    "register_features",
    "stack_images",
]
