"""Saying that kernels are being compiled: the first call in a new installation takes some seconds."""

import logging
from functools import cache
from pathlib import Path

logger = logging.getLogger("foveal")


@cache
def announce() -> bool:
    """Say once in a process that selective search is about to be compiled, if it has not been before.

    The message is a warning of the logger ``foveal``, so that it is seen where no logging is set up.

    Returns
    -------
    bool
        Whether there was something to say.
    """
    from foveal.proposals import _grouping_kernels as kernels

    # Compiled code lies in files of this name, the index comes first; what is older than its source does not
    # count.
    source = Path(kernels.__file__).stat().st_mtime
    folder = Path(kernels.group.stats.cache_path or ".")
    if any(file.stat().st_mtime >= source for file in folder.glob("_grouping_kernels.group-*.nbi")):
        return False
    logger.warning("Compiling selective search for this computer: once, for ten to twenty seconds.")
    return True
