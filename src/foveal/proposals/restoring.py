"""Methods of proposing regions from the settings that a model file keeps."""

from collections.abc import Callable
from typing import Any

from foveal.files.container import restore
from foveal.proposals.proposal import Proposer
from foveal.proposals.selective_search import SelectiveSearch
from foveal.proposals.sliding_window import SlidingWindow

_KINDS: dict[Any, Callable[..., Proposer]] = {
    "selective-search": SelectiveSearch,
    "sliding-window": SlidingWindow,
}


def proposer_from_config(config: dict[str, Any]) -> Proposer:
    """Make a method of proposing regions from what its ``get_config`` gave; see `foveal.files.restore`.

    Examples
    --------
    >>> proposer_from_config({"kind": "sliding-window", "stride": 0.5}).stride
    0.5
    """
    return restore(config, _KINDS, "proposals")
