"""Methods of proposing regions as parts of a detector: made from a name, trained, kept in its model file."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from foveal.data.dataset import Dataset
from foveal.errors import SettingError
from foveal.events import Callbacks
from foveal.proposals import Proposer, SelectiveSearch
from foveal.proposals.restoring import proposer_from_config

# What a method has learnt is kept under this name and a dot.
_PREFIX = "proposals."


def make_proposer(proposals: Proposer | str) -> Proposer:
    """A method of proposing regions from a detector's parameter.

    Parameters
    ----------
    proposals : Proposer or str
        A method itself, a mode of selective search, or ``"rpn"`` for a region proposal network that is still
        to be trained.

    Raises
    ------
    SettingError
        If it is none of these.

    Examples
    --------
    >>> make_proposer("single").mode
    'single'
    """
    if proposals == "rpn":
        from foveal.models.rpn import RPN

        return RPN()
    if isinstance(proposals, str):
        return SelectiveSearch(mode=proposals)
    if not isinstance(proposals, Proposer):
        raise SettingError(
            f'proposals is a mode of selective search, "rpn", or has a method propose; got {proposals!r}.'
        )
    return proposals


def trained_proposer(
    proposals: Proposer | str, dataset: Dataset, *, random_state: int = 0, callbacks: Callbacks = ()
) -> Proposer:
    """The method of :func:`make_proposer`; a region proposal network that is not trained yet learns first.

    The parameter stays as the user made it.

    Parameters
    ----------
    proposals : Proposer or str
    dataset : Dataset
        What the detector learns from.
    random_state : int, default=0
        Of a network that is asked for by name.
    callbacks : sequence of callables
    """
    proposer: Any = make_proposer(proposals)
    if getattr(proposer, "is_fitted", True):
        return proposer  # type: ignore[no-any-return]
    if isinstance(proposals, str):
        proposer.set_params(random_state=random_state)
    return clone(proposer).fit(dataset, callbacks=callbacks)  # type: ignore[no-any-return]


def proposer_arrays(proposer: Proposer) -> dict[str, NDArray[Any]]:
    """What a method has learnt, as arrays for the detector's model file; most have learnt nothing."""
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
    >>> restore_proposer(SelectiveSearch("single").get_config(), {}).mode
    'single'
    """
    if config.get("kind") == "rpn":
        from foveal.models.rpn import RPN

        own = {
            name.removeprefix(_PREFIX): value for name, value in arrays.items() if name.startswith(_PREFIX)
        }
        return RPN._restore(own, config)
    return proposer_from_config(dict(config))
