"""Gradients held to a length."""

from collections.abc import Iterable
from math import isfinite, sqrt

from foveal.errors import SettingError
from foveal.nn._flat_memory import axis_order, flat
from foveal.nn.parameter import Parameter


def clip_grad_norm(parameters: Iterable[Parameter], max_norm: float) -> float:
    """Shorten all gradients together so that their norm is at most ``max_norm`` (Pascanu et al. 2013).

    Parameters
    ----------
    parameters : iterable of Parameter
        Those without a gradient are passed over.
    max_norm : float
        Above 0.

    Returns
    -------
    float
        The Euclidean norm of all gradients before, summed in float64; 0 where there are none. Where it is
        no finite number, the gradients are left as they are, for the caller to stop.

    Raises
    ------
    SettingError
        If ``max_norm`` is not above 0.

    References
    ----------
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
    algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> weight = Parameter(np.zeros(2))
    >>> weight.grad = np.array([3.0, 4.0])
    >>> clip_grad_norm([weight], max_norm=1.0)
    5.0
    >>> weight.grad.round(4)
    array([0.6, 0.8])
    """
    if not max_norm > 0:
        raise SettingError(f"max_norm must be above 0, not {max_norm}.")
    from foveal.nn._optimizer_kernels import sum_of_squares

    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    norm = sqrt(sum(float(sum_of_squares(flat(g, axis_order(g)))) for g in gradients))
    if isfinite(norm) and norm > max_norm:
        for gradient in gradients:
            gradient *= max_norm / norm
    return norm
