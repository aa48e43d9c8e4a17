"""What the arithmetic on boxes compiles, called on next to nothing; see :mod:`foveal.compiling`."""

import numpy as np

from foveal.boxes.matching import match
from foveal.boxes.suppression import nms
from foveal.compiling import warms_up

#: What a detector's training needs.
MATCHING = ("foveal.boxes.warm_ups:matching",)
SUPPRESSION = ("foveal.boxes.warm_ups:suppression",)

_BOXES = np.ones((1, 4), np.float32)


@warms_up("foveal.boxes._overlap_kernels", "best_objects")
def matching() -> None:
    """Boxes and the objects that they overlap."""
    match(_BOXES, _BOXES)


@warms_up("foveal.boxes._suppression_kernels", "hard")
def suppression() -> None:
    """Of boxes that overlap, the best."""
    nms(_BOXES, np.ones(1, np.float32))
