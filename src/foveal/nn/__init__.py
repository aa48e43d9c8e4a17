"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional, layers, losses
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
from foveal.nn.layers import *  # noqa: F403 - a new layer is a row there alone
from foveal.nn.losses import *  # noqa: F403
from foveal.nn.module import Module, no_grad
from foveal.nn.onnx import export
from foveal.nn.optimizers import SGD, AdamW, Optimizer, decayed_groups
from foveal.nn.parameter import Parameter, unfilled
from foveal.nn.range_test import RangeTest, learning_rate_range_test
from foveal.nn.roi_walkthrough import RoIAlignStep, RoIPoolStep, roi_align_steps, roi_pool_steps
from foveal.nn.schedules import Constant, Cosine, OneCycle, Step
from foveal.nn.time_budget import TimeBudget
from foveal.nn.training import fit, train_step
from foveal.nn.validation import evaluate
from foveal.nn.walkthrough import ConvolutionStep, PoolingStep, convolution_steps, pooling_steps

__all__ = [
    "SGD",
    "AdamW",
    "ArrayBatches",
    "Checkpoint",
    "Constant",
    "ConvolutionStep",
    "Cosine",
    "EarlyStopping",
    "ExponentialMovingAverage",
    "History",
    "Identity",
    "Inference",
    "Module",
    "OneCycle",
    "Optimizer",
    "Parameter",
    "PoolingStep",
    "RangeTest",
    "Residual",
    "RoIAlignStep",
    "RoIPoolStep",
    "Sequential",
    "Step",
    "TimeBudget",
    "clip_grad_norm",
    "convolution_steps",
    "decayed_groups",
    "evaluate",
    "export",
    "fit",
    "functional",
    "gradient_check",
    "learning_rate_range_test",
    "log_softmax",
    "no_grad",
    "pooling_steps",
    "roi_align_steps",
    "roi_pool_steps",
    "softmax",
    "train_step",
    "unfilled",
]
__all__ += layers.__all__
__all__ += losses.__all__
