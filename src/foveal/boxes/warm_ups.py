"""What the arithmetic on boxes compiles, called on next to nothing; see :mod:`foveal.compiling`."""

import numpy as np

from foveal.boxes.matching import match
from foveal.boxes.suppression import nms
from foveal.compiling import warms_up

MATCHING = ("foveal.boxes.warm_ups:matching",)
OVERLAPS = ("foveal.boxes.warm_ups:overlaps",)
SUPPRESSION = ("foveal.boxes.warm_ups:suppression",)

_BOXES = np.ones((1, 4), np.float32)


@warms_up("foveal.boxes._overlap_kernels", "best_objects")
def matching() -> None:
    """Boxes and the objects that they overlap."""
    match(_BOXES, _BOXES)


@warms_up("foveal.boxes._overlap_kernels", "pairwise_iou")
def overlaps() -> None:
    """The IoU of very many pairs."""
    from foveal.boxes._overlap_kernels import pairwise_iou

    columns = np.ones((4, 1), np.float32)
    pairwise_iou(columns, columns, np.ones((1, 1), np.float32))


@warms_up("foveal.boxes._suppression_kernels", "hard")
def suppression() -> None:
    """Of boxes that overlap, the best."""
    nms(_BOXES, np.ones(1, np.float32))
