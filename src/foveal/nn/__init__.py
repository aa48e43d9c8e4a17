"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.averaging import ExponentialMovingAverage
from foveal.nn.batches import ArrayBatches
from foveal.nn.checkpoints import Checkpoint
from foveal.nn.clipping import clip_grad_norm
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.early_stopping import EarlyStopping
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.history import History
from foveal.nn.inference import Inference
from foveal.nn.layers import (
    GELU,
    AdaptiveAvgPool2d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    MaxPool2d,
    PyramidRoIAlign,
    ReLU,
    ReLU6,
    RoIAlign,
    RoIPool,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    Upsample,
)
from foveal.nn.losses import (
    BCEWithLogitsLoss,
    CIoULoss,
    CrossEntropyLoss,
    DIoULoss,
    FocalLoss,
    GIoULoss,
    IoULoss,
    MSELoss,
    SmoothL1Loss,
    binary_cross_entropy_with_logits,
    ciou_loss,
    cross_entropy,
    diou_loss,
    giou_loss,
    iou_loss,
    mse_loss,
    sigmoid_focal_loss,
    smooth_l1_loss,
)
from foveal.nn.module import Module, no_grad
from foveal.nn.onnx import export
from foveal.nn.optimizers import SGD, AdamW, Optimizer
from foveal.nn.parameter import Parameter
from foveal.nn.range_test import RangeTest, learning_rate_range_test
from foveal.nn.roi_walkthrough import RoIAlignStep, RoIPoolStep, roi_align_steps, roi_pool_steps
from foveal.nn.schedules import Constant, Cosine, OneCycle, Step
from foveal.nn.time_budget import TimeBudget
from foveal.nn.training import fit, train_step
from foveal.nn.validation import evaluate
from foveal.nn.walkthrough import ConvolutionStep, PoolingStep, convolution_steps, pooling_steps

__all__ = [
    "GELU",
    "SGD",
    "AdamW",
    "AdaptiveAvgPool2d",
    "ArrayBatches",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "CIoULoss",
    "Checkpoint",
    "Constant",
    "Conv2d",
    "ConvolutionStep",
    "Cosine",
    "CrossEntropyLoss",
    "DIoULoss",
    "Dropout",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "Flatten",
    "FocalLoss",
    "GIoULoss",
    "History",
    "Identity",
    "Inference",
    "IoULoss",
    "LeakyReLU",
    "Linear",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "OneCycle",
    "Optimizer",
    "Parameter",
    "PoolingStep",
    "PyramidRoIAlign",
    "RangeTest",
    "ReLU",
    "ReLU6",
    "Residual",
    "RoIAlign",
    "RoIAlignStep",
    "RoIPool",
    "RoIPoolStep",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Step",
    "Tanh",
    "TimeBudget",
    "Upsample",
    "binary_cross_entropy_with_logits",
    "ciou_loss",
    "clip_grad_norm",
    "convolution_steps",
    "cross_entropy",
    "diou_loss",
    "evaluate",
    "export",
    "fit",
    "functional",
    "giou_loss",
    "gradient_check",
    "iou_loss",
    "learning_rate_range_test",
    "log_softmax",
    "mse_loss",
    "no_grad",
    "pooling_steps",
    "roi_align_steps",
    "roi_pool_steps",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
    "softmax",
    "train_step",
]
