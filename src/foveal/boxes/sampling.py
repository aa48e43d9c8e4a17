"""A draw of foreground and background in proportion."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foveal.boxes.matching import BACKGROUND


def sample(
    indices: ArrayLike,
    size: int,
    *,
    foreground_fraction: float = 0.25,
    random_state: int | np.random.Generator | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw some foreground and some background boxes, without replacement.

    Parameters
    ----------
    indices : array-like of shape (N,), int
        ``Matches.indices``: at least 0 is foreground, -1 background; anything else is never drawn.
    size : int
        How many to draw together.
    foreground_fraction : float, default=0.25
        At most this part of ``size``, rounded to the nearest whole number, is foreground. Where there is less
        foreground, background fills the rest; where there is less background, the draw is smaller.
    random_state : int, numpy.random.Generator or None
        Seeds the draw. A generator goes on from where it is.

    Returns
    -------
    foreground, background : ndarray of int64
        Positions in ``indices``, ascending.

    Raises
    ------
    ValueError
        If ``indices`` is not one-dimensional, ``size`` is negative or ``foreground_fraction`` is
        outside [0, 1].

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015, section 2.3: 25 % of each mini-batch is foreground.

    Examples
    --------
    >>> foreground, background = sample([0, -1, -1, 2, -2, -1], 4, foreground_fraction=0.5, random_state=0)
    >>> foreground
    array([0, 3])
    >>> len(background)
    2
    """
    matched = np.asarray(indices)
    if matched.ndim != 1:
        raise ValueError(f"indices must have the shape (N,), not {matched.shape}.")
    if size < 0:
        raise ValueError(f"size must not be negative, not {size}.")
    if not 0 <= foreground_fraction <= 1:
        raise ValueError(f"foreground_fraction must be between 0 and 1, not {foreground_fraction}.")
    generator = np.random.default_rng(random_state)
    foreground = np.flatnonzero(matched >= 0)
    background = np.flatnonzero(matched == BACKGROUND)
    foreground = _draw(foreground, round(size * foreground_fraction), generator)
    background = _draw(background, size - len(foreground), generator)
    return foreground, background


def _draw(positions: NDArray[np.int64], size: int, generator: np.random.Generator) -> NDArray[np.int64]:
    if len(positions) <= size:
        return positions
    return np.sort(generator.choice(positions, size, replace=False))
