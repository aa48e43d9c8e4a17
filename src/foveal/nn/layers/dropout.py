"""The dropout layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.nn import functional as F  # noqa: N812
from foveal.nn.module import Module


class Dropout(Module):
    """In training, sets elements to 0 at random and scales the others up; in use the identity.

    Parameters
    ----------
    p : float, default=0.5
        The probability of an element's being set to 0.
    random_state : int, Generator or None

    Attributes
    ----------
    generator : Generator
        What is drawn from. A training loop may set it before every step.

    Raises
    ------
    ValueError
        If ``p`` is no probability.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov 2014, "Dropout".

    Examples
    --------
    >>> layer = Dropout(0.5, random_state=0)
    >>> sorted(set(layer(np.ones((4, 4))).ravel().tolist()))
    [0.0, 2.0]
    >>> layer.eval()(np.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    shown = ("p",)

    def __init__(self, p: float = 0.5, *, random_state: int | np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p of Dropout is a probability, not {p}.")
        self.p = p
        self.generator = np.random.default_rng(random_state)

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """See :func:`foveal.nn.functional.dropout`."""
        if not self.training or self.p == 0:
            self.save(None)
            return x
        y, kept = F.dropout(x, self.p, self.generator)
        self.save(kept)
        return y

    def backward(self, grad: NDArray[Any], *, needs_input_grad: bool = True) -> NDArray[Any] | None:
        """See :func:`foveal.nn.functional.dropout_backward`."""
        (kept,) = self.saved()
        if not needs_input_grad:
            return None
        return grad if kept is None else F.dropout_backward(grad, kept, self.p)
