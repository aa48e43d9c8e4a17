"""
Anchors: where a region proposal network begins
===============================================

A region proposal network does not look for boxes out of nothing. It begins with anchors, boxes of a few
sizes at every place of its maps, says of each how much it looks like an object, and how to move it (Ren, He,
Girshick & Sun 2015). Which sizes, and which anchors stand for an object, can be seen without any network.
"""

import matplotlib.pyplot as plt
import numpy as np

from foveal.boxes import IGNORE, Matches, anchor_sizes, decode, encode, grid_anchors, match, sample
from foveal.data import scenes
from foveal.report import figures

# %%
# Sizes
# -----
# The paper has three scales and three ratios, chosen by hand. Here they come from the objects themselves:
# scales an octave apart that cover nearly all of them, each given to the level of the pyramid where it is
# about eight cells long, and the usual ratios of height to width.
drawn = [scenes.make_scene(seed) for seed in range(60)]
objects = np.concatenate([boxes for _, boxes, _ in drawn])
sides = objects[:, 2:] - objects[:, :2]
strides = (8, 16, 32)
sizes = anchor_sizes(sides, strides)
for stride, level in zip(strides, sizes, strict=True):
    print(f"stride {stride}: " + ", ".join(f"{w:.0f} × {h:.0f}" for w, h in level))

figure, axes = plt.subplots(figsize=(5, 4.4), layout="constrained")
axes.loglog(*sides.T, ".", color="#9aa4ad", markersize=4, label=f"{len(sides)} digits")
for stride, level, color in zip(strides, sizes, ("#0072b2", "#d55e00", "#008a64"), strict=True):
    axes.loglog(*level.T, "s", color=color, markersize=7, label=f"anchors, stride {stride}")
ticks = [8, 16, 32, 64, 128]
axes.set(xlabel="width (pixels)", ylabel="height (pixels)", xticks=ticks, yticks=ticks)
axes.set(xticklabels=ticks, yticklabels=ticks)
axes.minorticks_off()
axes.legend(frameon=False)

# %%
# Places
# ------
# On a level with stride 8 there is a place every 8 pixels, with the same anchors around each.
image, truth, labels = drawn[7]
figure = figures.draw_anchors(image, sizes, strides, place=((truth[0, 0] + truth[0, 2]) / 2, 120))

# %%
# Foreground and background
# -------------------------
# An anchor is foreground if it overlaps an object with an IoU of 0.7 or more, or more than every other anchor
# does: so no object is left out. Below 0.3 with all of them it is background. What lies between is not asked
# about, and neither is what crosses the border.
height, width = image.shape[:2]
shapes = [(-(-height // stride), -(-width // stride)) for stride in strides]
anchors = np.concatenate(
    [grid_anchors(shape, stride, level) for shape, stride, level in zip(shapes, strides, sizes, strict=True)]
)
matches = match(anchors, truth, foreground=0.7, background=0.3, force_best=True)
inside = (anchors[:, :2] >= 0).all(axis=1) & (anchors[:, 2:] <= [width, height]).all(axis=1)
within = match(anchors[inside], truth, foreground=0.7, background=0.3, force_best=True)
indices = np.full(len(anchors), IGNORE)
indices[inside] = within.indices
names = [f"a {scenes.CLASSES[k]}" for k in labels]
figure = figures.draw_anchor_matches(image, anchors, truth, Matches(indices, matches.ious), names=names)

# %%
# What is learnt from
# -------------------
# There is far more background than foreground. Of each image a sample is drawn, half of it foreground if
# there is so much; the rest is filled up.
foreground, background = sample(indices, 64, foreground_fraction=0.5, random_state=0)
print(f"{len(anchors):,} anchors, {np.sum(indices >= 0)} of them foreground")
print(f"sampled: {len(foreground)} foreground and {len(background)} background")

# %%
# What a foreground anchor has to learn
# -------------------------------------
# Four numbers: how far its centre has to move, in its own widths and heights, and by what factors it has to
# grow, as logarithms. Told exactly, it becomes its object.
some = foreground[np.unique(indices[foreground], return_index=True)[1]][:3]
deltas = encode(anchors[some], truth[indices[some]])
for name, delta in zip((names[indices[i]] for i in some), deltas, strict=True):
    print(f"{name}: dx {delta[0]:+.2f}, dy {delta[1]:+.2f}, dw {delta[2]:+.2f}, dh {delta[3]:+.2f}")

# %%
# A network will not be exact. Here nine tenths of each number are told.
moved = decode(anchors[some], 0.9 * deltas)
figure = figures.draw_regression(
    image, anchors[some], moved, objects=truth, names=[names[indices[i]] for i in some]
)
plt.show()
