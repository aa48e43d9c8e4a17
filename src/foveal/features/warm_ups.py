"""What the features of regions compile, called on next to nothing; see :mod:`foveal.compiling`."""

import numpy as np

from foveal.compiling import warms_up
from foveal.features.color import color_histogram
from foveal.features.hog import hog

HOG_COLOR = ("foveal.features.warm_ups:gradients", "foveal.features.warm_ups:colors")

_IMAGES = np.zeros((1, 8, 8, 3), np.uint8)


@warms_up("foveal.features._hog_kernels", "hog_kernel")
def gradients() -> None:
    """Histograms of oriented gradients."""
    hog(_IMAGES)


@warms_up("foveal.features._color_kernels", "color_kernel")
def colors() -> None:
    """Colour histograms."""
    color_histogram(_IMAGES)
