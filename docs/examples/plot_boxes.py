"""
Boxes: how much two overlap, and which one of many stays
========================================================

What :mod:`foveal.boxes` counts when two boxes overlap, and what it still says when they do not; then a
heap of boxes around one object before and after non-maximum suppression.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from foveal.boxes import ciou, diou, encode, giou, iou, nms, soft_nms
from foveal.images import draw_boxes

# %%
# Four measures of overlap
# ------------------------
# A box of 40×40 pixels slides over an equal one and off it. The intersection over union falls to 0 when
# the boxes part, and says nothing from there on. Generalised IoU goes on to fall with the empty space in
# the box around both, distance IoU with the distance of the centres; complete IoU differs from the
# latter only where the shapes differ. The second box is therefore a wide one.
shifts = np.arange(-120.0, 121.0, 2.0)
fixed = np.array([[0.0, 0.0, 40.0, 40.0]])
moved = np.stack([shifts - 10, np.full_like(shifts, 10), shifts + 50, np.full_like(shifts, 30)], axis=1)

figure, (pictured, axes) = plt.subplots(1, 2, figsize=(9, 3.4), width_ratios=(1, 1.7), layout="constrained")
for (x1, y1, x2, y2), color, name in [
    (fixed[0], "#0072b2", "fixed, 40×40"),
    (moved[85], "#d55e00", "moved by 50 pixels, 60×20"),
]:
    pictured.add_patch(
        plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=color, lw=2.5, label=name)
    )
pictured.set(
    xlim=(-10, 110),
    ylim=(75, -10),
    aspect="equal",
    title="Two boxes",
    xlabel="x (pixels)",
    ylabel="y (pixels)",
)
pictured.legend(loc="lower left", frameon=False)

for measure, style in [(iou, "-"), (giou, "--"), (diou, "-."), (ciou, ":")]:
    axes.plot(shifts, measure(fixed, moved)[0], style, lw=2, label=measure.__name__)
axes.axhline(0, color="0.7", lw=0.8)
axes.set(
    title="Overlap against the shift",
    xlabel="shift of the centre (pixels)",
    ylabel="value (no unit)",
    ylim=(-0.75, 0.75),
)
axes.legend(frameon=False)

# %%
# Boxes are half-open: a width is ``x2 - x1`` and nothing adds 1. Two boxes that only share a side do not
# overlap, and a box without area overlaps nothing, not even itself.
print("sharing a side:", iou([[0, 0, 10, 10]], [[10, 0, 20, 10]]))
print("without area:  ", iou([[5, 5, 5, 9]], [[5, 5, 5, 9]]))

# %%
# What one box would have to be told to become the other are R-CNN's four numbers: the shift of the centre
# in units of the box's own sides, and the logarithms of the sides' ratios.
print(encode([[0, 0, 40, 40]], [[10, 10, 70, 30]]).round(3))

# %%
# Suppression
# -----------
# A detector answers with a heap of boxes for one object. Here are 60, drawn around the flower and, fewer
# and less sure, around the bud below. :func:`foveal.boxes.nms` keeps the best and drops every box that
# overlaps it by more than the threshold; :func:`foveal.boxes.soft_nms` lets their scores decay instead.
image = load_sample_image("flower.jpg")
rng = np.random.default_rng(0)
centres = np.array([[165, 80, 430, 350]] * 45 + [[300, 362, 448, 427]] * 15, float)
boxes = centres + rng.normal(0, 1, (60, 4)) * np.repeat([[24], [8]], [45, 15], axis=0)
scores = np.r_[rng.uniform(0.4, 0.95, 45), rng.uniform(0.2, 0.6, 15)]

kept = nms(boxes, scores, threshold=0.3)
softly, decayed = soft_nms(boxes, scores, threshold=0.3)
still = softly[decayed >= 0.25]

figure, panels = plt.subplots(1, 3, figsize=(9, 2.5), layout="constrained")
for axes, chosen, title in [
    (panels[0], np.argsort(-scores), f"before: {len(boxes)} boxes"),
    (panels[1], kept, f"nms at IoU 0.3: {len(kept)} boxes"),
    (panels[2], still, f"soft_nms, score ≥ 0.25: {len(still)} boxes"),
]:
    names = None if len(chosen) == 60 else [f"{scores[i]:.2f}" for i in chosen]
    axes.imshow(
        draw_boxes(image, boxes[chosen], names, colors=np.r_[np.zeros(45, int), np.ones(15, int)][chosen])
    )
    axes.set_title(title)
    axes.set_axis_off()

# %%
# Of two boxes of equal score the one with the lower index goes first, and an overlap of exactly the
# threshold does not suppress, so that the same boxes give the same answer everywhere.
print(nms([[0, 0, 10, 10], [0, 0, 10, 10]], [0.5, 0.5]))
plt.show()
