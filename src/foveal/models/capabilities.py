"""What the models can do, read off the models themselves."""

import inspect
from functools import cache

from foveal.models import model_class

# Those that look at a validation part while they learn.
_VALIDATE = frozenset({"logistic", "mlp", "cnn", "transfer", "faster-rcnn", "rpn"})


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
    return model in _VALIDATE
