"""Losses, each as a function and as an object that gives its value and its gradient."""

from foveal.nn.losses.classification import CrossEntropyLoss, cross_entropy

__all__ = ["CrossEntropyLoss", "cross_entropy"]
