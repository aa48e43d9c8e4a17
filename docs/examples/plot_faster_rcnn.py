"""
Faster R-CNN: step by step
==========================

A detector trained on a few scenes of handwritten digits, in well under a minute, and then followed through
one image: anchors, objectness, proposals, what is read of them, how their boxes are moved, and what the
answers rest on. ``foveal explain RUN IMAGE`` makes a page of all this for any image.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from foveal.data import load, scenes
from foveal.images import draw_boxes, read
from foveal.metrics import proposal_recall
from foveal.models import FasterRCNN, with_attention
from foveal.proposals import SelectiveSearch
from foveal.report import figures

here = Path(tempfile.mkdtemp())
data = load(scenes.write_scenes(here / "scenes", number=80, test=16))
train, test = data.part("train"), data.part("test")
print(f"{len(train)} scenes to learn from, {len(test)} held out")

# %%
# Training
# --------
# Four losses at once: the region proposal network's two (is it an object, and how does the anchor move) and
# the head's two (which class, and how does the proposal move). The callbacks are told of them.
told = []
detector = FasterRCNN(size=320, epochs=24, finetune_fraction=0, random_state=0)
detector.fit(train, callbacks=[told.append])
losses = [event for event in told if event["event"] == "losses"]
print(f"{losses[-1]['step']} steps in {losses[-1]['seconds']:.0f} seconds")
figure = figures.draw_loss_parts(losses)

# %%
# One image
# -----------
# ``explain`` follows it through the network and keeps, as plain arrays, what comes to be on the way. The
# objects are told, so that they can be drawn; the detector does not look at them.
sample = max(test, key=lambda s: len(s.boxes))
names = [data.classes[k] for k in sample.labels]
trace = detector.trace(sample.path, sample.boxes, object_names=names)
image, found = trace.image, trace.detections
print(
    f"{sum(map(len, trace.anchors)):,} anchors, {len(trace.candidates)} candidates, "
    f"{len(trace.kept)} proposals, {len(trace.answers)} answers, {len(found)} detections"
)

sure = np.flatnonzero(found.scores >= detector.threshold_)
said = [f"{data.classes[found.labels[i]]} {found.scores[i]:.2f}" for i in sure]
figure, axes = plt.subplots(figsize=(5, 3.9), layout="constrained")
axes.imshow(draw_boxes(image, found.boxes[sure], said, colors=found.labels[sure]))
axes.set_title(f"what is found with a score of at least {detector.threshold_:.2f}", fontsize=9)
axes.set_axis_off()

# %%
# Anchors
# -------
# Their sizes came from the digits of the training scenes.
figure = figures.draw_anchors(image, trace.sizes, trace.strides)

# %%
# In training these would be foreground, because they overlap a digit enough, or more than all others.
figure = figures.draw_anchor_matches(
    image, np.concatenate(trace.anchors), trace.objects, trace.matches, names=trace.object_names
)

# %%
# Objectness
# ----------
# Fine levels find the small digits, coarse levels the large ones.
figure = figures.draw_objectness(image, trace.objectness, trace.strides)

# %%
# Proposals
# ---------
# The best anchors of each level are moved by their deltas; of those that overlap much the best one stays.
figure = figures.draw_suppression(
    image,
    trace.candidates,
    trace.candidate_scores,
    trace.kept,
    objects=trace.objects,
    threshold=trace.proposal_threshold,
)

# %%
# RoIAlign
# --------
# Whatever its size, a proposal is read at the same number of points.
region = trace.before_regression[0]
figure = figures.draw_roi_sampling(
    trace.activity[0], region, trace.roi_size, spatial_scale=1 / trace.strides[0]
)

# %%
# Boxes before and after their regression
# ---------------------------------------
# The head has learned for each class how a proposal has to move.
first = sure[:6]
figure = figures.draw_regression(
    image, trace.before_regression[first], found.boxes[first], objects=trace.objects, names=said[:6]
)

# %%
# What the head looked at
# -----------------------
# Each cell of a region is hidden in turn: where it is red, the probability of the class falls.
trace = with_attention(detector, trace)
shown = np.arange(len(trace.attention))
figure = figures.draw_attention(
    image,
    trace.before_regression[shown],
    trace.attention,
    names=[f"{data.classes[found.labels[i]]} {found.scores[i]:.2f}" for i in shown],
)

# %%
# Proposals beside selective search's
# -----------------------------------
# The network has seen digits and knows what it looks for; selective search knows nothing of them.
paths, objects = [s.path for s in test], [s.boxes for s in test]
search = SelectiveSearch("fast")
methods = {
    "region proposal network": [p.boxes for p in detector.propose_all(paths)],
    "selective search": [search.propose(read(path)).boxes for path in paths],
}
figure = figures.draw_recall_of_methods(
    {name: proposal_recall(boxes, objects) for name, boxes in methods.items()}
)
plt.show()
