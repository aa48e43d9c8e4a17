"""What is seen: numbers that describe an image or a region of it."""

from foveal.features.backbone import Backbone, BackboneNetwork
from foveal.features.base import RegionFeatures, features_from_config
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
    "EfficientNetLite",
    "EfficientNetLite0",
    "EfficientNetLite1",
    "EfficientNetLite2",
    "EfficientNetLiteNetwork",
    "HogColor",
    "Pixels",
    "RegionFeatures",
    "color_histogram",
    "features_from_config",
    "hog",
]
