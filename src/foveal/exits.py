"""How the program ends when it is told to: within two seconds, in order, with one sentence.

Ctrl-C, SIGTERM and a terminal that is closed raise :class:`Stopped` in the main thread, so that whatever is
under way puts itself in order. Compiled code does not hear of it until it returns, and threads are waited
for: where that takes longer than :data:`GRACE`, or the signal comes again, another thread undoes what must
not stay behind and ends the process there and then. Nothing is lost by that, since files are written whole
or not at all. Neither way goes through Python's own end: threads in compiled code would abort it.

Only the program does this (:func:`program`): a library leaves signals to whoever uses it.
"""

import atexit
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

#: Seconds that the work has to put itself in order.
GRACE = 1.2

# A signal that comes again so soon is the same: some programs send it to a process and to its group.
_SAME = 0.3

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """The program was told to stop; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class _Ending:
    """What is known of the end of this process."""

    def __init__(self) -> None:
        # The signal that ends it, whether the main thread has heard of it, and when it came.
        self.number, self.raised, self.since = 0, False, 0.0
        self.process = os.getpid()
        # Signals are old news until then.
        self.deaf_until = 0.0
        # Of a command that has come to its end.
        self.status: int | None = None
        self.sentence: str | Callable[[], str] = "Nothing was begun: give the command again."
        self.told = False
        self.undone: dict[object, Callable[[], object]] = {}
        self.lock = threading.Lock()


_ending = _Ending()


@contextmanager
def undoing(undo: Callable[[], object]) -> Iterator[None]:
    """Have something undone if the process is ended inside the block without leaving it.

    Parameters
    ----------
    undo : callable
        It may be called by any thread, whatever the state of the block.

    Examples
    --------
    >>> with undoing(lambda: print("removed")):
    ...     pass
    """
    key = undo_at_end(undo)
    try:
        yield
    finally:
        _ending.undone.pop(key, None)


def undo_at_end(undo: Callable[[], object]) -> object:
    """Have something undone if the process is ended, from now on, but not in order; see :func:`undoing`."""
    key = object()
    _ending.undone[key] = undo
    return key


def goes_on_by(sentence: str | Callable[[], str]) -> None:
    """Tell what is to be said where the program is stopped from now on: what is kept, and how to go on.

    Parameters
    ----------
    sentence : str or callable
        A callable gives the sentence when it is time; any thread may ask it.
    """
    _ending.sentence, _ending.told = sentence, False


def how_to_go_on() -> str:
    """What :func:`goes_on_by` was told last; empty where it cannot be said."""
    with suppress(Exception):
        return _ending.sentence if isinstance(_ending.sentence, str) else _ending.sentence()
    return ""


def answered() -> None:
    """Go on: the signal was what the work waited for, as that of a camera does."""
    _ending.number, _ending.raised, _ending.since = 0, False, 0.0
    _ending.deaf_until = time.monotonic() + _SAME


def stopping() -> bool:
    """Whether a signal has come that ends the program."""
    return bool(_ending.number)


def status() -> int:
    """The exit status of a program that was stopped: 128 and the signal's number; 130 of Ctrl-C."""
    return 128 + (_ending.number or int(signal.SIGINT))


def tell() -> None:
    """Say on standard error, once, that the program was stopped, and how to go on."""
    with suppress(Exception):
        if text := _farewell():
            sys.stderr.write(text)
            sys.stderr.flush()


def _farewell() -> str:
    with _ending.lock:
        if _ending.told:
            return ""
        _ending.told = True
    return f"foveal: stopped. {how_to_go_on()}".rstrip() + "\n"


def program(command: Callable[[], object]) -> None:
    """Run a command of the command line to its end, or until a signal stops it.

    Parameters
    ----------
    command : callable
        It ends by returning or by SystemExit.

    Raises
    ------
    SystemExit
        With the command's status. Where the command was stopped, the process ends here.
    """
    _listen()
    _stand_closed_pipes()
    code: Any = 0
    try:
        command()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = status()
    if stopping():
        tell()
        with suppress(Exception):
            sys.stdout.flush()
        _end()
    code = _flushed(code if isinstance(code, int) else int(code is not None))
    # All is done: what comes now does not stop it any more.
    _ending.status = code
    raise SystemExit(code)


def _listen() -> None:
    """Let signals stop the program, whatever its main thread is at."""
    numbers = [int(getattr(signal, name)) for name in _SIGNALS if hasattr(signal, name)]
    # Whoever starts a program in the background, and nohup, have it ignore some.
    numbers = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    reader, writer = os.pipe()
    with suppress(OSError, AttributeError):
        os.set_blocking(writer, False)
    # Python writes the number there at once; its own handlers wait for the main thread.
    _wake(writer)
    threading.Thread(target=_watch, args=(reader, numbers), name="foveal-signals", daemon=True).start()
    for number in numbers:
        signal.signal(number, _heard)
    # It is called last. Python gives up its handlers then, and a signal would end what has ended in order.
    atexit.register(_turn_deaf, numbers)
    if hasattr(os, "register_at_fork"):
        # What the child hears before it has forgotten must not be taken for the parent's.
        os.register_at_fork(
            before=lambda: _wake(-1), after_in_parent=lambda: _wake(writer), after_in_child=_forget
        )
    printed = sys.unraisablehook

    def unraisable(what: Any) -> None:
        # Python prints what comes inside a destructor, and goes on.
        if not (what.exc_type and issubclass(what.exc_type, KeyboardInterrupt)):
            printed(what)

    sys.unraisablehook = unraisable


def _wake(writer: int) -> None:
    with suppress(ValueError, OSError):  # in another thread than the main one
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def _turn_deaf(numbers: list[int]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def _forget() -> None:
    """In the child of a fork: what it hears is not its parent's, nor what it leaves behind."""
    for name in _SIGNALS:
        if (number := getattr(signal, name, None)) and signal.getsignal(number) is _heard:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    _ending.undone.clear()


def _heard(number: int, frame: object) -> None:
    if os.getpid() != _ending.process:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    if _ending.status is not None:
        os._exit(_ending.status)
    if not _ending.raised and time.monotonic() >= _ending.deaf_until:
        _ending.number, _ending.raised = _ending.number or number, True
        raise Stopped(number)


def _watch(reader: int, numbers: list[int]) -> None:
    """End the process where its main thread does not: some time after a signal, or when it comes again."""
    while True:
        came = [number for number in os.read(reader, 64) if number in numbers]
        now = time.monotonic()
        if not came or now < _ending.deaf_until:
            continue
        if _ending.status is not None:
            os._exit(_ending.status)
        if not _ending.since:
            _ending.number, _ending.since = _ending.number or came[0], now
            threading.Thread(target=_wait, args=(now,), name="foveal-signals", daemon=True).start()
        elif now - _ending.since > _SAME:
            _end()


def _wait(since: float) -> None:
    time.sleep(GRACE)
    if _ending.since == since:
        _end()


_ended = threading.Lock()


def _end() -> None:
    """End the process, whatever it is at: no destructor and no other thread is waited for."""
    if not _ended.acquire(blocking=False):
        # Another thread is at it.
        time.sleep(GRACE)
    for undo in list(_ending.undone.values()):
        with suppress(Exception):
            undo()
    text = _farewell()
    with suppress(OSError):
        if os.isatty(2):
            # A bar may be there, and the cursor hidden.
            text = f"\r\x1b[K\x1b[?25h{text}"
        os.write(2, text.encode("utf-8", "backslashreplace"))
    os._exit(status())


def _flushed(code: int) -> int:
    """The status once all that was printed is out; Python itself would print a traceback and end with 120."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        sys.stdout = None
        if code != 2:  # then it has been said
            with suppress(Exception):
                sys.stderr.write(f"foveal: Standard output cannot be written: {error.strerror}.\n")
        return 2
    except ValueError:  # it is closed
        pass
    return code


class _Pipe(io.FileIO):
    """Standard output or error, whose reader may go away while the work goes on."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return super().write(content)


def _stand_closed_pipes() -> None:
    """Let it be no error where whoever reads what is printed has seen enough, such as ``head``."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
            words = {"encoding": stream.encoding, "errors": stream.errors}
            buffer = io.BufferedWriter(_Pipe(stream.fileno(), "w", closefd=False))
            lines = {"line_buffering": stream.line_buffering, "write_through": stream.write_through}
            setattr(sys, name, io.TextIOWrapper(buffer, **words, **lines))  # type: ignore[arg-type]
