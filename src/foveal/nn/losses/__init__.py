"""Losses, each as a function and as an object that gives its value and its gradient."""

from foveal.nn.losses.binary import (
    BCEWithLogitsLoss,
    FocalLoss,
    binary_cross_entropy_with_logits,
    sigmoid_focal_loss,
)
from foveal.nn.losses.boxes import (
    CIoULoss,
    DIoULoss,
    GIoULoss,
    IoULoss,
    ciou_loss,
    diou_loss,
    giou_loss,
    iou_loss,
)
from foveal.nn.losses.classification import CrossEntropyLoss, cross_entropy
from foveal.nn.losses.joint import JointLoss
from foveal.nn.losses.regression import MSELoss, SmoothL1Loss, mse_loss, smooth_l1_loss

__all__ = [
    "BCEWithLogitsLoss",
    "CIoULoss",
    "CrossEntropyLoss",
    "DIoULoss",
    "FocalLoss",
    "GIoULoss",
    "IoULoss",
    "JointLoss",
    "MSELoss",
    "SmoothL1Loss",
    "binary_cross_entropy_with_logits",
    "ciou_loss",
    "cross_entropy",
    "diou_loss",
    "giou_loss",
    "iou_loss",
    "mse_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
]
