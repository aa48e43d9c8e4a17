"""A method of proposing regions as a part of a detector: trained before it, kept in its model file."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from foveal.data.dataset import Dataset
from foveal.events import Callbacks
from foveal.models.detection.region_proposals import proposer_for
from foveal.proposals import Proposer
from foveal.proposals.restoring import proposer_from_config

# What a method has learnt is kept under this name and a dot.
_PREFIX = "proposals."


def trained_proposer(
    proposals: Proposer | str, dataset: Dataset, random_state: int = 0, callbacks: Callbacks = ()
) -> Proposer:
    """A detector's method of proposing; a region proposal network that is not trained yet learns first.

    The parameter stays as the user made it.

    Parameters
    ----------
    proposals : Proposer or str
        See :func:`foveal.models.detection.region_proposals.proposer_for`.
    dataset : Dataset
        What the detector learns from.
    random_state : int, default=0
        Of a network that is asked for by a word.
    callbacks : sequence of callables

    Returns
    -------
    Proposer

    Raises
    ------
    SettingError
        If ``proposals`` is no method.
    """
    proposer: Any = proposer_for(proposals)
    if getattr(proposer, "is_fitted", True):
        return proposer  # type: ignore[no-any-return]
    if isinstance(proposals, str):
        proposer.set_params(random_state=random_state)
    return clone(proposer).fit(dataset, callbacks=callbacks)  # type: ignore[no-any-return]


def proposer_arrays(proposer: Proposer) -> dict[str, NDArray[Any]]:
    """What a method has learnt, as arrays for the detector's model file; most have learnt nothing.

    Examples
    --------
    >>> proposer_arrays(proposer_for("single"))
    {}
    """
    learnt = getattr(proposer, "arrays", None)
    return {} if learnt is None else {_PREFIX + name: value for name, value in learnt().items()}


def restore_proposer(config: Mapping[str, Any], arrays: Mapping[str, NDArray[np.generic]]) -> Proposer:
    """A method from what its ``get_config`` gave and the arrays of the detector's model file.

    Raises
    ------
    ModelFileError
        If the kind is unknown to this version.

    Examples
    --------
    >>> restore_proposer(proposer_for("single").get_config(), {}).mode
    'single'
    """
    if config.get("kind") == "rpn":
        from foveal.models.detectors.rpn import RPN

        own = {
            name.removeprefix(_PREFIX): value for name, value in arrays.items() if name.startswith(_PREFIX)
        }
        return RPN._restore(own, config)
    return proposer_from_config(dict(config))
