"""How the losses of many elements become one number."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Reduction = Literal["mean", "sum"]


def check_reduction(reduction: str) -> None:
    """Refuse what is no reduction.

    Raises
    ------
    ValueError
        If it is neither ``"mean"`` nor ``"sum"``.
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f'reduction must be "mean" or "sum", not {reduction!r}.')


def reduce(
    losses: NDArray[Any], gradient: NDArray[Any], reduction: str, divisor: float | None = None
) -> tuple[float, NDArray[Any]]:
    """The loss, summed in float64, and its gradient.

    Parameters
    ----------
    losses : ndarray
    gradient : ndarray
        Of the sum of the losses; changed in place.
    reduction : {"mean", "sum"}
    divisor : float, optional
        What the mean divides by; the default is the number of losses.

    Returns
    -------
    loss : float
        0 where there are no losses.
    gradient : ndarray
    """
    loss = float(losses.sum(dtype=np.float64))
    if reduction == "mean":
        divisor = float(max(1, losses.size)) if divisor is None else divisor
        loss /= divisor
        gradient /= divisor
    return loss, gradient
