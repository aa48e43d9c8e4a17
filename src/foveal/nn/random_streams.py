"""Random numbers that depend on a seed and a step, and on nothing that came before.

A training that is resumed at a step draws there what it would have drawn had it never stopped.
"""

import numpy as np

from foveal.nn.module import Module


def seed_of(random_state: int | np.random.Generator | None) -> int:
    """A number from 0 to begin streams of random numbers with.

    Raises
    ------
    ValueError
        If it is a number below 0.

    Examples
    --------
    >>> seed_of(3), seed_of(np.random.default_rng(0)) == seed_of(np.random.default_rng(0))
    (3, True)
    """
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**63))
    if random_state is None:
        return int(np.random.default_rng().integers(2**63))
    if random_state < 0:
        raise ValueError(f"random_state is {random_state}; give a number from 0.")
    return int(random_state)


def seed_layers(network: Module, seed: int, step: int) -> None:
    """Give each layer that draws (dropout) the generator of this step.

    What draws is a module with an attribute ``generator``; its place among the modules tells its stream
    from the others'.
    """
    for place, module in enumerate(network.modules()):
        if hasattr(module, "generator"):
            module.generator = np.random.default_rng([seed, step, place])
