"""Work over many items, and how many threads it uses.

Everything in Foveal that is done to many images goes through :func:`map`. It runs on joblib, so a
caller who wants another backend (processes, a Dask cluster) selects it with
``joblib.parallel_config`` around any call into the library.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Item = TypeVar("Item")
Result = TypeVar("Result")

__all__ = ["blas_threads", "cores", "map", "one_opencv_thread", "threads"]


def cores() -> int:
    """The number of CPU cores that this process may use.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def map(
    function: Callable[[Item], Result],
    items: Sequence[Item] | Iterable[Item],
    *,
    n_jobs: int | None = None,
    done: Callable[[int], None] | None = None,
) -> list[Result]:
    """Apply a function to every item, several at a time, and keep the order.

    Parameters
    ----------
    function : callable
        Called with one item. The kernels of Foveal, OpenCV and Pillow release Python's global
        lock, so threads are preferred; a joblib backend set from outside is respected.
    items : iterable
    n_jobs : int, optional
        How many at a time; the default is the number of cores.
    done : callable, optional
        Called with the number of finished items after each one, in the calling thread.

    Returns
    -------
    list
        ``[function(item) for item in items]``. An exception of ``function`` is raised here.

    Examples
    --------
    >>> map(len, ["a", "bc", ""])
    [1, 2, 0]
    """
    items = list(items)
    n_jobs = cores() if n_jobs is None else n_jobs
    results: list[Result] = []
    with one_opencv_thread():
        for result in _results(function, items, n_jobs):
            results.append(result)
            if done is not None:
                done(len(results))
    return results


def _results(function: Callable[[Item], Result], items: list[Item], n_jobs: int) -> Iterator[Result]:
    if not items:
        return
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    in_process = type(get_active_backend()[0]).__name__ in ("LokyBackend", "ThreadingBackend")
    if (n_jobs == 1 or len(items) == 1) and in_process:
        # No pool for what one thread does as well: the traceback stays short.
        for item in items:
            yield function(item)
        return
    backend = get_active_backend(prefer="threads")[0]
    # As a number: joblib parses a text of it with ``ast``, which threads at once cannot on Python 3.11.
    ahead = 4 * max(1, backend.effective_n_jobs(n_jobs))
    pool = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator", pre_dispatch=ahead)
    if not getattr(backend, "supports_sharedmem", False):
        yield from pool(delayed(function)(item) for item in items)
        return
    calls = _Calls(function)
    outcomes = pool(delayed(calls)(item) for item in items)
    try:
        for result, error in outcomes:
            if error is not None:
                calls.end()
                # The others return at once; joblib warns of what nobody takes.
                for _ in outcomes:
                    pass
                raise error
            yield cast(Result, result)
    finally:
        # Where one call fails, joblib leaves the others to themselves. Those that are in compiled code when
        # the program ends would abort it.
        calls.end()


class _Calls(Generic[Item, Result]):
    """Calls of a function from several threads, which can be waited for."""

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function
        self._running = 0
        self._ended = False
        self._change = threading.Condition()

    def __call__(self, item: Item) -> tuple[Result | None, BaseException | None]:
        """What the function returned, and what it raised: joblib would format it, and parse code for that."""
        with self._change:
            if self._ended:
                return None, None
            self._running += 1
        try:
            return self._function(item), None
        except BaseException as error:
            return None, error
        finally:
            with self._change:
                self._running -= 1
                self._change.notify_all()

    def end(self) -> None:
        """Begin no further call, and wait for those that have begun."""
        with self._change:
            self._ended = True
            self._change.wait_for(lambda: not self._running)


def threads(
    function: Callable[[Item], Result], items: Sequence[Item] | Iterable[Item], *, n_jobs: int
) -> list[Result]:
    """Apply a function to the parts of one small piece of work, in threads of this process.

    Its threads stay, and the calling thread takes its share, so that parts of a tenth of a millisecond are
    worth handing out; :func:`map` makes its pool anew. For many images use :func:`map`.

    Parameters
    ----------
    function : callable
        Called with one part. It must not call :func:`threads` itself.
    items : iterable
    n_jobs : int
        How many at a time; 1 or less is the calling thread alone.

    Returns
    -------
    list
        As :func:`map`.

    Examples
    --------
    >>> threads(len, ["a", "bc", ""], n_jobs=2)
    [1, 2, 0]
    """
    items = list(items)
    if n_jobs <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    if len(items) > n_jobs:
        return list(_pool(n_jobs).map(function, items))
    workers = [_Worker.idle() for _ in items[1:]]
    for worker, item in zip(workers, items[1:], strict=True):
        worker.begin(function, item)
    try:
        first = function(items[0])
    finally:
        # Whatever happens here, nothing goes on working behind the caller's back.
        ended = [worker.end() for worker in workers]
    for _, error in ended:
        if error is not None:
            raise error
    return [first, *(result for result, _ in ended)]


@cache
def _pool(n_jobs: int) -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(n_jobs, thread_name_prefix="foveal")


class _Worker:
    """A thread that waits for one call at a time; an executor's queue and futures take ten times as long."""

    _idle: ClassVar[list["_Worker"]] = []

    def __init__(self) -> None:
        self._called, self._returned = threading.Lock(), threading.Lock()
        self._called.acquire()
        self._returned.acquire()
        self._call: Callable[[], Any] = lambda: None
        self._result: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._work, name="foveal", daemon=True).start()

    @classmethod
    def idle(cls) -> "_Worker":
        """One that waits, or a new one."""
        try:
            return cls._idle.pop()
        except IndexError:
            return cls()

    def begin(self, function: Callable[[Any], Any], item: Any) -> None:
        """Let it call the function."""
        self._call = lambda: function(item)
        self._called.release()

    def end(self) -> tuple[Any, BaseException | None]:
        """Wait until it has returned: what it returned and what it raised."""
        self._returned.acquire()
        ended = self._result, self._error
        self._result = self._error = None
        self._idle.append(self)
        return ended

    def _work(self) -> None:
        while True:
            self._called.acquire()
            try:
                self._result = self._call()
            except BaseException as error:
                self._error = error
            # What the call refers to is not kept until the next one.
            self._call = lambda: None
            self._returned.release()


if hasattr(os, "register_at_fork"):
    # The child of a fork has the objects and not the threads.
    os.register_at_fork(after_in_child=_Worker._idle.clear)
    os.register_at_fork(after_in_child=_pool.cache_clear)


# What blocks of blas_threads ask for, and what each library of BLAS had before the first of them.
_blas_lock = threading.Lock()
_blas_asked: list[int] = []
_blas_before: dict[str, tuple[Any, int]] = {}


@contextmanager
def blas_threads(number: int) -> Iterator[None]:
    """Hold BLAS and OpenMP to a number of threads inside the block.

    A product summed in another order differs in its last bit, so whatever has to be the same byte
    for byte runs inside this block.

    BLAS has one setting for the whole process: of several blocks at a time, in one thread or in several, the
    smallest number holds, and the last of them puts back what was before. OpenMP has one for each thread.

    Examples
    --------
    >>> import numpy as np
    >>> with blas_threads(1):
    ...     product = np.ones((2, 3)) @ np.ones((3, 2))
    """
    from threadpoolctl import ThreadpoolController

    # Anew for every block: another library may have been loaded since.
    controller = ThreadpoolController()
    with _blas_lock:
        for library in controller.select(user_api="blas").lib_controllers:
            _blas_before.setdefault(library.filepath, (library, library.num_threads))
        _blas_asked.append(number)
        _limit_blas()
    try:
        with controller.select(user_api="openmp").limit(limits=number):
            yield
    finally:
        with _blas_lock:
            _blas_asked.remove(number)
            _limit_blas()


def _forget_blas() -> None:
    """In the child of a fork: no thread of its parent is in a block, nor holds the lock."""
    global _blas_lock
    _blas_lock = threading.Lock()
    _blas_asked.clear()
    _limit_blas()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_blas)


def _limit_blas() -> None:
    """Give BLAS the smallest number that is asked for, or back what it had."""
    for library, before in _blas_before.values():
        # Later versions of threadpoolctl let the first thread alone set OpenBLAS's number, and pass over what
        # others ask for; all blocks are counted here, so that whichever thread comes may set it.
        release = getattr(library, "clear_controlling_thread", lambda force: None)
        release(force=True)
        library.set_num_threads(min(_blas_asked) if _blas_asked else before)
        release(force=True)
    if not _blas_asked:
        _blas_before.clear()


class SharedSetting:
    """A setting of the whole process that blocks in several threads want the same at a time.

    The first block to begin sets it, the last to end puts it back as it was.

    Parameters
    ----------
    value
        What the blocks want.
    """

    def __init__(self, value: Any) -> None:
        self._value = value
        self._before: Any = None
        self._users = 0
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        # The child of a fork has none of the threads that are in a block; the setting stays as it is.
        self._lock, self._users = threading.Lock(), 0

    @contextmanager
    def held(self, read: Callable[[], Any], write: Callable[[Any], object]) -> Iterator[None]:
        """Hold the setting, which two functions read and write."""
        with self._lock:
            if not self._users:
                self._before = read()
                write(self._value)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    write(self._before)


_opencv_threads = SharedSetting(1)


@contextmanager
def one_opencv_thread() -> Iterator[None]:
    """Hold OpenCV to the calling thread inside the block, where it has been imported.

    OpenCV hands even a fraction of a millisecond to threads of its own, which then wait for more by
    spinning: they take the cores from the threads that the images go to. The setting is the whole
    process's, so the last of several blocks at a time puts it back.

    Examples
    --------
    >>> import cv2
    >>> before = cv2.getNumThreads()
    >>> with one_opencv_thread():
    ...     cv2.getNumThreads()
    1
    >>> cv2.getNumThreads() == before
    True
    """
    cv2 = sys.modules.get("cv2")
    # While another thread is importing it, the module is there already and empty.
    if cv2 is None or not hasattr(cv2, "setNumThreads") or not hasattr(cv2, "getNumThreads"):
        yield
        return
    with _opencv_threads.held(cv2.getNumThreads, cv2.setNumThreads):
        yield
