"""How a batch's losses become one number."""

from typing import Literal

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
