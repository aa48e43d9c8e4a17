"""Batches of examples, shuffled anew in every epoch and made ready ahead of the training."""

import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal import parallel
from foveal.nn.descriptions import named
from foveal.nn.random_streams import seed_of

Batch = tuple[NDArray[Any], Any]
Made = TypeVar("Made")
Transform = Callable[[NDArray[Any], NDArray[Any], np.random.Generator], Batch]

# Beyond so many bytes a checkpoint knows an array by a part of its rows.
_DESCRIBED = 1 << 26

# What tells the streams of random numbers of one seed apart.
_SHUFFLE, _TRANSFORM = 0, 1


class Batches(Protocol):
    """What :func:`foveal.nn.fit` asks of its batches.

    An object may also have ``description()``, a JSON value that a checkpoint compares, and its ``epoch`` a
    keyword ``start``, the first batch to give, which spares a resumed training the making of those before.
    """

    def __len__(self) -> int:
        """Steps an epoch."""
        ...

    def epoch(self, number: int) -> Iterator[tuple[Any, Any]]:
        """The batches of an epoch, counted from 1; the same at every call."""
        ...


class ArrayBatches:
    """Batches drawn from arrays, or from whatever loads examples by their places.

    Parameters
    ----------
    x : array-like of shape (N, ...) or callable
        A callable is given places, an ndarray of int64 of shape (B,), and returns their ``(x, y)``, so that
        pictures need not all be in memory; it is called on several threads at a time. ``y`` is then the
        number of examples. Integers become float32 in the batches, their values unchanged.
    y : array-like of shape (N, ...) or int
        Targets.
    batch_size : int, default=64
        At least 1; no more than all examples.
    random_state : int, Generator or None
        Of the orders and of the transform. The same number gives the same batches.
    transform : callable, optional
        ``transform(x, y, rng) -> (x, y)``, given what a batch holds, still in the type of ``x``, and a
        generator of the batch's own. It works on copies, on background threads.
    shuffle : bool, default=True
        A new order in each epoch; else that of the arrays.
    drop_last : bool, default=False
        Leave out a last batch that is not full, unless it is the only one.
    workers : int, optional
        Threads that load and transform; by default one a core, at most 4. Of arrays without a transform
        nothing is worth a thread.
    ahead : int, default=3
        Batches that wait ready.

    Raises
    ------
    ValueError
        If there are no examples, ``x`` and ``y`` differ in number, or a size is below 1.

    Examples
    --------
    >>> batches = ArrayBatches(np.arange(5.0), np.arange(5), batch_size=2, random_state=0)
    >>> len(batches)
    3
    >>> [y.tolist() for x, y in batches.epoch(1)]
    [[1, 3], [4, 2], [0]]
    """

    def __init__(
        self,
        x: ArrayLike | Callable[[NDArray[np.int64]], Batch],
        y: ArrayLike | int,
        batch_size: int = 64,
        random_state: int | np.random.Generator | None = None,
        transform: Transform | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
        *,
        workers: int | None = None,
        ahead: int = 3,
    ) -> None:
        self._load: Callable[[NDArray[np.int64]], Batch] | None = None
        if callable(x):
            if not isinstance(y, (int, np.integer)):
                raise ValueError("Where x loads examples by their places, y is the number of examples.")
            self._load, self.n_examples = x, int(y)
        else:
            self.x, self.y = np.asarray(x), np.asarray(y)
            if self.x.ndim < 1 or self.y.ndim < 1 or len(self.x) != len(self.y):
                raise ValueError(
                    f"x and y must have one entry an example; their shapes are {self.x.shape} and "
                    f"{self.y.shape}."
                )
            self.n_examples = len(self.x)
        if self.n_examples < 1:
            raise ValueError("There are no examples to make batches of.")
        if batch_size < 1 or ahead < 1 or (workers is not None and workers < 1):
            raise ValueError("batch_size, workers and ahead start at 1.")
        self.batch_size = min(int(batch_size), self.n_examples)
        self.seed = seed_of(random_state)
        self.transform, self.shuffle, self.drop_last = transform, shuffle, drop_last
        self.workers = min(parallel.cores(), 4) if workers is None else workers
        self.ahead = ahead

    def __len__(self) -> int:
        full, rest = divmod(self.n_examples, self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch.

        Parameters
        ----------
        number : int
            Counted from 1.
        start : int, default=0
            The first batch to give.

        Yields
        ------
        x, y : ndarray
            An error of the transform or of what loads is raised here. When the iterator is closed, its
            threads end.
        """
        order = np.arange(self.n_examples)
        if self.shuffle:
            order = np.random.default_rng([self.seed, _SHUFFLE, number]).permutation(self.n_examples)
        make = partial(self._batch, number, order)
        places = range(start, len(self))
        if self.transform is None and self._load is None:
            yield from map(make, places)
        else:
            yield from made_ahead(make, places, self.workers, self.ahead)

    def _batch(self, number: int, order: NDArray[np.int64], place: int) -> Batch:
        chosen = order[place * self.batch_size : (place + 1) * self.batch_size]
        x, y = (self.x[chosen], self.y[chosen]) if self._load is None else self._load(chosen)
        if self.transform is not None:
            x, y = self.transform(x, y, np.random.default_rng([self.seed, _TRANSFORM, number, place]))
        return x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float32), y

    def description(self) -> dict[str, Any]:
        """What a checkpoint knows the batches by, a JSON value."""
        about: dict[str, Any] = {
            "examples": self.n_examples,
            "batch_size": self.batch_size,
            "seed of the batches": self.seed,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "transform": named(self.transform),
        }
        if self._load is None:
            about["examples' values"] = f"{_checksum(self.x):08x}-{_checksum(self.y):08x}"
        return about


def made_ahead(make: Callable[[int], Made], places: range, workers: int, ahead: int) -> Iterator[Made]:
    """``map(make, places)``, some of it already under way in threads while the caller works."""
    waiting: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="foveal-batches")
    try:
        for place in places:
            waiting.append(pool.submit(make, place))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _checksum(array: NDArray[Any]) -> int:
    step = -(-array.nbytes // _DESCRIBED) or 1
    about = f"{array.dtype.str} {array.shape}".encode()
    return zlib.crc32(array[::step].tobytes(), zlib.crc32(about))
