"""Learning by gradients: functional operations, layers, losses and the check of their gradients."""

from foveal.nn import functional
from foveal.nn.batches import ArrayBatches
from foveal.nn.checkpoints import Checkpoint
from foveal.nn.containers import Identity, Residual, Sequential
from foveal.nn.early_stopping import EarlyStopping
from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.history import History
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
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from foveal.nn.losses import CrossEntropyLoss, cross_entropy
from foveal.nn.module import Module, no_grad
from foveal.nn.optimizers import SGD, AdamW
from foveal.nn.parameter import Parameter
from foveal.nn.schedules import Constant, Cosine, OneCycle, Step
from foveal.nn.time_budget import TimeBudget
from foveal.nn.training import fit, train_step
from foveal.nn.validation import evaluate

__all__ = [
    "GELU",
    "SGD",
    "AdamW",
    "AdaptiveAvgPool2d",
    "ArrayBatches",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Checkpoint",
    "Constant",
    "Conv2d",
    "Cosine",
    "CrossEntropyLoss",
    "Dropout",
    "EarlyStopping",
    "Flatten",
    "History",
    "Identity",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "OneCycle",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Step",
    "Tanh",
    "TimeBudget",
    "cross_entropy",
    "evaluate",
    "fit",
    "functional",
    "gradient_check",
    "log_softmax",
    "no_grad",
    "softmax",
    "train_step",
]
