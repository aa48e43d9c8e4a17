"""Whether a gradient is right, by finite differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def gradient_check(
    function: Callable[[NDArray[np.float64]], tuple[float, NDArray[Any]]],
    x: ArrayLike,
    *,
    step: float = 1e-6,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    max_elements: int | None = None,
    random_state: int | np.random.Generator | None = 0,
) -> float:
    """Compare a function's gradient with central differences, in float64.

    Parameters
    ----------
    function : callable
        Takes ``x`` and returns the value, a float, and the gradient, of the shape of ``x``.
    x : array-like
        Where to check. Keep it away from kinks (a rectifier's 0, two equal values under a maximum).
    step : float, default=1e-6
        Half the distance of the two points of a difference.
    rtol, atol : float
        The gradient ``g`` agrees with the difference ``d`` where ``|g - d| <= atol + rtol |d|``.
    max_elements : int, optional
        Check so many elements of ``x``, drawn at random, instead of all.
    random_state : int, Generator or None, default=0

    Returns
    -------
    float
        The largest absolute difference.

    Raises
    ------
    AssertionError
        If an element does not agree; the message names the worst one.
    ValueError
        If the gradient's shape is not that of ``x``.

    Examples
    --------
    >>> gradient_check(lambda x: (float((x**2).sum()), 2 * x), [1.0, -3.0]) < 1e-7
    True
    """
    x = np.array(x, np.float64)
    gradient = np.array(function(x)[1], np.float64)
    if gradient.shape != x.shape:
        raise ValueError(f"The gradient's shape is {gradient.shape}, that of x is {x.shape}.")
    chosen = np.arange(x.size)
    if max_elements is not None and max_elements < x.size:
        chosen = np.random.default_rng(random_state).choice(x.size, max_elements, replace=False)
    differences = np.empty(len(chosen))
    for place, i in enumerate(chosen):
        where = np.unravel_index(i, x.shape)
        values = []
        for move in (step, -step):
            moved = x.copy()
            moved[where] += move
            values.append(float(function(moved)[0]))
        differences[place] = (values[0] - values[1]) / (2 * step)
    errors = np.abs(gradient.reshape(-1)[chosen] - differences)
    wrong = errors - (atol + rtol * np.abs(differences))
    if np.isnan(errors).any() or (wrong > 0).any():
        worst = int(np.argmax(np.where(np.isnan(errors), np.inf, wrong)))
        index = tuple(int(i) for i in np.unravel_index(chosen[worst], x.shape))
        raise AssertionError(
            f"The gradient at {index} is {gradient[index]:.9g}; "
            f"central differences give {differences[worst]:.9g}."
        )
    return float(errors.max(initial=0.0))
