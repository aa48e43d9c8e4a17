"""
Selective search: step by step
==============================

What selective search does in one image: the first segmentation, the merging, the boxes that come of it
and their order, and which of them cover the objects (Uijlings, van de Sande, Gevers & Smeulders 2013).
``foveal propose IMAGE --explain page.html`` makes a page of all this for any image.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation
from sklearn.datasets import load_sample_image

from foveal.data import scenes
from foveal.images import draw_boxes, resize_to_fit
from foveal.metrics import proposal_recall
from foveal.proposals import SelectiveSearch, cover_objects
from foveal.proposals.ranking import find_near_copies
from foveal.report import figures, merging_frames, merging_numbers

image, _ = resize_to_fit(load_sample_image("china.jpg"), 480)
proposals = SelectiveSearch(mode="fast").propose(image)
for tree in proposals.hierarchy:
    way = f"{tree.strategy.color_space}, k = {tree.strategy.k:g}, {tree.strategy.similarities}"
    print(f"{way}: {tree.number} first regions, {len(tree)} in all")
print(len(proposals), "different boxes")

# %%
# From many regions to one
# ------------------------
# Each strategy begins with a segmentation (Felzenszwalb & Huttenlocher 2004) and joins the two neighbours
# that are most alike, again and again (algorithm 1). ``Proposals.hierarchy`` has a tree for each
# strategy; its ``level(n)`` is the image parted into n regions.
tree = proposals.hierarchy[0]
figure = figures.draw_levels(image, tree)

# %%
# The same as a film. The region that was made last is outlined in orange; the last joinings come one by one.
numbers = merging_numbers(tree.number, 36)
frames = merging_frames(image, tree, numbers, longest=360)
canvas, axes = plt.subplots(figsize=(4.6, 3.5), layout="constrained")
shown = axes.imshow(frames[0])
axes.set_axis_off()


def show(i):
    shown.set_data(frames[i])
    axes.set_title(f"{numbers[i]} region{'' if numbers[i] == 1 else 's'}", fontsize=10)


film = FuncAnimation(canvas, show, frames=len(frames), interval=350)

# %%
# How alike what is joined is
# ---------------------------
# The similarity is the sum of colour (equation 1), texture (3), size (4) and fill (5), as far as the
# strategy has them; here it is divided by their number. Where it drops, the grouping has run out of similar
# neighbours.
figure = figures.draw_similarities(proposals.hierarchy)

# %%
# The last joinings as a tree, with the regions in a row below and what became of them above.
figure = figures.draw_dendrogram(image, tree, leaves=16)

# %%
# The first boxes
# ---------------
# The box around every region that ever was is a proposal. Best are those whose regions were made late, in
# several strategies; the score of a near copy of a better box is lowered, so that the first boxes are
# different ones.
figure, panels = plt.subplots(1, 3, figsize=(9, 2.5), layout="constrained")
copies = np.flatnonzero(find_near_copies(proposals.boxes))
for axes, which, title in [
    (panels[0], np.arange(10), "the best 10"),
    (panels[1], np.arange(50), "the best 50"),
    (panels[2], copies[:10], f"the best 10 of {len(copies):,} near copies"),
]:
    axes.imshow(draw_boxes(image, proposals.boxes[which], colors=np.arange(len(which)), width=2))
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
for n in (100, 500, 1000):
    print(f"near copies among the first {n}: {(copies < n).sum()}")

# %%
# Which proposal covers which object
# ----------------------------------
# In a scene of digits the objects are known. :func:`foveal.proposals.cover_objects` finds the proposal that
# overlaps each object most, and the first one that overlaps it well enough.
scene, objects, labels = scenes.make_scene(24)
found = SelectiveSearch(mode="fast").propose(scene).boxes
covers = cover_objects(found, objects)
for i, label in enumerate(labels):
    best, first = covers.best[i] + 1, covers.first[0, i] + 1
    print(
        f"digit {scenes.CLASSES[label]}: best IoU {covers.overlaps[i]:.2f} by proposal {best}; "
        + (f"0.5 reached by proposal {first}" if first else "0.5 never reached")
    )

covered = covers.best >= 0
names = [f"{overlap:.2f}" for overlap in covers.overlaps[covered]]
drawn = draw_boxes(scene, objects, colors=np.full((len(objects), 3), 255), width=3)
drawn = draw_boxes(drawn, found[covers.best[covered]], names, colors=np.ones(covered.sum(), int), width=2)
figure, axes = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
axes.imshow(drawn)
axes.set_title("objects (white) and their best proposals (blue), with the IoU", fontsize=9)
axes.set_axis_off()

# %%
# The order
# ---------
# Three orders of the same boxes in 24 scenes. The paper multiplies a region's place in its tree by a random
# number (section 3.3). Foveal adds up the reciprocals of the places in all trees, which gives the same list
# on every run; what several strategies agree on comes first. Lowering near copies then makes room for
# more different boxes.
rng = np.random.default_rng(0)
orders = {"place × random number (the paper)": [], "fused places": [], "fused, near copies lowered": []}
truth = []
for seed in range(24):
    scene, objects, _ = scenes.make_scene(seed)
    truth.append(objects)
    result = SelectiveSearch(mode="fast").propose(scene)
    boxes = np.concatenate([tree.boxes[::-1] for tree in result.hierarchy])
    places = np.concatenate([np.arange(len(tree)) for tree in result.hierarchy])
    different, which = np.unique(boxes, axis=0, return_inverse=True)
    lots = np.full(len(different), np.inf)
    np.minimum.at(lots, which.ravel(), (1 + places) * rng.random(len(places)))
    fused = np.bincount(which.ravel(), 1 / (60 + places))
    for (_, kept), order in zip(orders.items(), (lots, -fused, None), strict=True):
        kept.append(result.boxes if order is None else different[np.argsort(order, kind="stable")])

figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for (name, kept), style in zip(orders.items(), (":", "--", "-"), strict=True):
    quality = proposal_recall(kept, truth, thresholds=(0.5,))
    axes.plot(quality.curve_numbers, quality.curve_recall[0], style, lw=2, label=name)
axes.set(
    xscale="log",
    xticks=[1, 10, 100, 1000],
    xticklabels=["1", "10", "100", "1,000"],
    ylim=(0, 1.02),
    title=f"{quality.objects} digits in {quality.images} scenes",
    xlabel="proposals per image (log scale)",
    ylabel="recall at IoU 0.5 (share of objects)",
)
axes.legend(frameon=False, loc="upper left")
plt.show()
