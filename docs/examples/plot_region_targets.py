"""
What a region teaches
=====================

Fast R-CNN's mini-batch of one photograph, step by step from public parts: selective search proposes, IoU
with the ground truth labels, a sampler draws foreground and background (Girshick 2015, section 2.3), RoIAlign
shows what the head would see. Above, the regions, foreground with the box that its deltas lead to; below, the
mean magnitude of their 7 by 7 cells.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from foveal.boxes import BACKGROUND
from foveal.features import EfficientNetLite0, stack_images
from foveal.images import draw_boxes
from foveal.models.detection import GroundTruth, RoIPooling, RoISampler
from foveal.proposals import SelectiveSearch

photo = load_sample_image("flower.jpg")
flower = GroundTruth(np.float32([[165, 50, 460, 350]]), labels=np.array([0]), ignored=np.array([False]))
proposals = SelectiveSearch("fast").propose(photo).best(500)
targets = RoISampler(number=8, fraction=0.5)(proposals.boxes, flower, random_state=0)

backbone = EfficientNetLite0()
maps = backbone.maps(stack_images([photo], backbone), ["c3"])["c3"]
seen = RoIPooling(strides=(8,), size=7)([maps], targets.rois, np.zeros(len(targets), np.int64))

figure, axes = plt.subplots(2, 8, figsize=(13, 3.4), layout="constrained")
for place, (roi, label, target) in enumerate(zip(targets.rois, targets.labels, targets.objects, strict=True)):
    both = np.stack([roi, target]) if label != BACKGROUND else roi[None]
    axes[0, place].imshow(draw_boxes(photo, both, colors=[0, 1][: len(both)], width=8))
    axes[0, place].set_title("background" if label == BACKGROUND else "flower, and its target", fontsize=9)
    axes[1, place].imshow(np.abs(seen[place]).mean(axis=2))
for axis in axes.flat:
    axis.axis("off")
