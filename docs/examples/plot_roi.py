"""
Regions of a feature map: RoIPool and RoIAlign
==============================================

A detector computes the features of an image once and then looks at many regions of it. Every region, whatever
its size, has to become a grid of the same size. Fast R-CNN rounded the region to whole cells of the map; Mask
R-CNN showed what the rounding costs, and reads between the cells instead.
"""

import matplotlib.pyplot as plt
import numpy as np

from foveal import boxes, nn
from foveal.nn import functional
from foveal.report import figures

# %%
# Where they look
# ---------------
# A map of stride 16, and a box in pixels of the image. RoIAlign cuts the box, as it is, into bins and reads
# the map at four points of each, each from the four cells around it. RoIPool first takes the whole cells
# from its rounded first corner to its rounded last, and of each bin the largest. Its bins share cells where
# they do not part evenly.
rng = np.random.default_rng(0)
rows, columns = np.mgrid[:12, :16]
cells = np.exp(-((rows - 5.2) ** 2 / 6 + (columns - 7.4) ** 2 / 14)) + 0.08 * rng.normal(size=(12, 16))
box = [40, 24, 188, 142]
figure = figures.draw_roi_sampling(cells, box, 3, spatial_scale=1 / 16)

# %%
# What they give
# --------------
# Both take a batch of maps, boxes, and for each box the number of its image.
x = cells[None, :, :, None].astype(np.float32)
aligned = functional.roi_align(x, [box], [0], 7, spatial_scale=1 / 16)
pooled, places = functional.roi_pool(x, [box], [0], 7, spatial_scale=1 / 16)


def side_by_side(first, second):
    """Two maps in one scale of colours."""
    figure, panels = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
    largest = max(first.max(), second.max())
    for axes, name, values in zip(panels, ("RoIAlign", "RoIPool"), (first, second), strict=True):
        shown = axes.imshow(values, cmap="viridis", vmin=0, vmax=largest)
        axes.set(title=name, xticks=[], yticks=[])
    figure.colorbar(shown, ax=panels, shrink=0.9)


side_by_side(aligned[0, :, :, 0], pooled[0, :, :, 0])

# %%
# What the rounding costs
# -----------------------
# Let the box wander over three cells, pixel by pixel, on a map that rises by 1 a cell to the right. The mean
# of RoIAlign follows it. RoIPool moves in steps of a cell: between them it does not notice, and what is
# learnt from it about the box's place cannot be finer.
slope = np.broadcast_to(np.arange(16, dtype=np.float32)[:, None], (1, 12, 16, 1))
moved = np.float32(box) + np.arange(48)[:, None] * [1, 0, 1, 0]
images = np.zeros(len(moved), int)
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for name, grid in {
    "RoIAlign": functional.roi_align(slope, moved, images, 7, spatial_scale=1 / 16),
    "RoIPool": functional.roi_pool(slope, moved, images, 7, spatial_scale=1 / 16)[0],
}.items():
    axes.plot(np.arange(48), grid.mean(axis=(1, 2, 3)), label=name)
axes.set(xlabel="the box is moved to the right by (pixels)", ylabel="mean of its grid")
axes.legend(frameon=False)

# %%
# Backwards
# ---------
# The gradient goes back to the cells that were read: from RoIAlign to all of them by their weights, from
# RoIPool to the largest of each bin.
ones = np.ones_like(aligned)
by_align = functional.roi_align_backward(ones, x.shape, [box], [0], 7, spatial_scale=1 / 16)
by_pool = functional.roi_pool_backward(ones, places, x.shape, [0])
side_by_side(by_align[0, :, :, 0], by_pool[0, :, :, 0])

# %%
# A pyramid
# ---------
# Small regions are read from a fine map, large ones from a coarse map that has seen more of the image (Lin et
# al. 2017, equation 1).
strides = (8, 16, 32)
maps = [rng.normal(size=(1, 384 // s, 512 // s, 8)).astype(np.float32) for s in strides]
regions = [[10, 10, 60, 60], [100, 50, 400, 300], [0, 0, 512, 384]]
layer = nn.PyramidRoIAlign(7, strides)
print("levels:", functional.pyramid_levels(regions, strides), "grids:", layer(maps, regions, [0, 0, 0]).shape)

# %%
# Anchors
# -------
# Where regions come from is another question. A region proposal network begins with anchors: boxes of a few
# sizes on every cell. :func:`foveal.boxes.anchor_sizes` takes the sizes from the boxes that are to be found
# and gives each to the level on which it is about 8 cells long.
wanted = np.exp(rng.normal(np.log([90, 120]), [0.5, 0.4], (200, 2)))
for stride, sizes in zip(strides, boxes.anchor_sizes(wanted, strides), strict=True):
    anchors = boxes.grid_anchors((384 // stride, 512 // stride), stride, sizes)
    print(f"stride {stride}: {len(anchors):,} anchors of {[f'{w:.0f} × {h:.0f}' for w, h in sizes]}")
plt.show()
