"""What selective search compiles, called on next to nothing; see :mod:`foveal.compiling`."""

import numpy as np

from foveal.compiling import warms_up
from foveal.proposals.grouping import group
from foveal.proposals.ranking import discounted, fused_scores, united
from foveal.proposals.regions import Regions, Votes
from foveal.proposals.segmentation import PixelGraph, Segmentation

#: In the order in which a search needs them, about as long as each other.
SEARCH = tuple(
    f"foveal.proposals.warm_ups:{name}"
    for name in ("edges", "components", "votes", "regions", "grouping", "order")
)

_ROOM = "foveal.proposals."


@warms_up(_ROOM + "_segmentation_kernels", "edge_keys", "needed", "sorted_edges", "by_key")
def edges() -> None:
    """The edges of a segmentation, sorted."""
    PixelGraph.of(np.zeros((1, 2, 2), np.float32))


@warms_up(_ROOM + "_segmentation_kernels", "grow", "finish")
def components() -> None:
    """A segmentation along its edges."""
    graph = PixelGraph((2, 2), np.zeros(0, np.uint32), np.zeros(1 << 15, np.uint32))
    graph.segmentations([1.0])


@warms_up(_ROOM + "_region_kernels", "texture_votes")
def votes() -> None:
    """The texture of every pixel."""
    from foveal.proposals._region_kernels import texture_votes

    texture_votes(
        np.zeros((1, 2, 2), np.float32), 2, np.zeros((4, 2, 2), np.uint8), np.zeros((2, 2), np.float32)
    )


@warms_up(_ROOM + "_region_kernels", "measure", "touching")
def regions() -> None:
    """The regions of a segmentation."""
    votes = Votes(np.zeros((1, 2, 2), np.uint8), np.zeros((4, 2, 2), np.uint8))
    Regions.of(Segmentation(np.zeros((2, 2), np.int32), 1), votes)


@warms_up(_ROOM + "_grouping_kernels", "group")
def grouping() -> None:
    """The merging of regions."""
    sizes, boxes = np.ones(1, np.int32), np.ones((1, 4), np.int32)
    group(Regions(sizes, boxes, np.ones((1, 2), np.float32), 1, np.zeros((0, 2), np.int32)), "CTSF", 1)


@warms_up(_ROOM + "_ranking_kernels", "unite", "fuse_ranks", "best_overlap_before")
def order() -> None:
    """The order of proposals."""
    boxes, which = united(np.array([[0, 0, 1, 1]], np.int32))
    discounted(boxes, fused_scores(which, np.array([0, 1]), len(boxes)))
