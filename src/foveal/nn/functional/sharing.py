"""How the rows of an array are shared between threads."""

from collections.abc import Callable
from itertools import pairwise

from foveal.parallel import cores, threads

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
    bounds = [count * part // parts for part in range(parts + 1)]
    slices = [slice(a, b) for a, b in pairwise(bounds)]
    threads(function, slices, n_jobs=parts)
