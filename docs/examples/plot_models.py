"""
Models: a detector from forty images
====================================

An R-CNN is trained on forty scenes: proposals, features, one linear SVM a class, and rounds in which it
is shown its own mistakes.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection

import foveal
from foveal.data import load, scenes
from foveal.features import HogColor
from foveal.images import read
from foveal.metrics import evaluate, to_results
from foveal.models import RCNN
from foveal.report import figures

# %%
# Data and model
# --------------
# Forty scenes with three to six digits each. ``proposals="single"`` is selective search with one strategy,
# the fastest; the features are gradients and colours, whose weights can be looked at.
folder = scenes.write_scenes(
    Path(tempfile.mkdtemp()) / "scenes", number=40, test=12, digits=(3, 6), random_state=0
)
data = load(folder)
train, test = data.part("train"), data.part("test")

log = []
model = RCNN(features=HogColor(), proposals="single", calibration_folds=2, random_state=0)
model.fit(train, callbacks=[log.append])

# %%
# What happened on the way
# ------------------------
# Everything that takes long tells its callbacks what it does. The rounds of mining are among it: the
# SVMs look through the training images, and what they wrongly take for a digit is added to their
# negatives.
for event in log:
    if event["event"] == "stage_end":
        print(f"{event['stage']}: {event['seconds']:.1f} s")
figure = figures.draw_mining([event for event in log if event["event"] == "mining_round"])

# %%
# On scenes it has never seen
# ---------------------------
# ``predict`` takes paths or arrays and gives one :class:`foveal.data.Detections` an image. Scores are
# probabilities; the SVMs' own decision values are kept beside them. Forty scenes are not many: see what
# it confuses. (Dashed: the truth. ``foveal demo`` trains on many more.)
found = model.predict([sample.path for sample in test])
figures_of = evaluate(test.to_coco(), to_results(test, found))
print({key: round(figures_of[key], 3) for key in ("AP50", "AP", "AR100")})

figure, panels = plt.subplots(2, 2, figsize=(9, 6.9), layout="constrained")
for axes, sample, detections in zip(panels.flat, test, found, strict=False):
    sure = detections[detections.scores >= 0.3]
    axes.imshow(sure.draw(read(sample.path)))
    for x1, y1, x2, y2 in sample.boxes:
        axes.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor="white", ls="--"))
    axes.set_title(f"{len(sample.boxes)} digits, {len(sure)} detections with a score of 0.3 or more")
    axes.set_axis_off()

# %%
# What the SVMs look for
# ----------------------
# The weights of a linear SVM can be read as an image: where an edge speaks for the class. Here are the
# positive weights of the unsigned directions, cell by cell, drawn along the edge.
side = model.features_.size // model.features_.cell
weights = model.svms_.weights[: side * side * 31].T.reshape(len(data.classes), side, side, 31)[..., 18:27]
figure, panels = plt.subplots(1, 10, figsize=(9, 1.3), layout="constrained")
for digit, axes in enumerate(panels):
    y, x, direction = np.nonzero(weights[digit] > 0)
    strength = weights[digit, y, x, direction] / weights[digit].max()
    angle = direction * np.pi / 9 + np.pi / 2
    centre = np.stack([x, y], axis=1)
    reach = 0.48 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    order = np.argsort(strength)
    strokes = np.stack([centre - reach, centre + reach], axis=1)[order]
    axes.add_collection(LineCollection(strokes, colors=[str(s) for s in strength[order]], linewidths=1.2))
    axes.set(
        xlim=(-0.5, side - 0.5),
        ylim=(side - 0.5, -0.5),
        aspect="equal",
        facecolor="black",
        xticks=[],
        yticks=[],
    )
    axes.set_title(data.classes[digit])

# %%
# One file
# --------
# A model is arrays and JSON in one safetensors file. Loading it runs no code and gives the same answers.
file = model.save(Path(tempfile.mkdtemp()) / "digits.safetensors")
again = foveal.load(file)
same = np.array_equal(again.predict([test[0].path])[0].boxes, found[0].boxes)
print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, the same boxes: {same}")
plt.show()
