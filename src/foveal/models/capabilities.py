"""What the models can do, read off the models themselves."""

import inspect
from functools import cache

from foveal.models import DETECTORS, model_class

# Those that look at a validation part though they keep no checkpoints.
_CHOOSE = frozenset({"logistic"})
# Those that learn from every picture though they keep checkpoints: one schedule for all, and nothing to stop.
_HOLD_BACK = frozenset({"fast-rcnn"})


@cache
def fit_takes(model: str, argument: str) -> bool:
    """Whether the training of a model takes an argument.

    Parameters
    ----------
    model : str
        By its name on the command line.
    argument : str
        Such as ``"checkpoint"`` (the training can be gone on with) or ``"spent"`` (``minutes`` count what
        comes before and after the training too).

    Examples
    --------
    >>> fit_takes("cnn", "checkpoint"), fit_takes("svm", "checkpoint")
    (True, False)
    """
    return argument in inspect.signature(model_class(model).fit).parameters


def uses_validation(model: str) -> bool:
    """Whether a model chooses on a validation part; the others hold training images back by turns.

    Examples
    --------
    >>> uses_validation("cnn"), uses_validation("logistic"), uses_validation("rcnn")
    (True, True, False)
    """
    return model in _CHOOSE or (fit_takes(model, "checkpoint") and model not in _HOLD_BACK)


def detects(model: str) -> bool:
    """Whether a model finds objects; the others name whole images."""
    return model in DETECTORS
