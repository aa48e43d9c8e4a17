"""First values of weights."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray


def uniform_fan_in(
    shape: tuple[int, ...], fan_in: int, random_state: int | np.random.Generator | None
) -> NDArray[np.float32]:
    """Draw from the uniform distribution within ``±1 / sqrt(fan_in)``, PyTorch's default (LeCun et al. 1998).

    Parameters
    ----------
    shape : tuple of int
    fan_in : int
        Inputs to one output; 0 gives zeros.
    random_state : int, Generator or None

    Returns
    -------
    ndarray of the shape, float32
    """
    bound = 1 / sqrt(fan_in) if fan_in else 0.0
    drawn: Any = np.random.default_rng(random_state).uniform(-bound, bound, shape)
    return np.asarray(drawn, np.float32)
