"""Kernels are compiled once in an installation: it is said, shared with other processes, and timed.

Numba holds Python's lock while it compiles, so threads do not help. :func:`begin` starts other processes that
compile beside the work that comes first; Numba's cache on disk, where this process finds what they have made,
is where they meet. Before something is needed :func:`ready` compiles what nobody has begun yet, and waits for
the rest.

A *warm-up* is a function that calls compiled ones on next to nothing. It is known by its name, such as
``foveal.proposals.warm_ups:grouping``, and its ``kernels`` by theirs.
"""

import gc
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from foveal.exits import undo_at_end, undoing

logger = logging.getLogger("foveal")

# Beyond these many, processes wait for each other's longest kernel.
_MOST_PROCESSES = 3
# Seconds after which a kernel that another process has begun is compiled here, too; the latter where that one
# does it in its idle time.
_PATIENCE, _LITTLE_PATIENCE = 30.0, 3.0
# How much an idle process stands back behind others.
_NICENESS = 10

_PROGRAM = "from foveal.compiling import serve; serve()"


class WarmUp(Protocol):
    """A function that calls compiled ones on next to nothing."""

    kernels: Sequence[tuple[str, str]]

    def __call__(self) -> object:
        """Call them."""


def warms_up(module: str, *kernels: str) -> Callable[[Callable[[], object]], WarmUp]:
    """Decorate a warm-up with the kernels that it calls.

    Parameters
    ----------
    module : str
        Where the kernels are, ``"foveal.proposals._grouping_kernels"``.
    kernels : str
        Their names.
    """

    def decorate(function: Callable[[], object]) -> WarmUp:
        warm_up = cast(WarmUp, function)
        warm_up.kernels = [(module, kernel) for kernel in kernels]
        return warm_up

    return decorate


def start_ahead(preparation: str) -> None:
    """Start a process that compiles before it is known what is to be compiled.

    It makes itself ready while this one reads its own modules and the data; where it has nothing to do in the
    end, it ends with this one.

    Parameters
    ----------
    preparation : str
        Python statements that it begins with.
    """
    if _may_share() and _cores() > 1:
        with suppress(OSError):
            _work.ahead = _start(f"{preparation}; {_PROGRAM}")
            undo_at_end(_work.ahead.kill)


def begin(warm_ups: Sequence[str], *, idle: bool = False) -> bool:
    """Have kernels compiled by other processes, if they are not, and say so.

    No process is started where there is but one core, or in a program that is no ordinary Python: then
    :func:`ready` does it all.

    Parameters
    ----------
    warm_ups : sequence of str
        Names of warm-ups, in the order in which they are needed.
    idle : bool, default=False
        Whether they are needed much later, so that they shall take no time from what is done before.

    Returns
    -------
    bool
        Whether anything has to be compiled.
    """
    if not warm_ups:
        return False
    _listen()
    missing = [name for name in warm_ups if not all(is_compiled(*k) for k in _found(name).kernels)]
    if missing:
        with _lock:
            _say("what is needed")
        _work.share(missing, idle=idle)
    return bool(missing)


def ready(*prefixes: str) -> None:
    """Come back when the warm-ups that were begun are done: some by this process, in the meantime.

    Parameters
    ----------
    prefixes : str
        How the names of those begin that are meant; by default all.
    """
    # A warm-up does not wait for warm-ups.
    if (_work.pending or _work.begun) and not getattr(_doing, "one", False):
        with counted():
            _work.finish(prefixes or ("",))


def seconds_compiling() -> float:
    """The seconds that this process has spent on compiling or waiting for it; they are no one's work.

    Counted from the first :func:`begin` on. Take the difference of two calls.

    Examples
    --------
    >>> before = seconds_compiling()
    >>> seconds_compiling() - before
    0.0
    """
    return _clock.seconds


def clock() -> float:
    """Seconds on a clock that stands still while this process compiles or waits for it.

    What minutes are measured on: what is compiled once in an installation is not taken from a training.

    Examples
    --------
    >>> began = clock()
    >>> 0 <= clock() - began < 1
    True
    """
    return time.perf_counter() - seconds_compiling()


@contextmanager
def counted() -> Iterator[None]:
    """Count what is done under it among the seconds of compiling."""
    _clock.start()
    try:
        yield
    finally:
        _clock.stop()


class _Clock:
    """Seconds during which at least one of several things went on."""

    def __init__(self) -> None:
        self._lock, self._going, self._since, self._before = threading.Lock(), 0, 0.0, 0.0

    @property
    def seconds(self) -> float:
        with self._lock:
            return self._before + (time.perf_counter() - self._since if self._going else 0.0)

    def start(self) -> None:
        with self._lock:
            if not self._going:
                self._since = time.perf_counter()
            self._going += 1

    def stop(self) -> None:
        with self._lock:
            self._going -= 1
            if not self._going:
                self._before += time.perf_counter() - self._since


class _Work:
    """Warm-ups that are to be done, shared between this process and others.

    Others take them from the beginning, this one from the end, so that they seldom meet.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        # Held by the thread of this process that compiles.
        self.here = threading.Lock()
        self.pending: list[str] = []
        self.begun: list[str] = []
        self._known: set[str] = set()
        self._idle: set[str] = set()
        self._given_up: set[str] = set()
        self.processes = 0
        # One that was started before there was work.
        self.ahead: subprocess.Popen[str] | None = None

    def share(self, names: Sequence[str], *, idle: bool = False) -> None:
        with self.changed:
            new = [name for name in names if name not in self._known]
            self._known.update(new)
            self.pending += new
            if idle:
                self._idle.update(new)
            most = min(_cores() - 1, _MOST_PROCESSES) if _may_share() else 0
            count = max(0, min(most - self.processes, len(new)))
            self.processes += count
        for _ in range(count):
            threading.Thread(target=self._hand_out, name="foveal-compiling", daemon=True).start()

    def _take(self, prefixes: tuple[str, ...] = ("",), last: bool = False) -> str | None:
        """One that is pending, which is begun then."""
        with self.changed:
            fitting = [name for name in self.pending if name.startswith(prefixes)]
            if not fitting:
                return None
            name = fitting[-1 if last else 0]
            self.pending.remove(name)
            self.begun.append(name)
            return name

    def _end(self, name: str, *, again: bool = False) -> None:
        with self.changed:
            self.begun.remove(name)
            if again:
                self.pending.insert(0, name)
            self.changed.notify_all()

    def _does_one(self, prefixes: tuple[str, ...]) -> bool:
        # Two threads of one process would take turns, and leave less to the other process.
        with self.here:
            name = self._take(prefixes, last=True)
            if name is None:
                return False
            try:
                run(name)
            finally:
                self._end(name)
            return True

    def finish(self, prefixes: tuple[str, ...]) -> None:
        while self._does_one(prefixes):
            pass

        def waited_for() -> list[str]:
            return [n for n in self.begun if n.startswith(prefixes) and n not in self._given_up]

        with self.changed:
            patience = _LITTLE_PATIENCE if self._idle.issuperset(waited_for()) else _PATIENCE
            self.changed.wait_for(lambda: not waited_for(), patience)
            self._given_up.update(waited_for())

    def _hand_out(self) -> None:
        try:
            with suppress(OSError):
                self._hand_to_process()
        finally:
            with self.changed:
                self.processes -= 1

    def _hand_to_process(self) -> None:
        """Give one warm-up after the other to a process of its own."""
        with self.changed:
            ahead, self.ahead = self.ahead, None
        with ahead or _start(_PROGRAM) as process, undoing(process.kill):
            assert process.stdin is not None
            assert process.stdout is not None
            while (name := self._take()) is not None:
                failed = True
                try:
                    process.stdin.write(f"{name} {_NICENESS if name in self._idle else 0}\n")
                    process.stdin.flush()
                    failed = not process.stdout.readline()
                finally:
                    self._end(name, again=failed)
                if failed:
                    return


def _start(program: str) -> "subprocess.Popen[str]":
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    # What ends this process on the terminal does not end that one, which sees its input end.
    options |= {"stderr": subprocess.DEVNULL, "start_new_session": True}
    return subprocess.Popen([sys.executable, "-P", "-c", program], **options)


def serve() -> None:
    """Do the warm-ups whose names and nicenesses come on standard input, and answer each with a line."""
    stands_back = 0
    for line in sys.stdin:
        name, niceness = line.split()
        if int(niceness) > stands_back and hasattr(os, "nice"):
            stands_back = int(niceness)
            os.nice(stands_back)
        run(name)
        print(flush=True)


def run(name: str) -> None:
    """Do a warm-up. What goes wrong there does so again, and is told, where it matters."""
    _doing.one = True
    collects = gc.isenabled()
    # Numba makes millions of objects: to look for cycles among them again and again is a sixth of the time.
    gc.disable()
    try:
        with suppress(Exception):
            _found(name)()
    finally:
        _doing.one = False
        if collects:
            gc.enable()


def announce(what: str, module: str, kernel: str) -> bool:
    """Say that something is about to be compiled, if it has not been before and nothing was said yet.

    The message is a warning of the logger ``foveal``, so that it is seen where no logging is set up.

    Parameters
    ----------
    what : str
        What the message calls it, ``"selective search"``.
    module, kernel : str
        A compiled function that is not used without the others.

    Returns
    -------
    bool
        Whether it has to be compiled.
    """
    # Several threads come to a kernel at once.
    with _lock:
        return _announced(what, module, kernel)


@cache
def _announced(what: str, module: str, kernel: str) -> bool:
    missing = not is_compiled(module, kernel)
    if missing:
        _say(what)
    return missing


def _say(what: str) -> None:
    if not _said:
        _said.append(what)
        logger.warning(
            "Compiling %s for this computer: %s, for up to ten seconds, longer while it is busy.%s",
            what,
            "anew in every process" if _not_kept else "once",
            _NOWHERE if _not_kept else "",
        )


def not_kept() -> None:
    """Remember that what is compiled cannot be kept; where nothing was said about compiling yet, it will be.

    Then processes share nothing, and none is started to compile for another.
    """
    if not _not_kept:
        _not_kept.append(True)
        if _said:
            logger.warning("It has been compiled.%s", _NOWHERE)


def is_compiled(module: str, kernel: str) -> bool:
    """Whether a function lies compiled on this computer, or in this process where nothing can be kept.

    Parameters
    ----------
    module, kernel : str
        As :func:`announce` takes them.

    Returns
    -------
    bool
    """
    compiled = getattr(import_module(module), kernel)
    if compiled.stats.cache_path is None:
        # It is kept nowhere but in this process.
        return bool(compiled.signatures)
    folder = Path(compiled.stats.cache_path)
    indices = list(folder.glob(f"{module.rpartition('.')[2]}.{kernel}-*.nbi"))
    try:
        # Numba has no public way to ask. Its index is of no use to another version or for another source.
        return bool(indices) and bool(compiled._cache._cache_file._load_index())
    except AttributeError:
        return bool(indices)
    except Exception:
        # It is damaged, and is made again.
        return False


_lock = threading.Lock()
_clock, _work = _Clock(), _Work()
_doing = threading.local()
_said: list[str] = []
_not_kept: list[bool] = []
_NOWHERE = " It cannot be kept: name a folder that can be written to, with room in it, in FOVEAL_CACHE."


@cache
def _listen() -> None:
    """Count what Numba compiles from now on."""
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: object) -> None:
            _clock.start()

        def on_end(self, event: object) -> None:
            _clock.stop()

    event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]


def _found(name: str) -> WarmUp:
    module, _, function = name.partition(":")
    return cast(WarmUp, getattr(import_module(module), function))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _may_share() -> bool:
    """Whether another process of this Python can be started; that of a packed program is the program."""
    if _not_kept:
        return False
    named = Path(sys.executable or "").stem.lower()
    return named.startswith("python") and not getattr(sys, "frozen", False)
