"""
Metrics: average precision, by hand and by protocol
===================================================

From a list of detections to the number that papers quote, step by step; and why three protocols give
three numbers for the same detections.
"""

import matplotlib.pyplot as plt
import numpy as np

from foveal.metrics import confusion, evaluate, pr_curves, tide
from foveal.report import figures

# %%
# Five objects, seven detections
# ------------------------------
# The ground truth is the content of a COCO file; detections are in COCO's results format. One object is
# found twice, one detection shows nothing, and one lies too far beside its object.
objects = [(10, 10, 40, 40), (70, 10, 40, 40), (130, 10, 40, 40), (10, 70, 40, 40), (70, 70, 40, 40)]
truth = {
    "images": [{"id": 1, "width": 200, "height": 130}],
    "categories": [{"id": 1, "name": "cat"}],
    "annotations": [
        {"id": i, "image_id": 1, "category_id": 1, "bbox": list(box)} for i, box in enumerate(objects, 1)
    ],
}
found = [
    ((11, 11, 40, 40), 0.95),
    ((72, 8, 40, 40), 0.90),
    ((12, 8, 38, 42), 0.80),  # the first object once more
    ((140, 14, 40, 40), 0.70),
    ((150, 80, 30, 30), 0.60),  # nothing there
    ((25, 80, 40, 40), 0.50),  # beside the fourth object
    ((70, 72, 40, 40), 0.40),
]
results = [{"image_id": 1, "category_id": 1, "bbox": list(box), "score": score} for box, score in found]

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for i, (x, y, w, h) in enumerate(objects):
    label = "object" if i == 0 else None
    axes.add_patch(plt.Rectangle((x, y), w, h, facecolor="#cfe3f1", edgecolor="#0072b2", lw=1.5, label=label))
for i, ((x, y, w, h), score) in enumerate(found):
    label = "detection with its score" if i == 0 else None
    axes.add_patch(plt.Rectangle((x, y), w, h, fill=False, edgecolor="#d55e00", lw=2, label=label))
    place = (x + 2, y + 8) if score == 0.80 else (x + w - 1, y + h - 2)
    axes.text(*place, f"{score:.2f}", color="#a34700", ha="left" if score == 0.80 else "right", fontsize=9)
axes.set(
    xlim=(0, 200), ylim=(130, 0), aspect="equal", title="One image", xlabel="x (pixels)", ylabel="y (pixels)"
)
axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)

# %%
# The curve
# ---------
# Best score first, each detection is right if it overlaps an object that nobody had before by at least
# 0.5. After each one, precision is the share of right ones so far and recall the share of objects found.
# The average precision is the area under the curve after its teeth are filled in from the right.
curve = pr_curves(truth, results)["cat"]
for score, recall, precision in zip(curve.scores, curve.recall, curve.precision, strict=True):
    print(f"score {score:.2f}: recall {recall:.1f}, precision {precision:.3f}")

envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
steps = np.diff(np.r_[0, curve.recall])
by_hand = float((steps * envelope).sum())
print(f"by hand {by_hand:.4f}, pr_curves {curve.average_precision:.4f}")

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.fill_between(
    np.r_[0, curve.recall],
    np.r_[envelope[0], envelope],
    step="pre",
    color="#cfe3f1",
    label=f"area: AP {by_hand:.3f}",
)
axes.plot(curve.recall, curve.precision, "o-", color="#0072b2", label="precision after each detection")
points = np.linspace(0, 1, 11)
height = [max(curve.precision[curve.recall >= p], default=0) for p in points]
axes.plot(points, height, "x", color="#d55e00", ms=8, mew=2, label=f"11 points: AP {np.mean(height):.3f}")
axes.set(
    xlim=(-0.02, 1.02),
    ylim=(0, 1.05),
    title="Precision against recall at IoU 0.5",
    xlabel="recall (share of objects)",
    ylabel="precision (share of detections)",
)
axes.legend(frameon=False, loc="lower left")

# %%
# Three protocols
# ---------------
# ``voc`` takes the area, ``voc07`` the mean at 11 recalls, ``coco`` the mean at 101 recalls; COCO's headline
# ``AP`` is moreover the mean over ten overlaps from 0.5 to 0.95, which punishes boxes that are a little off.
for protocol in ("voc", "voc07", "coco"):
    figures_of = evaluate(truth, results, protocol=protocol)
    print(f"{protocol:>5}: AP50 {figures_of['AP50']:.4f}   AP {figures_of['AP']:.4f}")

# %%
# Where it was lost
# -----------------
# TIDE sorts the errors by what would mend them; a confusion matrix says what was taken for what, with
# background as a row (boxes where nothing is) and a column (objects that were missed).
errors = tide(truth, results)
print({kind: count for kind, count in errors.counts.items() if count})
figure = figures.draw_tide(errors.losses)

# %%
matrix = confusion(truth, results, min_score=0.3)
figure = figures.draw_confusion(matrix.matrix, matrix.classes[:-1], background=True)
plt.show()
