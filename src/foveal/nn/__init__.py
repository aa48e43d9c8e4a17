"""Learning by gradients: functional operations, losses and the check of their gradients."""

from foveal.nn.functional import log_softmax, softmax
from foveal.nn.gradient_check import gradient_check
from foveal.nn.losses import cross_entropy

__all__ = ["cross_entropy", "gradient_check", "log_softmax", "softmax"]
