"""
Proposals: where to look
========================

Segmentations, ways of proposing regions, and how many of the objects they cover.
:doc:`plot_selective_search` looks into one of them.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_sample_image

from foveal.data import scenes
from foveal.images import paint_regions, resize_to_fit
from foveal.metrics import proposal_recall
from foveal.proposals import SelectiveSearch, SlidingWindow, segment
from foveal.report import figures

image, _ = resize_to_fit(load_sample_image("china.jpg"), 480)

# %%
# Segmentation
# ------------
# :func:`foveal.proposals.segment` joins pixels along their lightest edges (Felzenszwalb & Huttenlocher
# 2004). A larger ``k`` asks for more evidence for a boundary and leaves larger regions; regions below
# ``min_size`` pixels (by default ``k``) are joined to a neighbour.
figure, panels = plt.subplots(1, 3, figsize=(9, 2.4), layout="constrained")
for axes, k in zip(panels, (50, 200, 800), strict=True):
    labels = segment(image, k)
    axes.imshow(paint_regions(image, labels))
    axes.set_title(f"k = {k}: {labels.max() + 1} regions, in mean colours", fontsize=9)
    axes.set_axis_off()

# %%
# Grouping
# --------
# Selective search joins the two most similar neighbours until one region is left; the bounding box of
# every region that ever existed is a proposal. ``"single"`` does so once, ``"fast"`` with 8 strategies,
# ``"quality"`` with 80.
for mode in ("single", "fast", "quality"):
    print(f"{mode}: {len(SelectiveSearch(mode).propose(image)):,} proposals")

# %%
# How many objects they cover
# ---------------------------
# The recall of 16 scenes of digits against the number of proposals that are looked at, beside sliding
# windows, which do not look at the image at all. A proposal covers an object if their IoU is at least
# 0.5. More strategies give more proposals and in the end better overlaps; among the first hundred a single
# strategy has more variety, since the strategies agree on what is large.
images, objects = [], []
for seed in range(16):
    scene, boxes, _ = scenes.make_scene(seed)
    images.append(scene)
    objects.append(boxes)

figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for name, proposer, style in [
    ("selective search, fast", SelectiveSearch("fast"), "-"),
    ("selective search, single", SelectiveSearch("single"), "--"),
    ("sliding windows", SlidingWindow(), ":"),
]:
    quality = proposal_recall([proposer.propose(scene).boxes for scene in images], objects, thresholds=(0.5,))
    axes.plot(
        quality.curve_numbers,
        quality.curve_recall[0],
        style,
        lw=2,
        label=f"{name} (MABO {quality.mabo[-1]:.2f})",
    )
axes.set(
    xscale="log",
    ylim=(0, 1.02),
    title=f"{quality.objects} digits in {quality.images} scenes",
    xlabel="proposals per image (log scale)",
    ylabel="recall at IoU 0.5 (share of objects)",
)
axes.legend(frameon=False, loc="upper left")

# %%
# The same measure at several overlaps is a figure of the report.
fast = [SelectiveSearch("fast").propose(scene).boxes for scene in images]
quality = proposal_recall(fast, objects)
figure = figures.draw_recall(
    quality.curve_numbers.tolist(), dict(zip(quality.thresholds, quality.curve_recall, strict=True))
)
plt.show()
