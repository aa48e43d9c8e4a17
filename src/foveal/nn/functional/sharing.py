"""How work is shared between threads."""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from foveal.parallel import cores, threads

Result = TypeVar("Result")

# Multiplications of one thread below which handing them over does not pay: a twentieth of a millisecond.
_WORTH_A_THREAD = 2_000_000
#: Below so many elements of simple arithmetic the hand-over to a thread costs more than it saves.
WORTH_SHARING = 1 << 17


def share(function: Callable[[slice], object], count: int, work: int) -> None:
    """Call a function with slices that cover ``range(count)``, in threads where that pays.

    Parameters
    ----------
    function : callable
        Takes a slice. What it writes for one row must not depend on which slice the row is in, so
        that results are the same for any number of threads.
    count : int
        How many rows there are; 0 calls nothing.
    work : int
        How many elements are computed in all, which decides whether threads pay.

    Examples
    --------
    >>> seen = []
    >>> share(seen.append, 3, 3)
    >>> seen
    [slice(0, 3, None)]
    """
    if count == 0:
        return
    parts = min(count, cores(), max(1, work // WORTH_SHARING))
    if parts == 1:
        function(slice(0, count))
        return
    threads(function, [slice(*ends) for ends in pairwise(shares(count, parts))], n_jobs=parts)


def share_rows(function: Callable[[tuple[int, int]], Result], rows: int, work: int) -> list[Result]:
    """Call a function with the first and last of the rows of each thread.

    Parameters
    ----------
    function : callable
    rows : int
    work : int
        Multiplications of one row.
    """
    count = max(1, min(threads_for(rows * work), rows))
    return threads(function, list(pairwise(shares(rows, count))), n_jobs=count)


def threads_for(multiplications: int) -> int:
    """How many threads a piece of work is worth."""
    return max(1, min(cores(), multiplications // _WORTH_A_THREAD))


def shares(count: int, threads: int) -> list[int]:
    """Where the shares of so many threads begin, and the end.

    Examples
    --------
    >>> shares(5, 2)
    [0, 2, 5]
    """
    return [count * i // threads for i in range(threads + 1)]
