"""Saying that kernels are being compiled: the first call in a new installation takes some seconds."""

import logging
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

logger = logging.getLogger("foveal")


# Several threads come to a kernel at once.
_lock = Lock()


def announce(what: str, module: str, kernel: str) -> bool:
    """Say once in a process that something is about to be compiled, if it has not been before.

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
        Whether there was something to say.
    """
    with _lock:
        return _announced(what, module, kernel)


@cache
def _announced(what: str, module: str, kernel: str) -> bool:
    if is_compiled(module, kernel):
        return False
    logger.warning(
        "Compiling %s for this computer: once, for ten to twenty seconds, longer while it is busy.", what
    )
    return True


def is_compiled(module: str, kernel: str) -> bool:
    """Whether a function lies compiled on this computer.

    Parameters
    ----------
    module, kernel : str
        As :func:`announce` takes them.

    Returns
    -------
    bool
    """
    kernels = import_module(module)
    # Compiled code lies in files of this name, the index comes first; what is older than its source does not
    # count.
    source = Path(str(kernels.__file__)).stat().st_mtime
    folder = Path(getattr(kernels, kernel).stats.cache_path or ".")
    indices = folder.glob(f"{module.rpartition('.')[2]}.{kernel}-*.nbi")
    return any(file.stat().st_mtime >= source for file in indices)
