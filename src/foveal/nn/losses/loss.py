"""What a loss is: a value and its gradient, from a function or an object that holds its settings."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Reduction = Literal["mean", "sum"]


@dataclass(repr=False, eq=False)
class LossObject:
    """A loss whose fields are the keywords of its function."""

    function: ClassVar[Callable[..., tuple[float, Array]]]

    def __call__(self, output: ArrayLike, target: ArrayLike) -> tuple[float, Array]:
        """The value and the gradient by ``output``; see the function for the shapes."""
        settings = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self).function(output, target, **settings)


@dataclass(repr=False, eq=False)
class ReducedLoss(LossObject):
    """A loss with no other setting than how the losses of many elements become one number."""

    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        check_reduction(self.reduction)


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
    losses: NDArray[Any], grad: NDArray[Any], reduction: str, divisor: float | None = None
) -> tuple[float, NDArray[Any]]:
    """The loss, summed in float64, and its grad.

    Parameters
    ----------
    losses : ndarray
    grad : ndarray
        Of the sum of the losses; changed in place.
    reduction : {"mean", "sum"}
    divisor : float, optional
        What the mean divides by; the default is the number of losses.

    Returns
    -------
    loss : float
        0 where there are no losses.
    grad : ndarray
    """
    loss = float(losses.sum(dtype=np.float64))
    if reduction == "mean":
        divisor = float(max(1, losses.size)) if divisor is None else divisor
        loss /= divisor
        grad /= divisor
    return loss, grad


def as_pair(
    outputs: ArrayLike, targets: ArrayLike, name: str = "outputs"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both as arrays of the outputs' floating-point type; integers become float32.

    Raises
    ------
    ValueError
        If the shapes differ: nothing is broadcast, since (N,) against (N, 1) would be (N, N).
    """
    first = np.asarray(outputs)
    if not np.issubdtype(first.dtype, np.floating):
        first = first.astype(np.float32)
    second = np.asarray(targets, first.dtype)
    if first.shape != second.shape:
        raise ValueError(
            f"{name} and targets must have the same shape, not {first.shape} and {second.shape}."
        )
    return first, second
